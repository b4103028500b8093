import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { listNames, openEntry } from '../../../src/files/scan/entry.js'
import { readFingerprint } from '../../../src/files/fingerprint.js'
import { failure } from '../failure.js'
import { makeTemporaryDirectory, plantTree } from '../temporary-directory.js'

test('what is no directory has no names', (t) => {
  const root = plantTree(t, ['a'])
  const [file, missing] = [join(root, 'a'), join(root, 'b')]
  assert.throws(() => listNames(file), failure('not-found', `${file}: not a directory`))
  const message = `${missing}: no such file or directory`
  assert.throws(() => listNames(missing), failure('not-found', message))
})

test('an entry is a file with its fingerprint, or a directory', (t) => {
  const root = plantTree(t, ['a', 'd/x'])
  const rules = { policy: 'inside' as const, realRoot: root }
  const absolutePath = join(root, 'a')
  const fingerprint = readFingerprint(absolutePath)
  assert.deepEqual(openEntry('a', rules), {
    kind: 'file',
    absolutePath,
    fingerprint,
    attributes: '',
  })
  assert.deepEqual(openEntry('d', rules), { kind: 'directory', absolutePath: join(root, 'd') })
})

test('an entry that is gone is an error that names it', (t) => {
  const root = makeTemporaryDirectory(t)
  writeFileSync(join(root, 'x'), '')
  const message = `${root}/gone: no such file or directory`
  const open = () => openEntry('gone', { policy: 'inside', realRoot: root })
  assert.throws(open, failure('not-found', message))
})
