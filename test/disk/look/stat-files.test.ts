import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync, utimesSync } from 'node:fs'
import { join, relative } from 'node:path'
import { test } from 'node:test'
import { osCodeOf } from '../../../src/base/errors.js'
import { encodeFingerprint, readFingerprint } from '../../../src/disk/file-lists/fingerprint.js'
import {
  listColumns,
  listFiles,
  lstatMany,
  nativeList,
  nativeListNow,
  nativeLstat,
  nativeStat,
  statFiles,
  statInTurn,
  type PathState,
  type StatFiles,
} from '../../../src/disk/look/stat-files.js'
import { readNames } from '../../../src/disk/look/read-names.js'
import { makeScratch } from '../../support/scratch.js'

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

const WAYS: Record<string, StatFiles | null> = {
  'the native addon': nativeStat,
  JavaScript: statInTurn,
}

for (const [who, stat] of Object.entries(WAYS)) {
  const skip = stat === null && 'the native addon is not built'

  test(`${who} sees the fingerprints of regular files, and of nothing else`, { skip }, (t) => {
    const directory = makeScratch(t, { a: 'content', 'é \n': 'x', empty: '', old: '1' })
    utimesSync(join(directory, 'old'), -5.5, -5.5)
    mkdirSync(join(directory, 'directory'))
    symlinkSync('a', join(directory, 'link'))
    const table = statFiles(directory, NAMES, stat ?? undefined)
    NAMES.forEach((name, i) => {
      const isFile = i < 4
      const expected = isFile ? encodeFingerprint(readFingerprint(join(directory, name))) : null
      assert.deepEqual(table.at(i), expected, JSON.stringify(name))
    })
  })

  test(
    `${who} finds each of very many files at its place, and none that is missing`,
    { skip },
    (t) => {
      const planted = Array.from({ length: 1000 }, (_, i) => [`${i}`, 'x'.repeat(i % 100)] as const)
      const directory = makeScratch(t, Object.fromEntries(planted))
      const names = planted.flatMap(([name]) => [name, `missing ${name}`, 'n'.repeat(2000)])
      const table = statFiles(directory, names, stat ?? undefined)
      names.forEach((name, i) => {
        const expected =
          i % 3 === 0 ? encodeFingerprint(readFingerprint(join(directory, name))) : null
        assert.deepEqual(table.at(i), expected, name)
      })
    },
  )

  test(`${who} looks at no names without ado`, { skip }, (t) => {
    assert.equal(statFiles(makeScratch(t, {}), [], stat ?? undefined).at(0), null)
  })

  test(`${who} sees nothing in a directory that is not there`, { skip }, (t) => {
    const missing = join(makeScratch(t, {}), 'missing')
    assert.equal(statFiles(missing, ['a'], stat ?? undefined).at(0), null)
  })
}

test(
  'the native addon refuses what would lead it out of its memory',
  { skip: !nativeStat },
  (t) => {
    const directory = makeScratch(t, { a: '1' })
    assert.throws(() => nativeStat?.(directory, ['a'], new Uint8Array(39)), TypeError)
    assert.throws(() => nativeStat?.(directory, ['a'], new BigInt64Array(40) as never), TypeError)
    assert.throws(() => nativeStat?.(directory, 'a' as never, new Uint8Array(40)), TypeError)
  },
)

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
      const { names, table } = await listFiles(directory, list)
      assert.deepEqual(names, readNames(directory))
      const expected = statFiles(directory, names)
      names.forEach((name, i) => {
        assert.deepEqual(table.at(i), expected.at(i), name)
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
      const { names, table } = listColumns(directory, list)
      const expected = statFiles(directory, readNames(directory))
      assert.equal(names.length, count)
      readNames(directory).forEach((name, i) => {
        assert.equal(names.textAt(i), name)
        assert.deepEqual(table.at(i), expected.at(i), name)
      })
    }
  })

  test(`${who} keeps a listing with directories while others are listed`, { skip }, (t) => {
    const directory = makeScratch(t, { a: '1', 'b/c': '22', d: '333' })
    const { names, table } = listColumns(directory, list)
    listColumns(join(directory, 'b'), list)
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
    assert.throws(() => listColumns(join(directory, 'missing'), list), { code: 'ENOENT' })
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
    assert.deepEqual(await lstatMany([]), [])
    const names = paths.map((path) => relative(directory, path))
    assert.deepEqual((await lstatMany(names, nativeLstat, directory)).map(described), alone)
    assert.deepEqual((await lstatMany(names, null, directory)).map(described), alone)
    const [nowhere] = await lstatMany(['a'], nativeLstat, join(directory, 'missing'))
    assert.ok(nowhere instanceof Error || nowhere?.mode === 0)
    assert.throws(() => nativeLstat?.(names, 1 as never), TypeError)
    assert.throws(() => nativeLstat?.(names, 'a'.repeat(10_000)), TypeError)
    assert.throws(() => nativeLstat?.('a' as never), TypeError)
  },
)

function described(state: PathState | Error) {
  return state instanceof Error ? osCodeOf(state) : state
}
