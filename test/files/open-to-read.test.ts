import assert from 'node:assert/strict'
import { closeSync, readSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openToRead } from '../../src/files/with-file-bytes.js'
import { makeScratch } from '../support/scratch.js'

const onlyLinux = { skip: process.platform !== 'linux' && 'needs Linux' }

test('a file is read, and when it was read before stays noted', onlyLinux, (t) => {
  const path = join(makeScratch(t, { a: 'content' }), 'a')
  utimesSync(path, 1000, 2000)
  const descriptor = openToRead(path)
  const bytes = Buffer.alloc(10)
  assert.equal(bytes.toString('utf8', 0, readSync(descriptor, bytes)), 'content')
  closeSync(descriptor)
  assert.equal(statSync(path).atimeMs, 1_000_000)
})

test("what is another user's is read as well", onlyLinux, () => {
  const descriptor = openToRead('/etc/passwd')
  const bytes = Buffer.alloc(1)
  assert.equal(readSync(descriptor, bytes), 1)
  closeSync(descriptor)
})

test('what is not there is an error of the system', (t) => {
  assert.throws(() => openToRead(join(makeScratch(t), 'missing')), { code: 'ENOENT' })
})
