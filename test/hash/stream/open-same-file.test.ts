import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { closeSync, fstatSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { openSameFile } from '../../../src/hash/stream/open-same-file.js'
import { failure, unlessWindows } from '../../files/failure.js'
import { makeScratch } from '../../support/scratch.js'
import { openFilesBelow, unlessProc } from './open-files.js'

/** A file, its identity, and another of the same content. */
function plantTwo(t: TestContext) {
  const directory = makeScratch(t, { a: 'same', b: 'same' })
  const path = join(directory, 'a')
  const { dev, ino } = statSync(path, { bigint: true })
  const other = join(directory, 'b')
  return { directory, path, other, identity: BigUint64Array.of(dev, ino) }
}

const wasReplaced = (path: string) => failure('changed', `${path}: was replaced while it was read`)

test('the file that was looked at is opened', (t) => {
  const { path, identity } = plantTwo(t)
  const descriptor = openSameFile(path, identity)
  t.after(() => {
    closeSync(descriptor)
  })
  assert.equal(fstatSync(descriptor, { bigint: true }).ino, identity[1])
})

test('another file of its name is not, and none stays open', unlessProc, (t) => {
  const { directory, path, other, identity } = plantTwo(t)
  renameSync(other, path)
  assert.throws(() => openSameFile(path, identity), wasReplaced(path))
  assert.deepEqual(openFilesBelow(directory), [])
})

test('a link to another file is not followed, nor one to the very file', unlessWindows, (t) => {
  const { path, other, identity } = plantTwo(t)
  renameSync(path, `${path}.moved`)
  for (const target of [other, `${path}.moved`]) {
    symlinkSync(target, path)
    assert.throws(() => openSameFile(path, identity), wasReplaced(path))
    rmSync(path)
  }
})

test('a pipe is not waited for', { ...unlessWindows, timeout: 20_000 }, (t) => {
  const { path, identity } = plantTwo(t)
  rmSync(path)
  execFileSync('mkfifo', [path])
  assert.throws(() => openSameFile(path, identity), wasReplaced(path))
})

test('a file that is gone is the error of the system', (t) => {
  const { path, identity } = plantTwo(t)
  rmSync(path)
  assert.throws(() => openSameFile(path, identity), { code: 'ENOENT' })
})
