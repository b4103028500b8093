import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  backslashedPaths,
  cutIntoPieces,
  planContent,
  type Content,
} from '../../../src/core/digests/content.js'
import { failure } from '../../files/failure.js'
import { makeScratch, plantFiles, plantSparse } from '../../support/scratch.js'
import { contentRequest } from '../requests.js'

const KIB = 1024
const GIB = 1024 ** 3

test('a file is content of its own name and size', async (t) => {
  const source = join(makeScratch(t, { 'a.iso': 'hello' }), 'a.iso')
  const { files, ...content } = await planContent(contentRequest(source))
  assert.deepEqual(content, {
    name: 'a.iso',
    isDirectory: false,
    version: 'v1',
    skipped: [],
    size: 5,
    pieceLength: 256 * KIB,
    pieceCount: 1,
  })
  assert.deepEqual(
    files.map(({ path }) => path),
    [['a.iso']],
  )
})

test('a directory is content of all its files, in the order of their bytes', async (t) => {
  const source = makeScratch(t, { 'b/x': '12', 'b-c': '3', 'a/y': '', é: '4' })
  const { files, isDirectory, size } = await planContent(contentRequest(source))
  const paths = files.map(({ path }) => path.join('/'))
  assert.deepEqual(
    { paths, isDirectory, size },
    {
      paths: ['a/y', 'b/x', 'b-c', 'é'],
      isDirectory: true,
      size: 4,
    },
  )
})

test('a directory with a single file remains a directory', async (t) => {
  const source = makeScratch(t, { only: 'x' })
  assert.equal((await planContent(contentRequest(source))).isDirectory, true)
})

for (const ending of ['', '/', '/.', '/sub/..']) {
  test(`the name of dir${ending} is dir`, async (t) => {
    const source = join(makeScratch(t, { 'dir/sub/x': '1' }), 'dir')
    assert.equal((await planContent(contentRequest(source + ending))).name, 'dir')
  })
}

test('a name that was asked for replaces that of the file', async (t) => {
  const source = join(makeScratch(t, { a: '1' }), 'a')
  assert.equal((await planContent(contentRequest(source, { name: 'b' }))).name, 'b')
})

test('paths in which a name has a backslash can be told', async (t) => {
  const source = join(makeScratch(t, { 'd/a\\b/c': '1', 'd/e': '2' }), 'd')
  const content = await planContent(contentRequest(source))
  assert.deepEqual(backslashedPaths(content), ['d/a\\b/c'])
})

test('what is not there is said to be so', async (t) => {
  const source = join(makeScratch(t), 'gone')
  const message = `${source}: no such file or directory`
  await assert.rejects(planContent(contentRequest(source)), failure('not-found', message))
})

for (const [what, files, why] of [
  ['an empty directory', {}, 'no files in it'],
  ['files without a byte', { a: '', b: '' }, 'is empty, and clients refuse such torrents'],
  ['only hidden files', { '.a': '1', '.b/c': '2' }, 'no file left: all 2 entries are skipped'],
] as const) {
  test(`${what} can't be a torrent, and why is said`, async (t) => {
    const source = makeScratch(t, files)
    const planning = planContent(contentRequest(source))
    await assert.rejects(planning, failure('empty', `${source}: ${why}`))
  })
}

test('a file without a byte can’t be a torrent either', async (t) => {
  const source = join(makeScratch(t, { a: '' }), 'a')
  await assert.rejects(planContent(contentRequest(source)), { code: 'empty' })
})

test('an empty file beside others stays', async (t) => {
  const source = makeScratch(t, { a: '', b: '1' })
  assert.equal((await planContent(contentRequest(source))).files.length, 2)
})

test('the torrent to be written is not part of its own content', async (t) => {
  const source = makeScratch(t, { a: '1', 'sub/out.torrent': 'old', 'other.torrent': 'x' })
  const torrent = join(source, 'sub', 'out.torrent')
  const { files, skipped } = await planContent(contentRequest(source, { torrent }))
  assert.deepEqual(
    files.map(({ path }) => path.join('/')),
    ['a', 'other.torrent'],
  )
  assert.deepEqual(skipped, [{ path: 'sub/out.torrent', reason: 'the torrent itself' }])
})

