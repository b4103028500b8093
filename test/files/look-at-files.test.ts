import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { stampOf } from '../../src/core/stamp.js'
import { readFingerprint } from '../../src/files/fingerprint.js'
import { lookAtFiles, lookInTurn, nativeLook, type Look } from '../../src/files/look-at-files.js'
import { makeScratch } from '../support/scratch.js'

const NAMES = [
  'a',
  'é \n',
  'empty',
  'old',
  'directory',
  'link',
  'missing',
  'a\0b',
  'n'.repeat(2000),
]

const LOOKS: Record<string, Look | null> = {
  'the native addon': nativeLook,
  JavaScript: lookInTurn,
}

for (const [who, look] of Object.entries(LOOKS)) {
  const skip = look === null && 'the native addon is not built'

  test(`${who} sees the fingerprints of regular files, and of nothing else`, { skip }, (t) => {
    const directory = makeScratch(t, { a: 'content', 'é \n': 'x', empty: '', old: '1' })
    utimesSync(join(directory, 'old'), -5.5, -5.5)
    mkdirSync(join(directory, 'directory'))
    symlinkSync('a', join(directory, 'link'))
    const table = lookAtFiles(directory, NAMES, look ?? undefined)
    NAMES.forEach((name, i) => {
      const isFile = i < 4
      const expected = isFile ? stampOf(readFingerprint(join(directory, name))) : null
      assert.deepEqual(table.at(i), expected, JSON.stringify(name))
    })
  })

  test(`${who} looks at no names without ado`, { skip }, (t) => {
    assert.equal(lookAtFiles(makeScratch(t, {}), [], look ?? undefined).at(0), null)
  })

  test(`${who} sees nothing in a directory that is not there`, { skip }, (t) => {
    const missing = join(makeScratch(t, {}), 'missing')
    assert.equal(lookAtFiles(missing, ['a'], look ?? undefined).at(0), null)
  })
}

test(
  'the native addon refuses what would lead it out of its memory',
  { skip: !nativeLook },
  (t) => {
    const directory = makeScratch(t, { a: '1' })
    assert.throws(() => nativeLook?.(directory, ['a'], new BigInt64Array(4)), TypeError)
    assert.throws(() => nativeLook?.(directory, ['a'], new Uint8Array(400) as never), TypeError)
    assert.throws(() => nativeLook?.(directory, 'a' as never, new BigInt64Array(5)), TypeError)
  },
)
