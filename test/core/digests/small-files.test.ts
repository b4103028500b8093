import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { appendFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { openSmallFiles, SMALL_FILE } from '../../../src/core/digests/small-files.js'
import { scanTree } from '../../../src/files/scan/scan-tree.js'
import { chooseKernel, hasAddon } from '../../../src/hash/kernels/choose.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { makeScratch } from '../../support/scratch.js'
import { unlessWritersTell, prepareWriters } from '../../support/writers.js'
import { contentRequest } from '../requests.js'

const kernel = chooseKernel().name
const unlessNative = { skip: hasAddon() && kernel !== 'crypto' ? false : 'needs the addon' }

async function scan(t: TestContext, files: Record<string, string | Uint8Array>) {
  const directory = makeScratch(t, files)
  const scanned = await scanTree(directory, contentRequest(directory).scan)
  const small = openSmallFiles(kernel)
  assert(small)
  return { directory, files: scanned.files, small }
}

test('small files read together have their digests each', unlessNative, async (t) => {
  const contents = Array.from({ length: 700 }, (_, i) => pseudoRandom(1 + ((i * 97) % 5000), i))
  const named = contents.map((bytes, i) => [`file-${String(i).padStart(3, '0')}`, bytes] as const)
  const { files, small } = await scan(t, Object.fromEntries(named))
  const read = await Promise.all(files.map((file) => small.read(file)))
  const digests = read.map((each) => each && Buffer.from(each.digest).toString('hex'))
  const expected = contents.map((bytes) => createHash('sha1').update(bytes).digest('hex'))
  assert.deepEqual(digests, expected)
})

test('the largest of the small files is read, a larger one is not', unlessNative, async (t) => {
  const bytes = pseudoRandom(SMALL_FILE + 1, 1)
  const { files, small } = await scan(t, { large: bytes, most: bytes.subarray(0, SMALL_FILE) })
  const [large, most] = await Promise.all(files.map((file) => small.read(file)))
  assert.equal(large, null)
  const expected = createHash('sha1').update(bytes.subarray(0, SMALL_FILE)).digest('hex')
  assert.equal(most && Buffer.from(most.digest).toString('hex'), expected)
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
  test(`no digest is told of a file that ${what}, others keep theirs`, unlessNative, async (t) => {
    const { files, small, directory } = await scan(t, { a: 'content', b: 'content' })
    change(join(directory, 'a'))
    const [a, b] = await Promise.all(files.map((file) => small.read(file)))
    assert.equal(a, null)
    assert(b)
  })
}

const unlessTold = { skip: unlessNative.skip || unlessWritersTell.skip }

test('a file that somebody writes to is read, and that is told', unlessTold, async (t) => {
  const startWriter = prepareWriters(t)
  const { files, small, directory } = await scan(t, { a: 'content', b: 'content' })
  const writer = startWriter('descriptor', join(directory, 'a'))
  await writer.step()
  const read = await Promise.all(files.map((file) => small.read(file)))
  assert.deepEqual(
    read.map((each) => each?.isOpenForWriting),
    [true, false],
  )
})

test('without the addon, and on node:crypto, files are read by themselves', () => {
  assert.equal(openSmallFiles(kernel, null), null)
  assert.equal(openSmallFiles('crypto'), null)
})
