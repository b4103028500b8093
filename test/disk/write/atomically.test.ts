import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import fs, {
  constants,
  openSync,
  closeSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import os from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { BtkitError, systemError } from '../../../src/base/errors.js'
import { writeAtomically } from '../../../src/disk/write/atomically.js'
import { lockFile } from '../../../src/disk/write/locks.js'
import { failure, unlessWindows } from '../failure.js'
import { plantTree } from '../temporary-directory.js'
import { until } from '../../support/until.js'
import { makeScratch } from '../../support/scratch.js'
import { importMocks } from '../../support/import-mocks.js'

const onlyLinux = { skip: process.platform !== 'linux' && 'needs Linux' }
const bytes = Buffer.from('new content')

test('a file is looked at once more when no other run replaces it', async (t) => {
  const root = makeScratch(t, { file: 'old', other: 'other' })
  const [path, other] = [join(root, 'file'), join(root, 'other')]
  const lock = await lockFile(path)
  assert(lock)
  const found: string[] = []
  const checkUntouched = () => {
    found.push(readFileSync(path, 'utf8'))
    throw new BtkitError('changed', 'not so')
  }
  const writing = writeAtomically(path, bytes, { checkUntouched })
  await until('a draft', () => readdirSync(root).length === 3)
  // The draft is complete when a write that began after it is
  await writeAtomically(join(root, 'third'), bytes, {})
  assert.deepEqual(found, [])
  renameSync(other, path)
  lock.release()
  await assert.rejects(writing, /not so/)
  assert.deepEqual([found, readdirSync(root).sort()], [['other'], ['file', 'third']])
})

test('a pipe that takes the place of a file is not waited for', unlessWindows, async (t) => {
  const path = join(makeScratch(t, { file: 'old' }), 'file')
  const claim = () => {
    rmSync(path)
    execFileSync('mkfifo', [path])
  }
  const checkUntouched = () => {
    throw new BtkitError('changed', 'not so')
  }
  await assert.rejects(writeAtomically(path, bytes, { claim, checkUntouched }), /not so/)
})

test('who has the old file open goes on reading it', unlessWindows, async (t) => {
  const path = join(plantTree(t, ['a']), 'a')
  const open = openSync(path, 'r')
  await writeAtomically(path, bytes, {})
  assert.equal(readFileSync(open, 'utf8'), 'a')
  closeSync(open)
})

test('a name of 255 bytes can be written', onlyLinux, async (t) => {
  const root = makeScratch(t)
  const name = `é${'x'.repeat(253)}`
  await writeAtomically(join(root, name), bytes, {})
  assert.deepEqual(readdirSync(root), [name])
})

test('a file is written although its file system refuses a mode', unlessWindows, async (t) => {
  const root = makeScratch(t)
  const refused = t.mock.method(fs, 'fchmodSync', () => {
    throw systemError(-os.constants.errno.EPERM, 'fchmod')
  })
  importMocks(t)
  // umask takes away what this asks for
  await writeAtomically(join(root, 'a'), bytes, { mode: 0o666 })
  assert.equal(refused.mock.callCount(), 1)
  assert.deepEqual(readFileSync(join(root, 'a')), bytes)
})

test('without clobber one of many writers wins, and the others are told', async (t) => {
  const root = makeScratch(t)
  const path = join(root, 'a')
  const contents = Array.from({ length: 20 }, (_, i) => `writer ${i}`)
  const ends = await Promise.allSettled(
    contents.map((content) => writeAtomically(path, Buffer.from(content), { noClobber: true })),
  )
  const winner = ends.findIndex((end) => end.status === 'fulfilled')
  assert.equal(readFileSync(path, 'utf8'), contents[winner])
  const losers = ends.filter((end) => end.status === 'rejected')
  assert.equal(losers.length, 19)
  for (const { reason } of losers) failure('exists', `${path}: already exists`)(reason)
  assert.deepEqual(readdirSync(root), ['a'])
})

test('many writers of one name leave the whole content of one', async (t) => {
  const root = makeScratch(t)
  const contents = Array.from({ length: 20 }, (_, i) => String(i).repeat(100_000 + i))
  const path = join(root, 'a')
  await Promise.all(contents.map((content) => writeAtomically(path, Buffer.from(content), {})))
  assert.ok(contents.includes(readFileSync(path, 'utf8')))
  assert.deepEqual(readdirSync(root), ['a'])
})

test('a pipe takes more than it holds at once', unlessWindows, async (t) => {
  const path = join(makeScratch(t), 'pipe')
  execFileSync('mkfifo', [path])
  const isRead = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const writing = writeAtomically(path, Buffer.alloc(300_000, 'x'), {})
  const reading = promisify(execFile)('cat', [path], { maxBuffer: 2 ** 20 })
  await writing
  closeSync(isRead)
  assert.equal((await reading).stdout.length, 300_000)
  assert.ok(statSync(path).isFIFO())
})

test('a pipe that nobody reads is not waited for', unlessWindows, async (t) => {
  const path = join(makeScratch(t), 'pipe')
  execFileSync('mkfifo', [path])
  await assert.rejects(
    writeAtomically(path, bytes, {}),
    failure('io', `${path}: not a regular file, but a pipe that nobody reads`),
  )
  assert.ok(statSync(path).isFIFO())
})
