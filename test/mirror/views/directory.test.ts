import assert from 'node:assert/strict'
import { chmodSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { decodeTorrent, independentInfoHash } from '../../support/decode-torrent.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { runBtkit } from '../../support/run-btkit.js'
import { makeScratch, plantFiles, plantSparse } from '../../support/scratch.js'
import { serveMirror } from '../../support/serve.js'
import { ask } from '../ask.js'
import { readHashedBytes } from '../read-metric.js'

const FILES = {
  'pub/set/b/2': 'two',
  'pub/set/a': pseudoRandom(300_000, 3),
  'pub/set/b/Größe #1': 'one',
  'pub/set/empty': '',
  'pub/other': 'not in it',
}

const unlessNoRoot = { skip: process.getuid?.() === 0 && 'root may read everything' }

function pathsIn(body: Uint8Array): string[] {
  const files = decodeTorrent(body).info['files'] as { path: string[] }[]
  return files.map(({ path }) => path.join('/'))
}

test("a directory's torrent has the names and paths of the addresses", async (t) => {
  const { port } = await serveMirror(t, { files: FILES })
  for (const address of ['/pub/set/?torrent', '/pub/set?torrent', '/pub/set.torrent']) {
    const { status, headers, body } = await ask(port, address, { headers: { Host: 'm.example' } })
    assert.equal(status, 200, body.toString())
    assert.equal(headers['content-disposition'], 'attachment; filename="set.torrent"')
    assert.deepEqual(pathsIn(body), ['a', 'b/2', 'b/Größe #1', 'empty'])
    const torrent = decodeTorrent(body)
    assert.equal(torrent.info['name'], 'set')
    assert.deepEqual(torrent['url-list'], ['http://m.example/pub/'])
  }
})

for (const isHidden of [false, true]) {
  const [option, all] = isHidden ? [['--hidden'], ['--all']] : [[], []]
  const what = isHidden ? 'takes with --all, where hidden names are published' : 'leaves out'
  test(`system files are in it as makemetafile ${what}`, async (t) => {
    const left = ['Thumbs.db', 'b/desktop.ini', '.DS_Store', 'lost+found/#1']
    const paths = [...left, 'core/lib', 'CVS/Root', '.a.0a0b0c0d-1-0a0b0c0d.btkit-tmp']
    const junk = Object.fromEntries(paths.map((path) => [`pub/set/${path}`, path]))
    const { port, root } = await serveMirror(t, { files: { ...FILES, ...junk }, args: option })
    const target = join(makeScratch(t), 'a.torrent')
    const { body } = await ask(port, '/pub/set.torrent')
    const args = ['--piece-size-pow2', 'auto', '--target', target, '--no-cache', '--json']
    const made = ['makemetafile', join(root, 'pub/set'), 'http://t/a', ...args, ...all]
    const { stdout } = await runBtkit(made)
    assert.equal(independentInfoHash(body), (JSON.parse(stdout) as { infoHash: string }).infoHash)
    const found = pathsIn(body)
    const inside = ['core/lib', 'CVS/Root', 'Thumbs.db'].map((path) => found.includes(path))
    assert.deepEqual(inside, [true, true, isHidden])
    // Requested alone, it is a torrent of its own
    assert.equal((await ask(port, '/pub/set/Thumbs.db.torrent')).status, 200)
    assert.equal((await ask(port, '/pub/set/lost%2Bfound/?torrent')).status, 200)
  })
}

test('a larger directory has longer pieces, and is read once', async (t) => {
  const root = makeScratch(t, { 'pub/set/a': 'a' })
  plantSparse(join(root, 'pub/set'), 'big', 2 ** 28)
  const { port } = await serveMirror(t, { root })
  const { body } = await ask(port, '/pub/set.torrent')
  assert.ok(Number(decodeTorrent(body).info['piece length']) > 2 ** 16)
  await ask(port, '/pub/set.magnet')
  assert.equal(await readHashedBytes(port), 2 ** 28 + 1)
})

test('its date is that of the last changed file', async (t) => {
  const root = makeScratch(t, FILES)
  const dates = { a: 1_500_000_000, 'b/2': 1_600_000_000, 'b/Größe #1': 1, empty: 2 }
  for (const [path, at] of Object.entries(dates)) utimesSync(join(root, 'pub/set', path), at, at)
  const { port } = await serveMirror(t, { root })
  const { body } = await ask(port, '/pub/set.torrent')
  assert.equal(decodeTorrent(body)['creation date'], 1_600_000_000)
})

test('magnet and info hash of a directory are those of its torrent', async (t) => {
  const { port } = await serveMirror(t, { files: FILES })
  const { body: torrent } = await ask(port, '/pub/set.torrent')
  const hash = independentInfoHash(torrent)
  assert.equal((await ask(port, '/pub/set/?btih')).body.toString(), `${hash}\n`)
  const { body } = await ask(port, '/pub/set/?magnet', { headers: { Host: 'm.example' } })
  const { searchParams } = new URL(body.toString().trim())
  assert.equal(searchParams.get('xt'), `urn:btih:${hash}`)
  assert.equal(searchParams.get('ws'), 'http://m.example/pub/')
  assert.equal(searchParams.get('xs'), 'http://m.example/pub/set.torrent')
})

test('a directory has torrents of version 2 and hybrids as well', async (t) => {
  const { port } = await serveMirror(t, { files: FILES })
  for (const query of ['v2', 'hybrid']) {
    const { body } = await ask(port, `/pub/set/?torrent&${query}`)
    assert.equal(decodeTorrent(body).info['meta version'], 2)
  }
})

test('it contains no hidden files, no targets of links outside, and no circles', async (t) => {
  const outside = makeScratch(t, { secret: 'x' })
  const files = { ...FILES, 'pub/set/.hidden': 'x', 'pub/set/.d/x': 'x', 'pub/set/b/\\': 'x' }
  const root = makeScratch(t, files)
  const link = (target: string, path: string) => {
    symlinkSync(target, join(root, 'pub/set', path))
  }
  link(join(outside, 'secret'), 'out')
  link(outside, 'outdir')
  link('../other', 'in')
  link('b', 'c')
  link('..', 'b/up')
  link('nowhere', 'broken')
  const { port } = await serveMirror(t, { root })
  const { body } = await ask(port, '/pub/set.torrent')
  const expected = ['a', 'b/2', 'b/Größe #1', 'c/2', 'c/Größe #1', 'empty', 'in']
  assert.deepEqual(pathsIn(body), expected)
  // Each of its files is at its address
  for (const path of pathsIn(body)) {
    const address = path.split('/').map(encodeURIComponent).join('/')
    assert.equal((await ask(port, `/pub/set/${address}`)).status, 200, path)
  }
})

test('unreadable files are left out and reported', unlessNoRoot, async (t) => {
  const { port, root } = await serveMirror(t, { files: FILES })
  chmodSync(join(root, 'pub/set/a'), 0)
  const { headers, body } = await ask(port, '/pub/set.torrent')
  assert.deepEqual(pathsIn(body), ['b/2', 'b/Größe #1', 'empty'])
  assert.equal(headers['x-left-out'], '1 /pub/set/a')
})

test('a name that no torrent can have is left out, by its address and with the reason', async (t) => {
  const { port, root, stop } = await serveMirror(t, { files: FILES })
  for (const place of ['pub/set/', 'pub/set/b/'])
    writeFileSync(Buffer.concat([Buffer.from(join(root, place)), Buffer.of(0xe9)]), 'x')
  const { headers } = await ask(port, '/pub/set.torrent')
  const [, address = '', ...others] = String(headers['x-left-out']).split(' ')
  const all = [address, ...others].join(' ')
  assert.equal(all.toUpperCase(), '/PUB/SET/B/%E9 /PUB/SET/%E9')
  assert.equal((await ask(port, address)).status, 200)
  assert.match((await stop()).stderr, /\/pub\/set\/\\xe9: not UTF-8, [^,]+; rename it\n/)
})

test('too many files, or too many bytes, are refused with a message', async (t) => {
  const limits = { maxFiles: 5, maxSize: 300 * 1024 }
  const { port, root } = await serveMirror(t, { files: FILES, limits })
  const line = async (path: string) => {
    const { status, body } = await ask(port, path)
    return [status, body.toString()]
  }
  assert.equal((await ask(port, '/pub/set.torrent')).status, 200)
  writeFileSync(join(root, 'pub/set/b/3'), '3')
  assert.deepEqual(await line('/pub/set/b.torrent').then(([status]) => status), 200)
  const files = [422, '/pub: more than 5 files and directories; ask for a smaller directory\n']
  assert.deepEqual(await line('/pub.torrent'), files)
  assert.deepEqual(await line('/pub/?magnet'), files)
  plantFiles(root, { 'big/a': Buffer.alloc(200_000), 'big/b': Buffer.alloc(200_000) })
  const size = [422, '/big: its files have more than 300 KiB; ask for a smaller directory\n']
  assert.deepEqual(await line('/big.torrent'), size)
})

test('the root and empty, hidden or missing directories have none', async (t) => {
  const files = { ...FILES, 'void/empty': '', '.d/x': 'x', 'm/torrent_service/x': 'x' }
  const { port } = await serveMirror(t, { files })
  for (const [address, status] of [
    ['/?torrent', 422],
    ['//?torrent', 422],
    ['/void/?torrent', 422],
    ['/.d/?torrent', 404],
    ['/.d.torrent', 404],
    ['/none/?torrent', 404],
    ['/-/?torrent', 404],
    ['/m/torrent_service/?torrent', 404],
    ['/m/?torrent', 422],
    ['/pub/../../pub/set/?torrent', 400],
  ] as const) {
    const { status: answered, body } = await ask(port, address)
    assert.deepEqual([answered, body.toString().split('\n').length], [status, 2], address)
  }
})

test('new and removed files change the next torrent', async (t) => {
  let ahead = 5_000
  const io = { now: () => Date.now() + ahead, monotonic: () => performance.now() + ahead }
  const { port, root } = await serveMirror(t, { files: FILES, io })
  await ask(port, '/pub/set.torrent')
  plantFiles(root, { 'pub/set/b/new': 'new' })
  ahead += 20_000
  const { body } = await ask(port, '/pub/set.torrent')
  assert.ok(pathsIn(body).includes('b/new'))
})
