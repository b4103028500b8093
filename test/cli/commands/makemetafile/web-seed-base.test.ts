import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fetchSingle } from '../../../support/clients.js'
import { decodeTorrent } from '../../../support/decode-torrent.js'
import { serveFiles } from '../../../support/file-server.js'
import { Mirror } from '../../../support/mirror.js'
import { assertError, assertQuiet, assertStatus, runBtkit } from '../../../support/run-btkit.js'
import { makeScratch } from '../../../support/scratch.js'
import { serveMirror } from '../../../support/serve.js'
import { makeWorkplace } from './make.js'
import { longTest } from '../../../support/long.js'
import { TRACKER } from '../../../support/torrents.js'

const BASE = 'http://m.example/pub'

longTest('a torrent made offline has the web seed that serve gives', async (t) => {
  const path = 'Größe #1/100% a+b/x y.iso'
  const root = makeScratch(t, { [path]: 'hello' })
  const served = await serveMirror(t, { root, args: ['--public-url', BASE] })
  const given = decodeTorrent(await fetchSingle(served, path))
  const torrent = join(root, 'x.torrent')
  const address = `${BASE}/Gr%C3%B6%C3%9Fe%20%231/100%25%20a%2Bb`
  const args = ['--web-seed-base', address, '--target', torrent, '--piece-size-pow2', '20']
  assertQuiet(await runBtkit(['makemetafile', join(root, path), TRACKER, ...args]))
  const offline = decodeTorrent(readFileSync(torrent))
  assert.deepEqual(offline['url-list'], given['url-list'])
  assert.deepEqual(offline['info'], given['info'])
})

/** Arguments, and the web seeds in the torrent of `a.iso`. */
const SEEDS: readonly (readonly [args: string[], seeds: unknown])[] = [
  [['--web-seed-base', BASE], [`${BASE}/`]],
  [['--web-seed-base', `${BASE}///`], [`${BASE}/`]],
  [
    ['-w', 'http://w/', '--web-seed-base', BASE],
    ['http://w/', `${BASE}/`],
  ],
  [
    ['--web-seed-base', BASE, '--web-seed-base', 'https://n'],
    [`${BASE}/`, 'https://n/'],
  ],
  // Clients would add the name, which is not that of the file
  [['--web-seed-base', BASE, '--name', 'other'], [`${BASE}/a.iso`]],
  [['--web-seed', `${BASE}/a.iso`], [`${BASE}/a.iso`]],
]

for (const [args, seeds] of SEEDS) {
  test(`makemetafile ${args.join(' ')}`, async (t) => {
    const { make, torrent, at } = makeWorkplace(t)
    assertQuiet(await make([...args, '--target', at('made.torrent')]))
    assert.deepEqual([torrent('made.torrent')['url-list']].flat(), seeds)
  })
}

test('an address of the directory is enough for peers to begin with', async (t) => {
  const { source, at } = makeWorkplace(t)
  const target = ['--target', at('made.torrent')]
  assertStatus(await runBtkit(['makemetafile', source, '--web-seed-base', BASE, ...target]), 0)
})

const WRONG = {
  'm.example': /web-seed-base.*no https:\/\/ or http:\/\/ in front; type http:\/\/m\.example/,
  'ftp://m/': /web-seed-base.*not an http or https URL/,
  'http://m/?a': /web-seed-base.*not an http or https URL/,
  'http://m/#a': /web-seed-base.*has '#'; type http:\/\/m\/%23a/,
  'http://m/a b': /web-seed-base.*has a blank; type http:\/\/m\/a%20b/,
}

for (const [url, reason] of Object.entries(WRONG)) {
  test(`--web-seed-base '${url}' is refused`, async (t) => {
    const { make } = makeWorkplace(t)
    const { stderr } = assertStatus(await make(['--web-seed-base', url]), 2)
    assert.match(stderr, reason)
  })
}

test('the address of the file itself is refused, for a file on a disk, a URL and a stream', async (t) => {
  const { source, directory } = makeWorkplace(t)
  const server = await serveFiles(t, { 'a.iso': 'hello' })
  const base = ['--web-seed-base', `${BASE}/a.iso/`, '-o', join(directory, 'x.torrent')]
  const why = `--web-seed-base ${BASE}/a.iso: clients would look for ${BASE}/a.iso/a.iso`
  for (const content of [[source], [`${server.url}/a.iso`], ['-', '--name', 'a.iso']]) {
    const refused = await runBtkit(['makemetafile', ...content, TRACKER, ...base])
    assertError(refused, 'usage', why, 'with --web-seed, or leave out /a.iso')
  }
})

test('a directory under another name could not be found by its web seed', async (t) => {
  const { directory, make } = makeWorkplace(t)
  const args = [directory, TRACKER, '--web-seed-base', BASE, '--name', 'other']
  const refused = await runBtkit(['makemetafile', ...args])
  assertError(refused, 'usage', '--web-seed-base: cannot be used with another --name')
  assert.equal((await make([])).status, 0)
})

test('sources in several directories have no address in common', async (t) => {
  const root = makeScratch(t, { 'a/x': 'x', 'b/y': 'y' })
  const sources = [join(root, 'a/x'), join(root, 'b/y')]
  const args = [...sources, TRACKER, '--web-seed-base', BASE]
  const refused = await runBtkit(['makemetafile', ...args])
  assertError(refused, 'usage', 'is the address of one directory, not of ', 'a and ')
})

test('completedir has the address of the directory that it completes', async (t) => {
  const mirror = new Mirror(t, { 'a.iso': 'hello', 'dir/one': '1' })
  await mirror.report(['--web-seed-base', BASE])
  for (const name of ['a.iso', 'dir']) {
    const torrent = decodeTorrent(readFileSync(mirror.torrent(name)))
    assert.deepEqual([torrent['url-list']].flat(), [`${BASE}/`])
  }
  await mirror.checkAgainstFresh(['--web-seed-base', BASE])
})

test('completedir accepts it with one directory only', async (t) => {
  const { source, target, state } = new Mirror(t, { 'a.iso': 'hello' })
  const args = [source, target, '--state-dir', state, '--web-seed-base', BASE]
  const refused = await runBtkit(['completedir', TRACKER, ...args])
  assertError(refused, 'usage', 'is the address of one directory')
})
