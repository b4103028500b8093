import assert from 'node:assert/strict'
import {
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { independentInfoHash } from '../../../support/decode-torrent.js'
import { readFeed } from '../../../support/feed.js'
import { Mirror } from '../../../support/mirror.js'
import { assertStatus, runBtkit } from '../../../support/run-btkit.js'
import { plantFiles } from '../../../support/scratch.js'
import { singleFileInfo, torrentOf, TRACKER } from '../../../support/torrents.js'

const URL = 'https://m.example/t'

/** A mirror with the path of its feed, and the options for it. */
function makePlace(t: ConstructorParameters<typeof Mirror>[0], files = {}) {
  const mirror = new Mirror(t, files)
  const path = join(mirror.root, 'feed.xml')
  const args = ['--feed', path, '--feed-url', URL]
  const items = () => readFeed(readFileSync(path))
  return { mirror, path, args, items, titles: () => items().map(({ title }) => title) }
}

/** Sets the time of a torrent, in seconds since 1970. */
function setTime(mirror: Mirror, name: string, time: number): void {
  utimesSync(mirror.torrent(name), time, time)
}

test('a subscriber finds the torrents of a run, and then the new one first', async (t) => {
  const { mirror, args, items, titles } = makePlace(t, { 'a b.iso': 'hello', 'dir/x': 'x' })
  await mirror.report(args)
  const item = items().find(({ title }) => title === 'a b.iso')!
  const torrent = readFileSync(mirror.torrent('a b.iso'))
  const infoHash = independentInfoHash(torrent)
  assert.deepEqual(item, {
    title: 'a b.iso',
    link: `${URL}/a%20b.iso.torrent`,
    guid: `${URL}/a%20b.iso.torrent#${infoHash}`,
    pubDate: new Date(statSync(mirror.torrent('a b.iso')).mtimeMs).toUTCString(),
    url: `${URL}/a%20b.iso.torrent`,
    length: torrent.length,
    infoHash: infoHash.toUpperCase(),
    contentLength: 5,
  })
  assert.deepEqual(titles().sort(), ['a b.iso', 'dir'])
  setTime(mirror, 'a b.iso', 1e9)
  setTime(mirror, 'dir', 1e9 + 1)
  plantFiles(mirror.source, { new: 'new' })
  await mirror.report(args)
  assert.deepEqual(titles(), ['new', 'dir', 'a b.iso'])
})

test('a directory that cannot be read leaves the feed as it was', async (t) => {
  const { mirror, args, titles } = makePlace(t, { a: 'hello' })
  await mirror.report(args)
  renameSync(mirror.source, `${mirror.source}.away`)
  assertStatus(await mirror.run(args), 1)
  assert.deepEqual(titles(), ['a'])
})

test('a feed lists the hundred newest torrents', async (t) => {
  const names = Array.from({ length: 250 }, (_, i) => `f${i}`)
  const { mirror, args, path, titles } = makePlace(
    t,
    Object.fromEntries(names.map((name) => [name, name])),
  )
  await mirror.report()
  names.forEach((name, i) => {
    setTime(mirror, name, 1e9 + i)
  })
  const newest = names.toReversed().slice(0, 100)
  assert.equal((await mirror.report(args)).unchanged, 250)
  assert.deepEqual(titles(), newest)
  rmSync(path)
  plantFiles(mirror.source, { new: 'new' })
  assert.equal((await mirror.report(args)).created.length, 1)
  assert.deepEqual(titles(), ['new', ...newest.slice(0, 99)])
})

test('the feed of a tree has the paths of its torrents', async (t) => {
  const { mirror, args, items } = makePlace(t, { a: 'a', 'x/y/b': 'b', 'x/c.tmp': 'c' })
  await mirror.report(['--recursive', '--exclude', '*.tmp', ...args])
  const links = items().map(({ title, link }) => [title, link])
  assert.deepEqual(links.sort(), [
    ['a', `${URL}/a.torrent`],
    ['x/y/b', `${URL}/x/y/b.torrent`],
  ])
})

test('a run that changes nothing leaves the feed alone, and reads no torrent', async (t) => {
  const { mirror, args: given, path } = makePlace(t, { a: 'a', "'é &%2f": 'b' })
  const args = [...given, '--feed-url', `${URL}/'&/`]
  await mirror.report(args)
  // A run that wrote it again would write something else
  writeFileSync(path, readFileSync(path, 'utf8').replace('<title>a<', '<title>z<'))
  const before = statSync(path, { bigint: true })
  await mirror.report(args)
  assert.equal(statSync(path, { bigint: true }).mtimeNs, before.mtimeNs)
  assert.match(readFileSync(path, 'utf8'), /<title>z</)
})

test('a feed that would be the same is not written again', async (t) => {
  const { mirror, args, path } = makePlace(t, { a: 'a' })
  await mirror.report(args)
  utimesSync(path, 1e9, 1e9)
  await mirror.report(args)
  assert.equal(statSync(path).mtimeMs, 1e12)
})

test('a run without changes writes a feed that is missing, outdated, or for another URL', async (t) => {
  const { mirror, args, path, items, titles } = makePlace(t, { a: 'a' })
  await mirror.report()
  await mirror.report(args)
  assert.deepEqual(titles(), ['a'])
  await mirror.report([...args, '--feed-url', 'https://n.example/'])
  assert.equal(items()[0]!.link, 'https://n.example/a.torrent')
  // A run that was killed before it could write the feed
  plantFiles(mirror.source, { b: 'b' })
  await mirror.report()
  utimesSync(path, 1e9, 1e9)
  await mirror.report(args)
  assert.deepEqual(titles().sort(), ['a', 'b'])
})

/** Ways in which a torrent goes. */
const REMOVALS: Readonly<Record<string, (mirror: Mirror) => unknown>> = {
  'this run': () => undefined,
  'a run without the feed': (mirror) => mirror.report(['--prune']),
  somebody: (mirror) => {
    rmSync(mirror.torrent('a'))
  },
}

for (const [who, remove] of Object.entries(REMOVALS)) {
  test(`a torrent that ${who} removed is no longer in the feed`, async (t) => {
    const { mirror, args, titles } = makePlace(t, { a: 'a', b: 'b' })
    await mirror.report(args)
    rmSync(mirror.at('a'))
    await remove(mirror)
    await mirror.report(['--prune', ...args])
    assert.deepEqual(titles(), ['b'])
  })
}

test('a feed has no torrents of other programs, and none of skipped entries', async (t) => {
  const { mirror, args, titles } = makePlace(t, { a: 'a', b: 'b' })
  writeFileSync(mirror.torrent('b'), torrentOf(singleFileInfo(), { 'created by': 'other' }))
  await mirror.report(args)
  assert.deepEqual(titles(), ['a'])
})

test('a feed lists a torrent again that a run left alone and the next finds current', async (t) => {
  const { mirror, args, titles } = makePlace(t, { a: 'a', b: 'b' })
  await mirror.report(args)
  const torrent = readFileSync(mirror.torrent('b'))
  writeFileSync(mirror.torrent('b'), torrentOf(singleFileInfo({ name: 'b' })))
  plantFiles(mirror.source, { c: 'c' })
  await mirror.report(args)
  assert.deepEqual(titles().sort(), ['a', 'c'])
  writeFileSync(mirror.torrent('b'), torrent)
  setTime(mirror, 'b', 1e9)
  assert.equal((await mirror.report(args)).unchanged, 3)
  assert.deepEqual(titles().sort(), ['a', 'b', 'c'])
})

test('a feed has the info hash of version 2 as clients ask for it', async (t) => {
  const { mirror, args, items } = makePlace(t, { a: 'a' })
  const { created } = await mirror.report(['--v2', ...args])
  const infoHash = created[0]!.infoHashV2!.slice(0, 40)
  assert.deepEqual(
    [items()[0]!.infoHash, items()[0]!.guid],
    [infoHash.toUpperCase(), `${URL}/a.torrent#${infoHash}`],
  )
})

test('a feed has no private torrents', async (t) => {
  const { mirror, args, titles } = makePlace(t, { a: 'a' })
  await mirror.report(['--private'])
  plantFiles(mirror.source, { b: 'b' })
  await mirror.report(args)
  assert.deepEqual(titles(), ['b'])
})

test('a feed beside the entries is no content', async (t) => {
  const { mirror } = makePlace(t, { a: 'a', 'dir/x': 'x' })
  const run = (feed: string) => {
    const places = ['--cache-dir', mirror.cache, '--state-dir', mirror.state]
    const args = ['--feed', mirror.at(feed), '--feed-url', URL, ...places]
    return runBtkit(['completedir', TRACKER, mirror.source, ...args])
  }
  for (const feed of ['feed.xml', 'dir/feed.xml']) {
    assert.equal((await run(feed)).status, 0)
    const { stdout } = await run(feed)
    assert.match(stdout, /created 0, updated 0, unchanged 2,/)
    rmSync(mirror.at(feed))
  }
})

test('a dry run writes no feed', async (t) => {
  const { mirror, args, path } = makePlace(t, { a: 'a' })
  await mirror.report(['--dry-run', ...args])
  assert.equal(existsSync(path), false)
})

test('--on-change can upload the feed', async (t) => {
  const { mirror, args, path } = makePlace(t, { a: 'a' })
  const copy = join(mirror.root, 'copy.xml')
  await mirror.report([...args, '--on-change', `cp '${path}' '${copy}'`])
  assert.deepEqual(readFileSync(copy), readFileSync(path))
})

test('a file of something else is kept, and nothing is done', async (t) => {
  const { mirror, args, path } = makePlace(t, { a: 'a' })
  writeFileSync(path, 'precious')
  const { status, stderr } = await mirror.run(args)
  assert.deepEqual([status, mirror.list()], [1, []])
  assert.match(stderr, /^btkit: --feed: .*feed\.xml: is not a feed of torrents; name another\n$/)
  assert.equal(readFileSync(path, 'utf8'), 'precious')
})

test('--feed and --feed-url need each other, and one directory of torrents', async (t) => {
  const { mirror, args, path } = makePlace(t, { 'a/x': 'x', 'b/y': 'y' })
  const refused = async (...given: string[]) => {
    const { stderr } = assertStatus(await runBtkit(['completedir', TRACKER, ...given]), 2)
    return stderr
  }
  const { source } = mirror
  assert.match(await refused(source, '--feed', path), /--feed needs --feed-url, the URL of/)
  assert.match(await refused(source, '--feed-url', URL), /--feed-url needs --feed, the file/)
  assert.match(
    await refused(mirror.at('a'), mirror.at('b'), ...args),
    /--feed: the torrents of several directories need one --output/,
  )
})
