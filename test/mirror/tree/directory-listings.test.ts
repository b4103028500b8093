import assert from 'node:assert/strict'
import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { DirectoryListings } from '../../../src/mirror/tree/directory-listings.js'
import { makeScratch } from '../../support/scratch.js'

/** Later than any change in a test, so that nothing counts as just changed. */
const LATER = 60_000

/** Lists a directory of two files, and counts how often it was read. */
function prepareListing(t: TestContext, { later = LATER } = {}) {
  const directory = makeScratch(t, { a: '1', b: '2' })
  const clock = { elapsed: 0 }
  const listings = new DirectoryListings({
    now: () => Date.now() + later,
    monotonic: () => clock.elapsed,
  })
  const read = async () => {
    const chunks: (readonly { name: string; kind: string }[])[] = []
    for await (const chunk of listings.entries(directory)) chunks.push(chunk)
    return chunks.flat()
  }
  const names = async () => (await read()).map(({ name }) => name).sort()
  return { directory, clock, read, names }
}

test('an unchanged directory is not read again', async (t) => {
  const { read } = prepareListing(t)
  const [first, second] = [await read(), await read()]
  assert.deepEqual(first.map(({ name }) => name).sort(), ['a', 'b'])
  assert.ok(first.every((entry) => second.includes(entry)))
})

test('new, removed and changed entries of a directory are noticed', async (t) => {
  const { directory, names, read } = prepareListing(t)
  assert.deepEqual(await names(), ['a', 'b'])
  writeFileSync(join(directory, 'c'), '3')
  assert.deepEqual(await names(), ['a', 'b', 'c'])
  rmSync(join(directory, 'a'))
  assert.deepEqual(await names(), ['b', 'c'])
  rmSync(join(directory, 'b'))
  mkdirSync(join(directory, 'b'))
  const kinds = Object.fromEntries((await read()).map(({ name, kind }) => [name, kind]))
  assert.deepEqual(kinds, { b: 'directory', c: 'file' })
})

test('a directory whose date was set back is read again', async (t) => {
  const { directory, names } = prepareListing(t)
  utimesSync(directory, 1_000_000, 1_000_000)
  await names()
  writeFileSync(join(directory, 'c'), '3')
  utimesSync(directory, 1_000_000, 1_000_000)
  assert.deepEqual(await names(), ['a', 'b', 'c'])
})

test('a directory that just changed is read again: its date may not change any more', async (t) => {
  const { read } = prepareListing(t, { later: 0 })
  const [first, second] = [await read(), await read()]
  assert.ok(first.length === 2 && !first.some((entry) => second.includes(entry)))
})

test('a directory is read again after a while, whatever its date says', async (t) => {
  const { clock, read } = prepareListing(t)
  const first = await read()
  clock.elapsed += 10_000
  const second = await read()
  assert.ok(second.length === 2 && !first.some((entry) => second.includes(entry)))
})

test('a missing directory is an error', async (t) => {
  const { directory, names } = prepareListing(t)
  await names()
  rmSync(directory, { recursive: true })
  await assert.rejects(names(), { code: 'ENOENT' })
})
