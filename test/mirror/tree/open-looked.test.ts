import assert from 'node:assert/strict'
import { appendFileSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fingerprintOf } from '../../../src/disk/file-lists/fingerprint.js'
import { readBeginning } from '../../../src/mirror/tree/open-looked.js'
import { makeScratch } from '../../support/scratch.js'

/** Changes of a file of 7 bytes after a look at it, and what is then read of its first 9 bytes. */
const CHANGES: Record<string, readonly [act: (path: string) => void, read: string | null]> = {
  'is as it was': [() => undefined, 'content'],
  'has grown': [(path) => appendFileSync(path, ' and more'), 'content '],
  'is shorter': [(path) => truncateSync(path, 6), null],
  'is gone': [(path) => rmSync(path), null],
  'is another one': [
    (path) => {
      writeFileSync(`${path}.new`, 'content')
      renameSync(`${path}.new`, path)
    },
    null,
  ],
}

for (const [what, [act, read]] of Object.entries(CHANGES)) {
  const result = read === null ? 'not read' : 'read'
  test(`the beginning of a file that ${what} since the look is ${result}`, async (t) => {
    const path = join(makeScratch(t, { file: 'content' }), 'file')
    const look = {
      absolutePath: path,
      fingerprint: fingerprintOf(statSync(path, { bigint: true })),
    }
    act(path)
    const bytes = await readBeginning(look, 9)
    assert.equal(bytes && String(bytes), read)
  })
}
