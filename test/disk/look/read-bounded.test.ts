import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { collectBounded, readRegular, readSmallFiles } from '../../../src/disk/look/read-bounded.js'
import { stampsOf } from '../../../src/disk/look/stat-files.js'
import { makeScratch } from '../../support/scratch.js'
import { failure, unlessWindows } from '../failure.js'

const LIMIT = 2 ** 20

/** Reads paths as a service does that reads many: together if possible, else alone. */
async function readAll(paths: readonly string[]): Promise<[string, string][]> {
  const read: [string, string][] = []
  for await (const files of readSmallFiles(paths)) {
    for (const [path, small] of files) {
      const file = small ?? (await readRegular(path, LIMIT, null))
      read.push([path, Buffer.from(file?.bytes ?? []).toString()])
    }
  }
  return read
}

test('many files are read in their order, whatever their sizes are', async (t) => {
  const sizes = Array.from({ length: 200 }, (_, i) => (i * 7919) % 90_000)
  const contents = [...sizes, 0, 262_143, 262_144, 262_145, 1].map((size, i) => `${i}`.repeat(size))
  const texts = contents.map((text, i) => text.slice(0, sizes[i] ?? text.length))
  const names = texts.map((_, i) => `${i}`)
  const directory = makeScratch(
    t,
    Object.fromEntries(names.map((name, i) => [name, texts[i] ?? ''])),
  )
  const paths = names.map((name) => join(directory, name))
  const read = await readAll(paths)
  assert.deepEqual(
    read.map(([path]) => path),
    paths,
  )
  for (const [i, [path, text]] of read.entries()) assert.equal(text, texts[i], path)
})

test('a file has the state that others see, and its time', async (t) => {
  const directory = makeScratch(t, { small: 'x', large: 'x'.repeat(300_000) })
  symlinkSync('small', join(directory, 'link'))
  for (const name of ['small', 'large', 'link']) {
    const path = join(directory, name)
    utimesSync(path, 1_600_000_000, 1_600_000_000.123)
    const file = await readRegular(path, LIMIT, null)
    assert(file)
    assert.deepEqual([file.state], await stampsOf([path]))
    assert(Math.abs(file.mtimeMs - statSync(path).mtimeMs) < 0.001)
    assert.equal(await readRegular(path, LIMIT, file.state), null)
    writeFileSync(path, 'changed')
    assert.notEqual(await readRegular(path, LIMIT, file.state), null)
  }
})

test('a pipe, a directory and what is not there are not read', unlessWindows, async (t) => {
  const directory = makeScratch(t, { 'a.torrent': 'a', 'long.torrent': 'x'.repeat(11) })
  execFileSync('mkfifo', [join(directory, 'pipe')])
  mkdirSync(join(directory, 'directory'))
  const paths = ['pipe', 'directory', 'nothing', 'a.torrent'].map((name) => join(directory, name))
  const read: (string | null)[] = []
  for await (const files of readSmallFiles(paths))
    read.push(...files.map(([, file]) => file && Buffer.from(file.bytes).toString()))
  assert.deepEqual(read.slice(0, 3), [null, null, null])
  const [pipe = '', inner = '', nothing = ''] = paths
  for (const path of [pipe, inner])
    await assert.rejects(
      readRegular(path, LIMIT, null),
      failure('io', `${path}: not a regular file`),
    )
  await assert.rejects(
    readRegular(nothing, LIMIT, null),
    failure('not-found', `${nothing}: no such file or directory`),
  )
  const long = join(directory, 'long.torrent')
  await assert.rejects(
    readRegular(long, 10, null),
    failure('too-large', `${long}: larger than the limit of 10 bytes`),
  )
})

test('a stream may have the same memory for each of its chunks', async () => {
  const memory = Buffer.alloc(1)
  const stream = async function* () {
    for (const letter of 'abc') {
      memory.write(letter)
      yield await Promise.resolve(memory)
    }
  }
  assert.equal((await collectBounded(stream(), 'x', LIMIT)).toString(), 'abc')
})
