import assert from 'node:assert/strict'
import { renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fingerprintOf } from '../../../src/disk/file-lists/fingerprint.js'
import { readBeginning } from '../../../src/mirror/tree/open-looked.js'
import { makeScratch } from '../../support/scratch.js'

/** What a file of 7 bytes has after a look at it, and what is then read of its first 8 bytes. */
for (const [what, now, read] of [
  ['is as it was', 'content', 'content'],
  ['has grown', 'content and more', 'content '],
  ['is shorter', 'conten', null],
  ['is gone', null, null],
] as const) {
  test(`of a file that ${what} since the look, ${read ? 'the beginning' : 'nothing'} is read`, async (t) => {
    const { path, begin } = look(makeScratch(t, { file: 'content' }))
    if (now === null) rmSync(path)
    else writeFileSync(path, now)
    assert.equal(await begin(), read)
  })
}

test('of another file in the place of the one of the look, nothing is read', async (t) => {
  const { path, begin } = look(makeScratch(t, { file: 'content', other: 'content' }))
  renameSync(join(path, '../other'), path)
  assert.equal(await begin(), null)
})

/** Looks at a file; `begin` reads its beginning later. */
function look(directory: string) {
  const path = join(directory, 'file')
  const fingerprint = fingerprintOf(statSync(path, { bigint: true }))
  const begin = async () => {
    const bytes = await readBeginning({ absolutePath: path, fingerprint }, 8)
    return bytes && String(bytes)
  }
  return { path, begin }
}
