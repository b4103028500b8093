import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { checkEditable, checkWritable } from '../../../src/files/write/check-editable.js'
import { encodeFingerprint, readFingerprint } from '../../../src/files/fingerprint.js'
import { failure, unlessRoot, unlessWindows } from '../failure.js'
import { plantTree } from '../temporary-directory.js'

test('a file has a mode and an owner, seen through links', unlessWindows, (t) => {
  const root = plantTree(t, ['a'])
  chmodSync(join(root, 'a'), 0o640)
  symlinkSync('a', join(root, 'link'))
  const owner = { uid: process.getuid?.(), gid: process.getgid?.() }
  const fingerprint = encodeFingerprint(readFingerprint(join(root, 'a')))
  assert.deepEqual(checkEditable(join(root, 'link')), { mode: 0o640, owner, fingerprint })
})

test('what is no file is refused, a pipe without waiting for it', unlessWindows, (t) => {
  const root = plantTree(t, ['d/a'])
  const pipe = join(root, 'pipe')
  execFileSync('mkfifo', [pipe])
  assert.throws(() => checkEditable(pipe), failure('io', `${pipe}: not a regular file`))
  const directory = join(root, 'd')
  assert.throws(() => checkEditable(directory), failure('io', `${directory}: is a directory`))
  const gone = join(root, 'gone')
  const missing = failure('not-found', `${gone}: no such file or directory`)
  assert.throws(() => checkEditable(gone), missing)
})

test('a read-only file is refused', unlessRoot, (t) => {
  const path = join(plantTree(t, ['a']), 'a')
  checkWritable(path)
  chmodSync(path, 0o444)
  const refused = failure('not-permitted', `${path}: permission denied`)
  assert.throws(() => {
    checkWritable(path)
  }, refused)
})
