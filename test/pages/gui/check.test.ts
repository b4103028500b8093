import assert from 'node:assert/strict'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { verifyTorrent } from '../../../src/library/verify.js'
import { mapPieces } from '../../../src/pages/work/piece-map.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { openTestGui } from '../../support/gui.js'
import { longTest } from '../../support/long.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { singleFileInfo, torrentOf } from '../../support/torrents.js'
import { assertShows } from '../../support/visitor.js'

const PIECE = 2 ** 14

for (const version of ['v1', 'v2', 'hybrid']) {
  test(`the map of a ${version} torrent shows good, damaged and missing pieces`, async (t) => {
    const { root, send } = await openTestGui(t, {
      'tree/a': pseudoRandom(3 * PIECE),
      'tree/b': pseudoRandom(2 * PIECE + 5, 2),
      'tree/c': pseudoRandom(PIECE, 3),
    })
    await send('make', { act: 'make', path: 'tree', version, pieceLength: String(PIECE) })
    const whole = await send('check', { act: 'check', torrent: 'tree.torrent' })
    assert.match(whole.text, /All files are complete/)
    const a = readFileSync(join(root, 'tree/a'))
    a.writeUInt8(a.readUInt8(PIECE) ^ 1, PIECE)
    writeFileSync(join(root, 'tree/a'), a)
    const torrent = join(root, 'tree.torrent')
    const metainfo = parseMetainfo(readFileSync(torrent), { maxSize: 1e6 })
    const damaged = await verifyTorrent(torrent, root)
    const { cells } = mapPieces(metainfo, damaged.files)
    assert.deepEqual(cells.slice(0, 3), ['good', 'bad', 'good'])
    rmSync(join(root, 'tree/c'))
    const { files } = await verifyTorrent(torrent, root)
    assert.equal(mapPieces(metainfo, files).cells.at(-1), 'missing')
    const { text } = await send('check', { act: 'check', torrent: 'tree.torrent' })
    assert.match(text, /Some files differ/)
    assert.match(text, /Missing files: choose another folder/)
    assert.match(text, /damaged: 1/)
  })
}

test('a torrent in a directory of a name like that of dropped ones is beside its files', async (t) => {
  const { send } = await openTestGui(t, { 'dropped-off/a': 'x' })
  await send('make', { act: 'make', path: 'dropped-off/a' })
  const { text } = await send('check', { act: 'check', torrent: 'dropped-off/a.torrent' })
  assert.match(text, /All files are complete/)
})

test('a file that shares a piece with a missing one is ok except these bytes', async (t) => {
  const { root, send, get } = await openTestGui(t, {
    'tree/a': pseudoRandom(PIECE + 1024),
    'tree/b': pseudoRandom(PIECE - 1024 + 3 * PIECE, 2),
    'tree/c': pseudoRandom(512, 3),
  })
  await send('make', { act: 'make', path: 'tree', pieceLength: String(PIECE) })
  rmSync(join(root, 'tree/a'))
  const { text } = await send('check', { act: 'check', torrent: 'tree.torrent', data: root })
  // The second piece has 1 KiB of a, and 15 KiB of b
  assert.match(text, /ok, except the first 15 KiB/)
  assert.match(text, /ok: 4/)
  assertShows(text, `at <span class="name">${root}/tree</span>`)
  const again = /href="\.\.\/(check\?[^"]+)">Verify again</.exec(text)?.[1] ?? ''
  assert.match((await get(again.replaceAll('&amp;', '&'))).text, /value="tree\.torrent"/)
  assert.match(text, />Inspect<\/a>/)
})

test('a path in quotes, as shells and file managers copy it, is the path between them', async (t) => {
  const { root, send } = await openTestGui(t, { "it's a/file": 'x', "'odd'": 'y' })
  await send('make', { act: 'make', path: `'${join(root, "it'\\''s a")}'` })
  const checked = await send('check', {
    act: 'check',
    torrent: `"${join(root, "it's a.torrent")}"`,
  })
  assert.match(checked.text, /All files are complete/)
  await send('make', { act: 'make', path: "'odd'" })
  const odd = await send('check', { act: 'check', torrent: "'odd'.torrent" })
  assert.match(odd.text, /All files are complete/)
})

test('each square of the map names its files under the pointer', async (t) => {
  const { send } = await openTestGui(t, {
    'tree/a': pseudoRandom(2 * PIECE),
    'tree/b': pseudoRandom(100, 2),
    'tree/c': '',
    'tree/d': pseudoRandom(200, 3),
    'tree/e <i>': pseudoRandom(2 * PIECE, 4),
  })
  await send('make', { act: 'make', path: 'tree', pieceLength: String(PIECE) })
  const { text } = await send('check', { act: 'check', torrent: 'tree.torrent' })
  const named = [...text.matchAll(/<path class="file" d="([^"]+)">\s*<title>([^<]*)</g)]
  assert.deepEqual(
    named.map(([, squares = '', title]) => [squares.split('M').length - 1, title]),
    [
      [2, 'a'],
      [1, 'b and 2 other files'],
      [2, 'e &lt;i&gt;'],
    ],
  )
})

test('a name of a megabyte does not become a page of megabytes', async (t) => {
  const torrent = torrentOf(singleFileInfo({ name: '&'.repeat(1e6) }))
  const { send } = await openTestGui(t, { 'x.torrent': torrent })
  const { text } = await send('check', { act: 'check', torrent: 'x.torrent' })
  assert.match(text, /No file is there/)
  assert.ok(text.length < 50_000, `${text.length}`)
})

test('what is no torrent is refused above the form', async (t) => {
  const { send } = await openTestGui(t, { 'x.torrent': '<html>' })
  const { status, text } = await send('check', { act: 'check', torrent: 'x.torrent' })
  assert.equal(status, 400)
  assert.match(text, /x\.torrent/)
})

longTest('of very many files some are listed, the bad ones first', async (t) => {
  const names = Array.from({ length: 1200 }, (_, i) => `tree/${String(i).padStart(4, '0')}`)
  const { root, send } = await openTestGui(t, Object.fromEntries(names.map((name) => [name, name])))
  for (const version of ['v1', 'v2'])
    await send('make', { act: 'make', path: 'tree', version, output: version })
  rmSync(join(root, 'tree/1199'))
  // In v1 all these files are in one piece, which cannot be checked
  for (const torrent of ['v1.torrent', 'v2.torrent']) {
    const { text } = await send('check', { act: 'check', torrent })
    assert.match(text, /1,200 files at/)
    assert.match(text, /Only 1,000 of 1,200 files are listed/)
    assert.equal(text.match(/<th scope="row" class="name">/g)?.length, 1000)
    assert.match(text, /<tbody>\s*<tr>\s*<th scope="row" class="name">1199</)
  }
})

longTest('a large torrent is checked, too', async (t) => {
  const pieces = 300_000
  const info = singleFileInfo({
    name: 'a',
    length: pieces * PIECE,
    pieces: new Uint8Array(20 * pieces),
  })
  const { send } = await openTestGui(t, { 'a.torrent': torrentOf(info), b: '' })
  const { status, text } = await send('check', { act: 'check', torrent: 'a.torrent' })
  assert.equal(status, 200)
  assert.match(text, /No file is there|Some files differ|no such/)
})
