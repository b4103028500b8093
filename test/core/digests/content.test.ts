import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { planContent } from '../../../src/core/digests/content.js'
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

test('a file whose name clients refuse is refused', async (t) => {
  const source = join(makeScratch(t, { 'a\\b': '1' }), 'a\\b')
  const message = "name 'a\\b': must be a single path component"
  await assert.rejects(planContent(contentRequest(source)), failure('bad-name', message))
})

test('what is not there is said to be so', async (t) => {
  const source = join(makeScratch(t), 'gone')
  const message = `${source}: no such file or directory`
  await assert.rejects(planContent(contentRequest(source)), failure('not-found', message))
})

for (const [what, files, why] of [
  ['an empty directory', {}, 'no files in it'],
  ['files without a byte', { a: '', b: '' }, 'holds no bytes, and clients refuse such torrents'],
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
