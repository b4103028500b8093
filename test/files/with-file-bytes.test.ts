import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { withFileBytes } from '../../src/files/with-file-bytes.js'
import { failure } from './failure.js'
import { makeTemporaryDirectory } from './temporary-directory.js'

const KIB = 1024

test('files of any size are read whole, at and around that of the lent memory', (t) => {
  const path = join(makeTemporaryDirectory(t), 'a')
  for (const size of [0, 1, 512 * KIB - 1, 512 * KIB, 512 * KIB + 1, 2000 * KIB]) {
    const content = Buffer.alloc(size, String(size))
    writeFileSync(path, content)
    assert.ok(withFileBytes(path, 4000 * KIB, (bytes) => content.equals(bytes)))
  }
})

test('a file that is read while another is in use has memory of its own', (t) => {
  const root = makeTemporaryDirectory(t)
  writeFileSync(join(root, 'a'), 'aaa')
  writeFileSync(join(root, 'b'), 'bbb')
  withFileBytes(join(root, 'a'), 10, (a) => {
    withFileBytes(join(root, 'b'), 10, (b) => {
      assert.equal(Buffer.concat([a, b]).toString(), 'aaabbb')
    })
  })
})

test('a file over the limit is refused, one at the limit is not', (t) => {
  const path = join(makeTemporaryDirectory(t), 'a')
  writeFileSync(path, 'four')
  assert.equal(
    withFileBytes(path, 4, (bytes) => bytes.length),
    4,
  )
  assert.throws(
    () => withFileBytes(path, 3, () => 0),
    failure('too-large', `${path}: larger than the limit of 3 bytes`),
  )
})

test('a missing file is told, and what the use throws is thrown', (t) => {
  const root = makeTemporaryDirectory(t)
  const gone = join(root, 'gone')
  assert.throws(
    () => withFileBytes(gone, 9, () => 0),
    failure('not-found', `${gone}: no such file or directory`),
  )
  writeFileSync(join(root, 'a'), 'a')
  const fail = () => {
    throw new RangeError('mine')
  }
  assert.throws(() => withFileBytes(join(root, 'a'), 9, fail), RangeError)
  assert.equal(
    withFileBytes(join(root, 'a'), 9, (bytes) => bytes.length),
    1,
  )
})
