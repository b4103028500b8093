import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, renameSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { nativeTables, readTreeTables } from '../../src/files/tree-tables.js'
import { makeScratch } from '../support/scratch.js'

const skip = nativeTables === null && 'the native addon is not built'
const never = new AbortController().signal

/** Reads the table of all that is visible below a directory. */
const look = (root: string) => readTreeTables({ deep: [root], flat: [], all: false }, never)

const FILES = { a: 'a', 'tree/b': 'b', 'tree/sub/c': 'c', '.hidden/d': 'd' }

/** Changes in a directory, and whether the table shows them. */
const CHANGES: readonly (readonly [what: string, change: (root: string) => void, seen: boolean])[] =
  [
    ['nothing', () => undefined, false],
    [
      'a file that grows',
      (root) => {
        writeFileSync(join(root, 'tree/sub/c'), 'more')
      },
      true,
    ],
    [
      'a file that gets a time',
      (root) => {
        utimesSync(join(root, 'a'), 5, 5)
      },
      true,
    ],
    [
      'a file that may be run',
      (root) => {
        chmodSync(join(root, 'a'), 0o755)
      },
      true,
    ],
    [
      'another name',
      (root) => {
        renameSync(join(root, 'a'), join(root, 'b'))
      },
      true,
    ],
    [
      'another name of a directory',
      (root) => {
        renameSync(join(root, 'tree'), join(root, 't'))
      },
      true,
    ],
    [
      'a new directory',
      (root) => {
        mkdirSync(join(root, 'tree/new'))
      },
      true,
    ],
    [
      'a new hidden name',
      (root) => {
        writeFileSync(join(root, '.new'), '')
      },
      true,
    ],
    [
      'a change of what is hidden',
      (root) => {
        writeFileSync(join(root, '.hidden/e'), '')
      },
      false,
    ],
  ]

for (const [what, change, isSeen] of CHANGES) {
  test(`${what} ${isSeen ? 'makes' : 'does not make'} another table`, { skip }, async (t) => {
    const root = makeScratch(t, FILES)
    const before = await look(root)
    change(root)
    const after = await look(root)
    assert.ok(before && after)
    assert.equal(isDeepStrictEqual(before.tables, after.tables), !isSeen)
  })
}

test('a change among very many files makes another table', { skip }, async (t) => {
  const names = Array.from({ length: 1000 }, (_, i) => [`tree/${i}`, ''] as const)
  const root = makeScratch(t, { ...FILES, ...Object.fromEntries(names) })
  const [before, again] = [await look(root), await look(root)]
  chmodSync(join(root, 'tree/500'), 0o755)
  const after = await look(root)
  assert.ok(before && again && after)
  assert.deepEqual(again.tables, before.tables)
  assert.equal(isDeepStrictEqual(after.tables, before.tables), false)
})

test('directories are told of in the order in which they are named', { skip }, async (t) => {
  const few = makeScratch(t, FILES)
  const names = Array.from({ length: 1000 }, (_, i) => [`${i}`, ''] as const)
  const many = makeScratch(t, Object.fromEntries(names))
  const each = [(await look(few))?.tables, (await look(many))?.tables].flat()
  const both = await readTreeTables({ deep: [few, many], flat: [], all: false }, never)
  assert.deepEqual(both?.tables, each)
  const turned = await readTreeTables({ deep: [many, few], flat: [], all: false }, never)
  assert.deepEqual(turned?.tables, each.reverse())
})

test('the latest time is that of a file at any depth', { skip }, async (t) => {
  const root = makeScratch(t, FILES)
  const ahead = Math.floor(Date.now() / 1000) + 5000
  utimesSync(join(root, 'tree/sub/c'), ahead, ahead)
  const { latestNs } = (await look(root)) ?? {}
  assert.equal(Number(latestNs) / 1e9, ahead)
})

test('temporary files of btkit are told of', { skip }, async (t) => {
  const root = makeScratch(t, FILES)
  assert.equal((await look(root))?.hasTemporary, false)
  writeFileSync(join(root, 'tree', '.a.01234567-8-01234567.btkit-tmp'), '')
  assert.equal((await look(root))?.hasTemporary, true)
})

test(
  'nothing is told of what a link to a directory leads to, or of no directory',
  { skip },
  async (t) => {
    const root = makeScratch(t, FILES)
    assert.equal(await look(join(root, 'missing')), null)
    assert.equal(await look(join(root, 'a')), null)
    symlinkSync('tree', join(root, 'link'))
    assert.equal(await look(root), null)
  },
)

test('a signal ends the look', { skip }, async (t) => {
  const controller = new AbortController()
  const places = { deep: [makeScratch(t, FILES)], flat: [], all: false }
  const looking = readTreeTables(places, controller.signal)
  controller.abort()
  assert.equal(await looking, null)
})

test('the native addon refuses arguments of the wrong kind', { skip }, () => {
  const options = { deep: 0, all: false, stop: new Int32Array(1) }
  const bad: [unknown, unknown][] = [
    [['/', 5], options],
    ['/', options],
    [['/'], { ...options, stop: new Int32Array(0) }],
    [['/'], { ...options, stop: new Uint8Array(4) }],
    [['/'], { ...options, all: 1 }],
    [['/'], undefined],
  ]
  for (const [roots, rest] of bad)
    assert.throws(() => nativeTables?.(roots as never, rest as never), TypeError)
})
