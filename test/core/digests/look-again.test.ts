import assert from 'node:assert/strict'
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { lookAgain } from '../../../src/core/digests/look-again.js'
import { readFingerprint, readFingerprintIfThere } from '../../../src/files/fingerprint.js'
import { makeScratch } from '../../support/scratch.js'

test('files of several directories are looked at in their own order', (t) => {
  const root = makeScratch(t)
  for (const name of ['a', 'b']) mkdirSync(join(root, name))
  const names = ['b/2', 'a/1', 'b/1', '0', 'a/2', 'gone/1', 'b/gone', 'a/link']
  const files = names.map((name) => {
    const absolutePath = join(root, name)
    if (!name.includes('gone')) writeFileSync(absolutePath, name.repeat(name.length))
    const fingerprint = readFingerprintIfThere(absolutePath) ?? readFingerprint(root)
    return { path: [name], absolutePath, fingerprint }
  })
  rmSync(join(root, 'a/link'))
  symlinkSync('1', join(root, 'a/link'))
  const looks = lookAgain(files)
  assert.deepEqual(
    looks.slice(0, 5),
    files.slice(0, 5).map(({ fingerprint }) => fingerprint),
  )
  assert.deepEqual(looks.slice(5, 7), [null, null])
  assert.notDeepEqual(looks[7], readFingerprint(join(root, 'a/1')))
  assert.equal(looks[7]?.size, 1)
})
