import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { decodeTorrent, independentInfoHash } from '../../support/decode-torrent.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { assertError, assertQuiet, runBtkit } from '../../support/run-btkit.js'
import { makeScratch } from '../../support/scratch.js'
import { serveMirror } from '../../support/serve.js'
import { ask } from '../ask.js'
import { until } from '../../support/until.js'
import { TRACKER } from '../../support/torrents.js'

const CONTENT = pseudoRandom(300_000, 7)
const FILES = { 'pub/a.iso': CONTENT, 'pub/.b.iso': pseudoRandom(1000, 8) }
const OWN = ['http://own.example/announce', '-w', 'http://seed.example/', '--no-date']

/** A mirror, and a directory of torrents for it. */
async function serveWith(t: TestContext, args: readonly string[] = []) {
  const root = makeScratch(t, FILES)
  const torrents = makeScratch(t)
  mkdirSync(join(torrents, 'pub'))
  const served = await serveMirror(t, { root, args: ['--torrents', torrents, ...args] })
  const make = async (place: string, options: readonly string[] = [], source = 'pub/a.iso') => {
    const target = join(torrents, place)
    const make = ['makemetafile', join(root, source), ...OWN, '--target', target]
    assertQuiet(await runBtkit([...make, '--no-cache', '--quiet', ...options]))
    return readFileSync(target)
  }
  const get = async (view: string) => (await ask(served.port, `/pub/a.iso${view}`)).body
  return { ...served, root, torrents, make, get }
}

test('each of two torrents of one name that do not match their file is named by its place', async (t) => {
  const { root, torrents, make, get, stderr } = await serveWith(t)
  mkdirSync(join(root, 'other'))
  writeFileSync(join(root, 'other/a.iso'), pseudoRandom(CONTENT.length, 9))
  for (const place of ['pub/a.iso.torrent', 'a.iso.torrent']) await make(place, [], 'other/a.iso')
  await get('.torrent')
  for (const place of ['pub/a.iso.torrent', 'a.iso.torrent']) {
    const line = `${join(torrents, place)}: ignored: its pieces do not match the file\n`
    assert.equal(stderr.text.split(line).length, 2, stderr.text)
  }
})

test('a torrent of 16 MiB is served, and a larger one is not', async (t) => {
  const { torrents, make, get, stderr } = await serveWith(t)
  const bytes = await make('pub/a.iso.torrent')
  const at = bytes.indexOf('10:created by')
  const withComment = (size: number) => {
    const length = size - bytes.length - '7:comment'.length - '12345678:'.length
    const comment = Buffer.from(`7:comment${length}:${'x'.repeat(length)}`)
    return Buffer.concat([bytes.subarray(0, at), comment, bytes.subarray(at)])
  }
  const largest = withComment(16 * 2 ** 20)
  writeFileSync(join(torrents, 'pub/a.iso.torrent'), largest)
  assert.ok((await get('.torrent')).equals(largest))
  assert.equal(stderr.text, '')
  writeFileSync(join(torrents, 'pub/a.iso.torrent'), withComment(16 * 2 ** 20 + 1))
  await until('the larger one is told', async () => {
    return (await get('.torrent')).length < 10_000 && /at most 16 MiB/.test(stderr.text)
  })
})

for (const [place, options] of [
  ['pub/a.iso.torrent', []],
  ['a.iso.torrent', ['-l', '18']],
  ['pub/a.iso.torrent', ['--hybrid', '-s', 'tag']],
  ['pub/a.iso.torrent', ['--v2']],
] as const) {
  test(`${place} made with '${options.join(' ')}' is served in all views`, async (t) => {
    const { make, get } = await serveWith(t)
    const bytes = await make(place, options)
    assert.ok((await get('.torrent')).equals(bytes))
    const magnet = String(await get('?magnet'))
    assert.match(magnet, /tr=http%3A%2F%2Fown\.example%2Fannounce/)
    assert.match(magnet, /ws=http%3A%2F%2Fseed\.example/)
    assert.doesNotMatch(magnet, /tracker\.example/)
    const hash = String(await get('.btih')).trim()
    if (!options.includes('--v2' as never)) assert.equal(hash, independentInfoHash(bytes))
    assert.ok(magnet.includes(hash.length === 40 ? `btih:${hash}` : `btmh:1220${hash}`))
    const pieces = /<pieces length="(\d+)"/.exec(String(await get('.meta4')))
    const length = decodeTorrent(bytes).info['piece length']
    if (!options.includes('--v2' as never)) assert.equal(Number(pieces?.[1]), length)
  })
}

test('new, changed and removed torrents are noticed', async (t) => {
  const { make, get, torrents, port } = await serveWith(t)
  const own = await get('.torrent')
  const first = await make('a.iso.torrent')
  const isNow = async (bytes: Uint8Array) => (await get('.torrent')).equals(bytes)
  await until('it is that one', () => isNow(first))
  const { headers } = await ask(port, '/pub/a.iso.torrent')
  const second = await make('a.iso.torrent', ['-l', '17', '--force'])
  await until('it is that one', () => isNow(second))
  rmSync(join(torrents, 'a.iso.torrent'))
  await until('it is that one', () => isNow(own))
  const since = { 'If-None-Match': headers.etag! }
  assert.equal((await ask(port, '/pub/a.iso.torrent', { headers: since })).status, 200)
})

