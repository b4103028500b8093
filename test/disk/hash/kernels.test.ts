import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  availableKernels,
  KERNEL_NAMES,
  chooseKernel,
  type HashKernel,
  DIGEST_LENGTH,
} from '../../../src/disk/hash/kernels.js'
import type { HashAlgorithm } from '../../../src/base/bytes.js'
import { failure } from '../failure.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { referenceDigests } from '../../support/reference-digests.js'

const ALGORITHMS: HashAlgorithm[] = ['sha1', 'sha256']

/** Around the block of 64 bytes and the 9 bytes of its padding, and real piece lengths. */
const LENGTHS = [1, 55, 56, 63, 64, 65, 119, 120, 128, 16383, 16384, 16385, 262144]

/** The tests that every hash kernel must pass. */
function testKernel(kernel: HashKernel): void {
  const counts = [1, 2, 3, kernel.lanes, kernel.lanes + 1, 17]
  for (const algorithm of ALGORITHMS) {
    test(`${kernel.name}: ${algorithm} digests of any number of pieces of any length`, async () => {
      for (const length of LENGTHS) {
        for (const count of counts) await checkHash({ kernel, algorithm, length, count })
      }
    })
  }

  test(`${kernel.name}: digests of pieces, and of pieces twice as long`, async () => {
    const [pieceLength, count] = [64 * 3, 80]
    const data = pseudoRandom(pieceLength * count, 1)
    for (const algorithm of ALGORITHMS) {
      const lengths = [1, 2, 4, 8, 16].map((factor) => factor * pieceLength)
      const expected = lengths.map((length) => referenceDigests([data], length, algorithm))
      const out = Buffer.alloc(2 * count * DIGEST_LENGTH[algorithm], 0xee)
      await kernel.hashLater({ algorithm, data, pieceLength, count, out }, 4)
      const digests = Buffer.concat(expected)
      assert.deepEqual(out.subarray(0, digests.length), digests)
      assert.ok(out.subarray(digests.length).every((byte) => byte === 0xee))
    }
  })
}

interface HashCase {
  readonly kernel: HashKernel
  readonly algorithm: HashAlgorithm
  readonly length: number
  readonly count: number
}

/**
 * Bytes after the last piece must not be hashed, and bytes after the last digest not be touched.
 */
async function checkHash({ kernel, algorithm, length, count }: HashCase): Promise<void> {
  const content = pseudoRandom(length * count, length + count)
  const data = Buffer.concat([content, Buffer.alloc(100, 0xdd)])
  const size = count * DIGEST_LENGTH[algorithm]
  const out = Buffer.alloc(size + 32, 0xee)
  const later = Buffer.from(out)
  kernel.hash({ algorithm, data, pieceLength: length, count, out })
  await kernel.hashLater({ algorithm, data, pieceLength: length, count, out: later })
  const expected = referenceDigests([content], length, algorithm)
  assert.deepEqual(out.subarray(0, size), expected, `${count} of ${length}`)
  assert.deepEqual(out.subarray(size), Buffer.alloc(32, 0xee))
  assert.deepEqual(later, out)
}

const available = availableKernels()

for (const name of KERNEL_NAMES) {
  const kernel = available.find((candidate) => candidate.name === name)
  if (kernel) testKernel(kernel)
  else test(`${name}: digests`, { skip: `no ${name} kernel here` })
}

test('without a wish the fastest that runs here is chosen', () => {
  assert.equal(chooseKernel().name, availableKernels()[0]?.name)
})

for (const name of KERNEL_NAMES) {
  const isHere = availableKernels().some((kernel) => kernel.name === name)

  test(`${name} is what you get when you ask for it`, { skip: !isHere && 'not here' }, () => {
    assert.equal(chooseKernel(name).name, name)
  })

  test(`${name}, where it can't run, is refused`, { skip: isHere && 'it runs here' }, () => {
    assert.throws(() => chooseKernel(name), { name: 'BtkitError', code: 'kernel' })
  })
}

test('a kernel that nobody has heard of is wrong usage, with the names that there are', () => {
  const message = "hash kernel 'md5': not one of avx512, shani, avx2, crypto"
  assert.throws(() => chooseKernel('md5'), failure('usage', message))
})
