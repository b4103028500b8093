import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { findData, indexFiles, linkData } from '../../../src/core/find/find-data.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { makeScratch } from '../../support/scratch.js'
import { directoryInfo, torrentOf } from '../../support/torrents.js'
import { unlessProc } from '../../support/when-open.js'
import { FILES, goldenTorrent } from '../golden-content.js'
import { hashContext } from '../requests.js'

test('the data of a torrent of libtorrent is found by its bytes, whatever its names', async (t) => {
  const renamed: Record<string, Buffer> = {}
  for (const [path, bytes] of Object.entries(FILES))
    renamed[Buffer.from(path).toString('hex')] = bytes
  const index = await indexFiles([makeScratch(t, renamed)], assert.ifError)
  const request = { metainfo: goldenTorrent('hybrid'), torrent: 'x', index }
  const found = (await findData(request, hashContext())).map(({ status }) => status)
  assert.deepEqual(found.sort(), ['empty', 'found', 'found', 'found', 'found'])
})

test('a file that is below several of the searched directories is listed once', async (t) => {
  const directory = makeScratch(t, { 'a/b/file': 'x', 'a/other': 'y' })
  const paths = ['a', 'a/b', 'a'].map((name) => join(directory, name))
  const { files } = await indexFiles(paths, assert.ifError)
  assert.deepEqual(Array.from(files, ({ absolutePath }) => absolutePath).sort(), [
    join(directory, 'a/b/file'),
    join(directory, 'a/other'),
  ])
})

for (const [what, path, why] of [
  ['another mount', '/proc/version', /: a hard link cannot lead to another mount/],
  ['no file', '/proc/none', /: no such file/],
] as const) {
  test(`data at ${what} gets no name, and why`, unlessProc, async (t) => {
    const place = { directory: makeScratch(t), likely: false }
    const file = { path: ['a'], length: 1, padding: false, attr: '' }
    const data = [{ file, status: 'found', path, unproven: [] }] as const
    await assert.rejects(linkData({ name: 'a', isDirectory: false }, data, place), why)
  })
}

for (const [what, path, message] of [
  ['that leads outside', ['..', 'x'], /^x: path "dir\/..\/x": /],
  [
    'deeper than any disk has',
    new Array<string>(16_385).fill('d'),
    /^x: a path of 16385 components/,
  ],
] as const) {
  test(`a torrent with a path ${what} is refused before anything is read`, async () => {
    const info = directoryInfo([{ length: 5, path: [...path] }])
    const metainfo = parseMetainfo(torrentOf(info))
    const index = await indexFiles([], assert.ifError)
    await assert.rejects(findData({ metainfo, torrent: 'x', index }, hashContext()), {
      code: 'unsafe-path',
      message,
    })
  })
}
