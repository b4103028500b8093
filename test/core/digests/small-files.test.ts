import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { appendFileSync, closeSync, openSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { openSmallFiles, SMALL_FILE, SmallFiles } from '../../../src/core/digests/small-files.js'
import { scanTree } from '../../../src/disk/scan/scan-tree.js'
import type { ScannedFile } from '../../../src/disk/file-lists/scanned-file.js'
import { chooseKernel } from '../../../src/disk/hash/kernels.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { makeScratch } from '../../support/scratch.js'
import { contentRequest } from '../requests.js'

chooseKernel()
const small = openSmallFiles()
const unlessNative = { skip: small === null && 'needs the native addon' }

/** Creates files and scans them. Returns a function that reads all together. */
async function scan(t: TestContext, contents: Record<string, string | Uint8Array>) {
  const directory = makeScratch(t, contents)
  const { files } = await scanTree(directory, contentRequest(directory).scan)
  const read = () => Promise.all(Array.from(files, async (file) => small?.read(file)))
  return { directory, read }
}

const sha1 = (bytes: Uint8Array) => createHash('sha1').update(bytes).digest('hex')
const hex = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString('hex')

test('of many small files each gets its own digest', unlessNative, async (t) => {
  const contents = Array.from({ length: 700 }, (_, i) => pseudoRandom(1 + ((i * 97) % 5000), i))
  const named = contents.map((bytes, i) => [`file-${String(i).padStart(3, '0')}`, bytes] as const)
  const { read } = await scan(t, Object.fromEntries(named))
  const digests = (await read()).map((each) => hex(each?.digest))
  assert.deepEqual(digests, contents.map(sha1))
})

test('the largest small file is read, a larger one is not', unlessNative, async (t) => {
  const bytes = pseudoRandom(SMALL_FILE + 1, 1)
  const largest = bytes.subarray(0, SMALL_FILE)
  const { read } = await scan(t, { larger: bytes, largest })
  const [other, most] = await read()
  assert.equal(other, null)
  assert.equal(hex(most?.digest), sha1(largest))
})

test('a file system that hangs holds up only its own files', async (t) => {
  const directory = makeScratch(t, { a: 'content', b: 'content', c: 'content' })
  const { files } = await scanTree(directory, contentRequest(directory).scan)
  const [a, b, c] = [...files] as [ScannedFile, ScannedFile, ScannedFile]
  const elsewhere = { ...a, fingerprint: { ...a.fingerprint, device: 1n } }
  const calls: (readonly string[])[] = []
  const reader = new SmallFiles('shani', (paths) => {
    calls.push(paths)
    // Zeros say that it could not be read
    const answers = Promise.resolve(new Int32Array(16 * paths.length))
    return paths.includes(a.absolutePath) ? new Promise(() => undefined) : answers
  })
  const hung = reader.read(elsewhere)
  assert.deepEqual(await Promise.all([reader.read(b), reader.read(c)]), [null, null])
  assert.equal(await reader.read(b), null)
  assert.deepEqual(
    calls.map((paths) => paths.length),
    [1, 2, 1],
  )
  assert.equal(await Promise.race([hung, Promise.resolve('waits')]), 'waits')
})

test('a call that fails is an error of its files, and others are read later', async (t) => {
  const directory = makeScratch(t, { a: 'content', b: 'content' })
  const { files } = await scanTree(directory, contentRequest(directory).scan)
  const [a, b] = [...files] as [ScannedFile, ScannedFile]
  const failure = new Error('no memory')
  const reader = new SmallFiles('shani', (paths) => {
    if (paths.includes(a.absolutePath)) return Promise.reject(failure)
    return Promise.resolve(new Int32Array(16 * paths.length))
  })
  await assert.rejects(reader.read(a), failure)
  assert.equal(await reader.read(b), null)
})

/** Changes of a file after its scan. */
const CHANGES: Record<string, (path: string) => void> = {
  grew: (path) => {
    appendFileSync(path, 'x')
  },
  'was rewritten with as many bytes': (path) => {
    writeFileSync(path, 'CONTENT')
  },
  'was replaced': (path) => {
    writeFileSync(`${path}.new`, 'content')
    renameSync(`${path}.new`, path)
  },
  'gave way to a link to itself': (path) => {
    renameSync(path, `${path}.moved`)
    symlinkSync(`${path}.moved`, path)
  },
  'is gone': (path) => {
    rmSync(path)
  },
}

for (const [what, change] of Object.entries(CHANGES)) {
  test(`a file that ${what} gets no digest, and others keep theirs`, unlessNative, async (t) => {
    const { read, directory } = await scan(t, { a: 'content', b: 'content' })
    change(join(directory, 'a'))
    const [a, b] = await read()
    assert.equal(a, null)
    assert.equal(hex(b?.digest), sha1(Buffer.from('content')))
  })
}

const onlyLinux = { skip: unlessNative.skip || (process.platform !== 'linux' && 'needs leases') }

test(
  'of several files the one that a program has open for writing is named',
  onlyLinux,
  async (t) => {
    const { read, directory } = await scan(t, { a: 'content', b: 'content' })
    const writer = openSync(join(directory, 'a'), 'r+')
    const found = await read()
    closeSync(writer)
    assert.deepEqual(
      found.map((each) => each?.isWritten),
      [true, false],
    )
  },
)

test('on node:crypto each file is read alone', () => {
  chooseKernel('crypto')
  assert.equal(openSmallFiles(), null)
})
