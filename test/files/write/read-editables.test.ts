import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, rmSync, symlinkSync, utimesSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { checkEditable } from '../../../src/files/write/check-editable.js'
import {
  nativeReadFiles,
  readEditables,
  type ReadPath,
} from '../../../src/files/write/read-editables.js'
import { makeScratch } from '../../support/scratch.js'
import { unlessRoot, unlessWindows } from '../failure.js'

const unlessBuilt = { skip: nativeReadFiles === null && 'the addon is not built' }
const MIB = 1024 * 1024

/** All that is read, with copies of the bytes, which last only until the next are. */
async function readAll(paths: readonly string[]): Promise<ReadPath[]> {
  const all: ReadPath[] = []
  for await (const some of readEditables(paths)) {
    for (const { path, found } of some) {
      all.push({ path, found: found && { ...found, bytes: Buffer.from(found.bytes) } })
    }
  }
  return all
}

test('files are read whole and in order, more of them than at a time', unlessBuilt, async (t) => {
  const names = Array.from({ length: 300 }, (_, i) => `${i}`)
  const contentOf = (name: string) => name.repeat(Number(name) % 7)
  const root = makeScratch(t, Object.fromEntries(names.map((name) => [name, contentOf(name)])))
  const paths = names.map((name) => join(root, name))
  const all = await readAll(paths)
  assert.deepEqual(
    all.map(({ path }) => path),
    paths,
  )
  for (const [i, name] of names.entries()) {
    assert.equal(all[i]?.found?.bytes.toString(), contentOf(name))
  }
})

test(
  'what does not fit with others is read after them, and the largest not',
  unlessBuilt,
  async (t) => {
    const sizes = [1, 3 * MIB, 2 * MIB, 4 * MIB - 1, 4 * MIB, 9 * MIB, 5, 4 * MIB + 1]
    const contents = sizes.map((size, i) => Buffer.alloc(size, `${i}`))
    const root = makeScratch(t, Object.fromEntries(contents.map((bytes, i) => [`${i}`, bytes])))
    const all = await readAll(sizes.map((_, i) => join(root, `${i}`)))
    assert.equal(all.length, sizes.length)
    for (const [i, { found }] of all.entries()) {
      if (sizes[i]! >= 4 * MIB) assert.equal(found, null, `${sizes[i]}`)
      else assert.ok(found && contents[i]!.equals(found.bytes), `${sizes[i]}`)
    }
  },
)

test(
  'mode, owner and fingerprint are those of the file, links followed',
  unlessBuilt,
  async (t) => {
    const root = makeScratch(t, { a: 'content' })
    chmodSync(join(root, 'a'), 0o604)
    symlinkSync('a', join(root, 'link'))
    for (const name of ['a', 'link']) {
      const path = join(root, name)
      const [read] = await readAll([path])
      const found = { ...checkEditable(path), isWritable: true, bytes: Buffer.from('content') }
      assert.deepEqual(read?.found, found)
    }
  },
)

test('whoever made a file read-only is heard', { ...unlessBuilt, ...unlessRoot }, async (t) => {
  const path = join(makeScratch(t, { a: 'content' }), 'a')
  chmodSync(path, 0o400)
  const [read] = await readAll([path])
  assert.equal(read?.found?.isWritable, false)
})

test('what is no file, or can not be read, is left to others', unlessWindows, async (t) => {
  const root = makeScratch(t, { a: 'content' })
  mkdirSync(join(root, 'directory'))
  symlinkSync('nowhere', join(root, 'dangling'))
  spawnSync('mkfifo', [join(root, 'pipe')])
  const names = ['directory', 'dangling', 'pipe', 'gone', 'nul\0', '']
  const all = await readAll(names.map((name) => (name === '' ? '' : join(root, name))))
  assert.deepEqual(
    all.map(({ found }) => found),
    names.map(() => null),
  )
})

test('to read a file leaves no note of it', unlessBuilt, async (t) => {
  const path = join(makeScratch(t, { a: 'content' }), 'a')
  utimesSync(path, 1000, 2000)
  await readAll([path])
  if (process.platform === 'linux') assert.equal(statSync(path).atimeMs, 1_000_000)
})

test('without the addon all is left to others, in order', async (t) => {
  const root = makeScratch(t, { a: 'content' })
  const paths = Array.from({ length: 100 }, (_, i) => join(root, `${i}`))
  const all: string[] = []
  for await (const some of readEditables(paths, null)) {
    for (const { path, found } of some) {
      assert.equal(found, null)
      all.push(path)
    }
  }
  assert.deepEqual(all, paths)
})

test('of no paths nothing is read', async () => {
  assert.deepEqual(await readAll([]), [])
})

test('whoever stops early gets no more', unlessBuilt, async (t) => {
  const names = Array.from({ length: 200 }, (_, i) => `${i}`)
  const root = makeScratch(t, Object.fromEntries(names.map((name) => [name, name])))
  for await (const some of readEditables(names.map((name) => join(root, name)))) {
    assert.ok(some.length < 200)
    break
  }
  rmSync(root, { recursive: true })
})

test('the addon refuses what are no paths or no memory', unlessBuilt, () => {
  const untyped = nativeReadFiles as unknown as (...parts: readonly unknown[]) => unknown
  for (const parts of [
    ['a', Buffer.alloc(1)],
    [[7], Buffer.alloc(1)],
    [['a']],
    [['a'], 'text'],
    [],
  ]) {
    assert.throws(() => untyped(...parts), TypeError, JSON.stringify(parts))
  }
})
