import assert from 'node:assert/strict'
import { lstatSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { test } from 'node:test'
import { osCodeOf } from '../../../src/base/errors.js'
import { rawPath, textOfPath } from '../../../src/base/text/raw-path.js'
import { encodeFingerprint, fingerprintOf } from '../../../src/disk/file-lists/fingerprint.js'
import {
  listColumns,
  ListingRoom,
  listFiles,
  lstatMany,
  nativeList,
  nativeListNow,
  nativeLstat,
  type PathState,
} from '../../../src/disk/look/stat-files.js'
import { readNames } from '../../../src/disk/look/read-names.js'
import { makeScratch } from '../../support/scratch.js'

/** The encoded state of a regular file; null for anything else. */
function stateOf(directory: string, name: string): Uint8Array | null {
  const stats = lstatSync(join(directory, name), { bigint: true })
  return stats.isFile() ? encodeFingerprint(fingerprintOf(stats)) : null
}

for (const [who, list] of Object.entries({ 'the native addon': nativeList, JavaScript: null })) {
  const skip = who !== 'JavaScript' && list === null && 'the native addon is not built'

  test(
    `${who} lists a directory in the order of bytes, with its files' states`,
    { skip },
    async (t) => {
      const planted = Array.from({ length: 2000 }, (_, i) => [`${i}`, 'x'.repeat(i % 100)] as const)
      const odd = { 'new\nline': '1', '\u{1F600}': '2', '\uF000': '3', '.hidden': '4' }
      const directory = makeScratch(t, { ...Object.fromEntries(planted), ...odd })
      mkdirSync(join(directory, 'directory'))
      symlinkSync('1', join(directory, 'link'))
      utimesSync(join(directory, '7'), -5.5, -5.5)
      const { names, table } = await listFiles(directory, list)
      assert.deepEqual(names, readNames(directory))
      names.forEach((name, i) => {
        assert.deepEqual(table.at(i), stateOf(directory, name), name)
        assert.equal(table.isDirectory(i), name === 'directory', name)
      })
    },
  )

  test(`${who} lists an empty directory, and says why none can be listed`, { skip }, async (t) => {
    const directory = makeScratch(t)
    assert.deepEqual((await listFiles(directory, list)).names, [])
    const error = await listFiles(join(directory, 'missing'), list).catch((found: unknown) => found)
    assert.equal(osCodeOf(error), 'ENOENT')
  })
}

for (const [who, list] of Object.entries({ 'the native addon': nativeListNow, JavaScript: null })) {
  const skip = who !== 'JavaScript' && list === null && 'the native addon is not built'

  test(`${who} lists columns as a listing has them, of few and of many files`, { skip }, (t) => {
    for (const count of [0, 1, 1000, 5000]) {
      const planted = Array.from(
        { length: count },
        (_, i) => [`${i}`, 'x'.repeat(i % 100)] as const,
      )
      const directory = makeScratch(t, Object.fromEntries(planted))
      const { names, table } = listColumns(directory, new ListingRoom(), list)
      assert.equal(names.length, count)
      readNames(directory).forEach((name, i) => {
        assert.equal(names.textAt(i), name)
        assert.deepEqual(table.at(i), stateOf(directory, name), name)
      })
    }
  })

  test(`${who} keeps a listing with directories while others are listed`, { skip }, (t) => {
    const directory = makeScratch(t, { a: '1', 'b/c': '22', d: '333' })
    const { names, table } = listColumns(directory, new ListingRoom(), list)
    listColumns(join(directory, 'b'), new ListingRoom(), list)
    const found = ['a', 'b', 'd'].map((_, i) => [
      names.textAt(i),
      table.sizeAt(i),
      table.isThere(i),
    ])
    assert.deepEqual(found, [
      ['a', 1, true],
      ['b', 0, false],
      ['d', 3, true],
    ])
    assert.throws(() => listColumns(join(directory, 'missing'), new ListingRoom(), list), {
      code: 'ENOENT',
    })
  })
}

test(
  'paths are looked at together as one by one, failures too',
  { skip: !nativeLstat },
  async (t) => {
    const directory = makeScratch(t, { a: 'content' })
    mkdirSync(join(directory, 'directory'))
    symlinkSync('nowhere', join(directory, 'link'))
    const paths = ['a', 'directory', 'link', 'missing', 'a/b'].map((name) => join(directory, name))
    const alone = (await lstatMany(paths, null)).map(described)
    assert.deepEqual((await lstatMany(paths)).map(described), alone)
    const [missing] = await lstatMany(['a\0b'])
    assert.equal(osCodeOf(missing), 'ENOENT')
    const names = paths.map((path) => relative(directory, path))
    assert.deepEqual((await lstatMany(names, nativeLstat, directory)).map(described), alone)
    assert.deepEqual((await lstatMany(names, null, directory)).map(described), alone)
    const raw = textOfPath(Buffer.of(0xe9))
    writeFileSync(rawPath(join(directory, raw)), '')
    for (const native of [nativeLstat, null]) {
      const states = await lstatMany([...names, raw], native, directory)
      assert.ok('mode' in (states.at(-1) ?? {}))
    }
    const [nowhere] = await lstatMany(['a'], nativeLstat, join(directory, 'missing'))
    assert.ok(nowhere instanceof Error || nowhere?.mode === 0)
  },
)

function described(state: PathState | Error) {
  return state instanceof Error ? osCodeOf(state) : state
}
