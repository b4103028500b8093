import assert from 'node:assert/strict'
import { chmodSync, lstatSync, mkdirSync, symlinkSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { osCodeOf } from '../../src/errors.js'
import { fingerprintOf } from '../../src/files/fingerprint.js'
import { lstatMany, nativeLstat, type LstatPaths } from '../../src/files/lstat-many.js'
import { makeScratch } from '../support/scratch.js'

const WAYS: Record<string, LstatPaths | null | undefined> = {
  'the native addon': nativeLstat ?? undefined,
  JavaScript: null,
}

for (const [who, native] of Object.entries(WAYS)) {
  const skip = native === undefined && 'the native addon is not built'

  test(`${who} sees what paths lead to, links not followed`, { skip }, async (t) => {
    const directory = makeScratch(t, { a: 'content', 'é \n': 'x', empty: '', old: '1' })
    chmodSync(join(directory, 'a'), 0o640)
    utimesSync(join(directory, 'old'), -5.5, -5.5)
    mkdirSync(join(directory, 'directory'))
    symlinkSync('a', join(directory, 'link'))
    const paths = ['a', 'é \n', 'empty', 'old', 'directory', 'link'].map((name) =>
      join(directory, name),
    )
    const expected = paths.map((path) => {
      const stats = lstatSync(path, { bigint: true })
      return { fingerprint: fingerprintOf(stats), mode: Number(stats.mode) }
    })
    assert.deepEqual(await lstatMany(paths, native), expected)
  })

  test(`${who} says why a path can't be looked at, and sees the others`, { skip }, async (t) => {
    const directory = makeScratch(t, { a: 'content' })
    const names = ['missing', 'a/b', 'n'.repeat(300), 'a']
    const states = await lstatMany(
      names.map((name) => join(directory, name)),
      native,
    )
    const codes = states.map((state) => (state instanceof Error ? osCodeOf(state) : 'there'))
    assert.deepEqual(codes, ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'there'])
  })

  test(`${who} looks at nothing when no path is given`, { skip }, async () => {
    assert.deepEqual(await lstatMany([], native), [])
  })
}