test('the torrent to be written is not part of its own content by way of a link', async (t) => {
  const parent = makeScratch(t, { 'dir/a': '1', 'dir/out.torrent': 'old' })
  symlinkSync('dir', join(parent, 'link'))
  const torrent = join(parent, 'link', 'out.torrent')
  for (const source of ['dir', 'link']) {
    const request = contentRequest(join(parent, source), { torrent })
    assert.equal((await planContent(request)).files.length, 1, source)
  }
})

test('entries that are skipped are told with their reasons', async (t) => {
  const source = makeScratch(t, { a: '1', '.h': '2', core: '3' })
  mkdirSync(join(source, 'CVS'))
  const { skipped } = await planContent(contentRequest(source))
  assert.deepEqual(skipped, [
    { path: '.h', reason: 'hidden' },
    { path: 'CVS', reason: 'system' },
    { path: 'core', reason: 'system' },
  ])
})

test('pieces are counted over all files together', async (t) => {
  const source = makeScratch(t, { a: Buffer.alloc(16 * KIB - 1), b: '1', c: '2' })
  const pieceLength = 16 * KIB
  assert.equal((await planContent(contentRequest(source, { pieceLength }))).pieceCount, 2)
})

test('an automatic piece length goes by the size of all files', async (t) => {
  const source = makeScratch(t)
  plantFiles(source, { small: '1' })
  plantSparse(source, 'large', 2 * GIB)
  const content = await planContent(contentRequest(source, { pieceLength: 'auto' }))
  assert.equal(content.pieceLength, 1024 * KIB)
  assert.equal(content.pieceCount, 2049)
})

const P = 16 * KIB

/** The path and size of each file, in stream order. */
function layout({ files }: Content): string[] {
  return files.map(({ path, fingerprint }) => `${path.join('/')} ${fingerprint.size}`)
}

test('aligned files begin a piece each, with pad files between them and none at the end', async (t) => {
  const source = makeScratch(t)
  Object.entries({ a: 1, b: P, c: P + 2, d: 0, e: 3 }).forEach(([name, size]) =>
    plantSparse(source, name, size),
  )
  const request = contentRequest(source, { pieceLength: P, isAligned: true })
  const content = await planContent(request)
  assert.deepEqual(layout(content), [
    'a 1',
    '.pad/16383 16383',
    'b 16384',
    'c 16386',
    'd 0',
    '.pad/16382 16382',
    'e 3',
  ])
  assert.equal(content.size, 4 * P + 3)
  assert.deepEqual(layout(cutIntoPieces(content, 2 * P)).slice(0, 4), [
    'a 1',
    '.pad/32767 32767',
    'b 16384',
    '.pad/16384 16384',
  ])
})

test('there is no pad file after the last byte, even if empty files follow', async (t) => {
  const source = makeScratch(t, { a: 'a', b: '', c: 'c', d: '' })
  const content = await planContent(contentRequest(source, { pieceLength: P, version: 'hybrid' }))
  assert.deepEqual(layout(content), ['a 1', 'b 0', '.pad/16383 16383', 'c 1', 'd 0'])
})

test('aligned pieces are no longer than most files, as that would only add zeros', async (t) => {
  const source = makeScratch(t)
  for (let i = 0; i < 200; i++) plantSparse(source, `f${i}`, 20 * KIB)
  const plan = (changes: object) =>
    planContent(contentRequest(source, { pieceLength: 'auto', ...changes }))
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
  await assert.rejects(planContent(contentRequest(source, { scan, version: 'hybrid' })), {
    code: 'bad-name',
    message: /\.pad\/1: is in \.pad, where the torrent has its pad files; --exclude \.pad$/,
  })
})

test('v2 refuses a directory that it could not tell from its only file', async (t) => {
  const source = join(makeScratch(t, { 'x/x': '1' }), 'x')
  await assert.rejects(planContent(contentRequest(source, { version: 'v2' })), {
    code: 'bad-name',
    message: /x: v2 can't tell a directory from its only file when both are called 'x'; --hybrid/,
  })
  const { files } = await planContent(contentRequest(source, { version: 'v2', name: 'y' }))
  assert.equal(files.length, 1)
  assert.ok(await planContent(contentRequest(source, { version: 'hybrid' })))
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
      return (await planContent(request)).files.map(({ path }) => path.join('/'))
    }
    assert.deepEqual(await paths(false), ascending)
    // By size two files are equal
    const descending = by === 'size' ? ['a/b', 'a b', 'd', 'c'] : ascending.toReversed()
    assert.deepEqual(await paths(true), descending)
  })
}
