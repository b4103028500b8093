import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { test } from 'node:test'
import { createThrottle } from '../../src/hash/jobs/throttle.js'
import { hashWholeFile } from '../../src/hash/whole-file.js'
import { failure } from '../files/failure.js'
import { pseudoRandom } from '../support/pseudo-random.js'
import { makeScratch } from '../support/scratch.js'

const MIB = 2 ** 20
const { signal } = new AbortController()

for (const size of [0, 1, MIB - 1, MIB, MIB + 1, 3 * MIB + 5]) {
  test(`a file of ${size} bytes is digested by all algorithms in one reading`, async (t) => {
    const bytes = pseudoRandom(size)
    const path = join(makeScratch(t, { a: bytes }), 'a')
    const algorithms = ['sha256', 'md5']
    const expected = algorithms.map((name) => createHash(name).update(bytes).digest('hex'))
    for (const throttle of [undefined, createThrottle(1e12)]) {
      const digests = await hashWholeFile(path, size, { algorithms, throttle, signal })
      assert.deepEqual(
        digests.map((digest) => Buffer.from(digest).toString('hex')),
        expected,
      )
    }
  })
}

test('a file that is shorter than it was has changed', async (t) => {
  const path = join(makeScratch(t, { a: 'short' }), 'a')
  const expected = failure('changed', `${path}: became shorter while it was read`)
  await assert.rejects(hashWholeFile(path, 3 * MIB, { algorithms: ['md5'], signal }), expected)
})

test('the work stops when it is asked to, and a missing file is named', async (t) => {
  const path = join(makeScratch(t, { a: pseudoRandom(3 * MIB) }), 'a')
  const stopped = { algorithms: ['md5'], signal: AbortSignal.abort() }
  await assert.rejects(hashWholeFile(path, 3 * MIB, stopped), failure('interrupted', 'interrupted'))
  const missing = failure('not-found', `${path}b: no such file or directory`)
  await assert.rejects(hashWholeFile(`${path}b`, 1, { algorithms: ['md5'], signal }), missing)
})
