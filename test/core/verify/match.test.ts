// In a process of its own: it counts the calls of fs
import assert from 'node:assert/strict'
import fs, { renameSync, rmSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { test, type TestContext } from 'node:test'
import { nativeLook } from '../../../src/disk/scan/look-again.js'
import { PIECE, placeOf, plantRelease, plantV2, verify, type Release } from './release.js'

/** Renames files of a release, and returns what each new name is said to be. */
async function rename(release: Release, names: Record<string, string>) {
  for (const [from, to] of Object.entries(names))
    renameSync(placeOf(release, from), placeOf(release, to))
  const { files } = await verify(release, { extra: true })
  const extra = files.filter(({ status }) => status === 'extra')
  return Object.fromEntries(extra.map(({ path, reason }) => [path.join('/'), reason]))
}

function is(name: string): string {
  return `is the missing ${name} by another name`
}

for (const [x, y] of [
  ['x', 'y'],
  ['y', 'x'],
] as const) {
  test(`files of one size in one piece are told apart, a as ${x}`, async (t) => {
    const release = plantRelease(t, [
      { path: '0', size: 2.5 * PIECE },
      { path: 'a', size: 100 },
      { path: 'b', size: 100 },
      { path: 'c', size: 3 * PIECE },
    ])
    assert.deepEqual(await rename(release, { a: x, b: y }), { [x]: is('a'), [y]: is('b') })
  })
}

test('all files of a piece are found if each has another name', async (t) => {
  const sizes = [10, 20, 20, 30, 20, 20, PIECE, 1.5 * PIECE, 40]
  const release = plantRelease(
    t,
    sizes.map((size, i) => ({ path: `${i}`, size })),
  )
  const names = sizes.map((_, i) => [`${i}`, `new-${8 - i}`] as const)
  const said = await rename(release, Object.fromEntries(names))
  assert.deepEqual(said, Object.fromEntries(names.map(([from, to]) => [to, is(from)])))
})

test('a file whose pieces prove a part of it may be a missing one', async (t) => {
  const release = plantRelease(t, [
    { path: 'a', size: 100 },
    { path: 'b', size: 3 * PIECE },
  ])
  rmSync(placeOf(release, 'a'))
  assert.deepEqual(await rename(release, { b: 'x' }), { x: 'may be the missing b by another name' })
})

for (const version of ['v2', 'hybrid'] as const) {
  test(`${version}: a file is found between large ones`, async (t) => {
    const files = [
      { path: 'a', size: 5.5 * PIECE },
      { path: 'b', size: 2.5 * PIECE },
      { path: 'c', size: 7.5 * PIECE },
    ]
    const release = plantV2(t, files, { version, pieceLength: 2 * PIECE })
    assert.deepEqual(await rename(release, { b: 'x' }), { x: is('b') })
  })
}

test('v2: many files of one size, far shorter than a piece, are told apart', async (t) => {
  const names = Array.from({ length: 40 }, (_, i) => `${i}`)
  const files = names.map((path) => ({ path, size: 1.5 * PIECE }))
  const release = plantV2(t, files, { version: 'v2', pieceLength: 16 * PIECE })
  const pairs = names.map((name, i) => [name, `x${(17 * i) % 40}`] as const)
  const said = await rename(release, Object.fromEntries(pairs))
  assert.deepEqual(said, Object.fromEntries(pairs.map(([name, other]) => [other, is(name)])))
})

test('a renamed file costs reads of what overlaps it, whatever the number of files', async (t) => {
  const [few, many] = [await readsOf(t, 20), await readsOf(t, 200)]
  assert.ok(few >= 20, `${few} reads of 20 files`)
  assert.ok(many <= 12 * few, `${few} reads of 20 files, ${many} of 200`)
})

/**
 * Returns how often a file is opened in a check of so many files, of which half have other names.
 */
async function readsOf(t: TestContext, count: number): Promise<number> {
  const { release, names } = plantMany(t, count)
  const renamed = names.filter((_, i) => i % 2 === 1)
  const pairs = Object.fromEntries(renamed.map((name) => [name, `x${name}`]))
  const { result, calls } = await countCalls(t, 'openSync', () => rename(release, pairs))
  assert.deepEqual(Object.values(result), renamed.map(is))
  return calls
}

test('the event loop waits for no look at a file', { skip: !nativeLook }, async (t) => {
  const looks = async (count: number) => {
    const { release } = plantMany(t, count)
    const { result, calls } = await countCalls(t, 'lstatSync', () => verify(release))
    assert.equal(result.ok, true)
    return calls
  }
  assert.equal(await looks(200), await looks(20))
})

function plantMany(t: TestContext, count: number) {
  const names = Array.from({ length: count }, (_, i) => String(i).padStart(3, '0'))
  const files = names.map((path, i) => ({ path, size: 1.5 * PIECE + i }))
  return { names, release: plantRelease(t, files) }
}

async function countCalls<T>(
  t: TestContext,
  name: 'openSync' | 'lstatSync',
  act: () => Promise<T>,
) {
  const counted = t.mock.method(fs, name)
  syncBuiltinESMExports()
  const result = await act()
  counted.mock.restore()
  syncBuiltinESMExports()
  return { result, calls: counted.mock.callCount() }
}
