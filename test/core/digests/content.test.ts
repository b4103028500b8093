import assert from 'node:assert/strict'
import { utimesSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { pieceLengthOf } from '../../../src/metainfo/piece-length.js'
import { backslashedPaths, singleContent, type Content } from '../../../src/core/digests/content.js'
import { makeScratch, plantSparse } from '../../support/scratch.js'
import { contentRequest, cutContent } from '../requests.js'

const KIB = 1024
const GIB = 1024 ** 3

test('a directory with a single file remains a directory', async (t) => {
  const source = makeScratch(t, { only: 'x' })
  assert.equal((await cutContent(contentRequest(source))).isDirectory, true)
})

test('paths in which a name has a backslash can be told', async (t) => {
  const source = join(makeScratch(t, { 'd/a\\b/c': '1', 'd/e': '2' }), 'd')
  const content = await cutContent(contentRequest(source))
  assert.deepEqual(backslashedPaths(content), ['d/a\\b/c'])
})

test('a single file has the torrent of a file', async (t) => {
  const source = join(makeScratch(t, { a: 'x' }), 'a')
  const [file] = (await cutContent(contentRequest(source))).files
  assert.equal(singleContent({ file: file!, version: 'v1', pieceLength: P }).isDirectory, false)
})

test('an empty file beside others stays', async (t) => {
  const source = makeScratch(t, { a: '', b: '1' })
  assert.equal((await cutContent(contentRequest(source))).files.length, 2)
})

const P = pieceLengthOf(14)

/** The path and size of each file, in stream order. */
function layout({ files }: Content): string[] {
  return Array.from(files, ({ path, fingerprint }) => `${path.join('/')} ${fingerprint.size}`)
}

test('there is no pad file after the last byte, even if empty files follow', async (t) => {
  const source = makeScratch(t, { a: 'a', b: '', c: 'c', d: '' })
  const content = await cutContent(contentRequest(source, { pieceLength: P, version: 'hybrid' }))
  assert.deepEqual(layout(content), ['a 1', 'b 0', '.pad/16383 16383', 'c 1', 'd 0'])
})

test('aligned pieces are no longer than most files, as that would only add zeros', async (t) => {
  const source = makeScratch(t)
  for (let i = 0; i < 200; i++) plantSparse(source, `f${i}`, 20 * KIB)
  const plan = (changes: object) =>
    cutContent(contentRequest(source, { pieceLength: 'auto', ...changes }))
  assert.equal((await plan({})).pieceLength, 32 * KIB)
  assert.equal((await plan({ version: 'v2' })).pieceLength, 32 * KIB)
  for (let i = 0; i < 200; i++) plantSparse(source, `f${i}`, 16 * KIB)
  assert.equal((await plan({ version: 'v2' })).pieceLength, 16 * KIB)
  plantSparse(source, 'large', 2 * GIB)
  assert.equal((await plan({ version: 'v2' })).pieceLength, 1024 * KIB)
})

test('a file where pad files stand is refused, as clients could write zeros to it', async (t) => {
  const source = makeScratch(t, { a: 'a', '.pad/1': 'x' })
  const scan = { all: true, include: [], exclude: [], links: 'inside' as const }
  await assert.rejects(cutContent(contentRequest(source, { scan, version: 'hybrid' })), {
    code: 'bad-name',
    message: /\.pad\/1: is in \.pad, where the torrent has its pad files; --exclude \.pad$/,
  })
})

for (const [by, ascending] of [
  ['path', ['a/b', 'a b', 'c', 'd']],
  ['size', ['c', 'a b', 'd', 'a/b']],
  ['mtime', ['d', 'a b', 'a/b', 'c']],
] as const) {
  test(`files can be sorted by ${by}, either way; equal ones stay in the order of paths`, async (t) => {
    const source = makeScratch(t, { 'a b': '12', 'a/b': '123', c: '1', d: '12' })
    for (const [i, name] of ['d', 'a b', 'a/b', 'c'].entries()) {
      utimesSync(join(source, name), 1e9 + i, 1e9 + i)
    }
    const paths = async (isDescending: boolean) => {
      const request = contentRequest(source, { order: { by, isDescending } })
      const { files } = await cutContent(request)
      return Array.from(files, ({ path }) => path.join('/'))
    }
    assert.deepEqual(await paths(false), ascending)
    // By size two files are equal
    const descending = by === 'size' ? ['a/b', 'a b', 'd', 'c'] : ascending.toReversed()
    assert.deepEqual(await paths(true), descending)
  })
}