test('if a version is named, only a torrent of that version is served', async (t) => {
  const { make, get } = await serveWith(t)
  const bytes = await make('a.iso.torrent', ['--hybrid'])
  assert.ok((await get('?torrent&hybrid')).equals(bytes))
  assert.ok(!(await get('?torrent&v2')).equals(bytes))
})

test('a hidden file may have one, too', async (t) => {
  const { make, port } = await serveWith(t, ['--hidden'])
  const bytes = await make('.b.iso.torrent', [], 'pub/.b.iso')
  assert.ok((await ask(port, '/pub/.b.iso.torrent')).body.equals(bytes))
})

/** Torrents of the operator that must not be served. */
const REFUSED: Readonly<
  Record<
    string,
    (at: string, make: (...args: [string, string[], string?]) => Promise<Buffer>) => unknown
  >
> = {
  'a private torrent': (_, make) => make('a.iso.torrent', ['--private']),
  'a torrent of other content of its size': (at) => {
    writeFileSync(join(at, 'a.iso'), pseudoRandom(300_000, 9))
    return runBtkit(['makemetafile', join(at, 'a.iso'), ...OWN, '--no-cache', '--quiet'])
  },
  'a torrent of another file': (_, make) => make('a.iso.torrent', [], 'pub/.b.iso'),
  'a torrent of a directory': (_, make) => make('a.iso.torrent', [], 'pub'),
  'a torrent with wrong piece layers': async (at, make) => {
    const bytes = await make('a.iso.torrent', ['--v2'])
    bytes.write('x', bytes.indexOf('12:piece layers') + 60)
    writeFileSync(join(at, 'a.iso.torrent'), bytes)
  },
  'no torrent': (at) => {
    writeFileSync(join(at, 'a.iso.torrent'), 'd4:infodee')
  },
  'a huge file': (at) => {
    writeFileSync(join(at, 'a.iso.torrent'), '')
    truncateSync(join(at, 'a.iso.torrent'), 2 ** 33)
  },
  'a directory': (at) => {
    mkdirSync(join(at, 'a.iso.torrent'))
  },
  'a link that leads outside': async (at, make) => {
    await make('../outside.torrent', [])
    symlinkSync(join(at, '../outside.torrent'), join(at, 'a.iso.torrent'))
  },
  'a pipe': async (at) => {
    const { execFileSync } = await import('node:child_process')
    execFileSync('mkfifo', [join(at, 'a.iso.torrent')])
  },
}

for (const [what, plant] of Object.entries(REFUSED)) {
  test(`${what} is not served`, async (t) => {
    const { make, get, torrents, root } = await serveWith(t)
    const own = await get('.torrent')
    assert.equal(decodeTorrent(own)['announce'], TRACKER)
    await plant(torrents, make)
    await until('it is so', async () => (await get('.torrent')).equals(own))
    const { port } = await serveMirror(t, { root, args: ['--torrents', torrents] })
    const { body } = await ask(port, '/pub/a.iso.torrent')
    assert.equal(independentInfoHash(body), independentInfoHash(own))
    assert.equal(decodeTorrent(body)['announce'], TRACKER)
  })
}

test("the feed and --warm use the operator's torrent", async (t) => {
  const root = makeScratch(t, FILES)
  const torrents = makeScratch(t)
  const at = join(torrents, 'a.iso.torrent')
  const make = ['makemetafile', join(root, 'pub/a.iso'), ...OWN, '--target', at, '--no-cache']
  await runBtkit([...make, '--quiet', '-l', '18'])
  const args = ['--torrents', torrents, '--warm', '/pub/**']
  const { port } = await serveMirror(t, { root, args })
  const hash = independentInfoHash(readFileSync(at))
  const item = new RegExp(`length="${readFileSync(at).length}"[^]*${hash.toUpperCase()}`)
  const feed = async () => String((await ask(port, '/-/feed.xml')).body)
  await until('the feed has it', async () => item.test(await feed()))
  assert.match(await feed(), item)
})

test('a missing directory of torrents is an error', async (t) => {
  const root = makeScratch(t, FILES)
  const args = ['serve', root, '--torrents', join(root, 'none'), '--trackerless', '--port', '0']
  assertError(await runBtkit(args), 'not-found', `${join(root, 'none')}: no such directory`)
})

test('a torrent of very many files is not read to its end', async (t) => {
  const { torrents, get, stderr } = await serveWith(t)
  const files = Array.from({ length: 20_000 }, (_, i) => `d6:lengthi1e4:pathl5:${10_000 + i}ee`)
  const info = `d5:filesl${files.join('')}e4:name5:a.iso12:piece lengthi32768e6:pieces20:${'x'.repeat(20)}e`
  writeFileSync(join(torrents, 'a.iso.torrent'), `d4:info${info}e`)
  assert.equal(decodeTorrent(await get('.torrent')).info['length'], CONTENT.length)
  await until('it says so', () => stderr.text.includes('not a torrent of one file'))
})
