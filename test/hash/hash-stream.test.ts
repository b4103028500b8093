import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concatenateFiles } from '../../src/hash/stream/content-stream.js'
import { hashStream, Unfinished, type Pauses } from '../../src/hash/hash-stream.js'
import type { HashProgress } from '../../src/hash/jobs/job.js'
import { referenceDigests } from '../support/reference-digests.js'
import { makeScratch, plantSparse } from '../support/scratch.js'
import { hashOptions, USES } from './hash-options.js'
import { plantStream } from './plant-stream.js'

const KIB = 1024
const MIB = 1024 * KIB

/** Layouts beyond what is hashed without threads: many bytes, or many files. */
const LAYOUTS: Record<string, { sizes: number[]; pieceLengths: number[] }> = {
  'one file over many batches': {
    sizes: [20 * MIB + 1],
    pieceLengths: [16 * KIB, 256 * KIB, 4 * MIB, 32 * MIB],
  },
  'files whose edges cut batches': {
    sizes: [2 * MIB - 1, 0, 2 * MIB, 1, 9 * MIB + 5, 16 * KIB, 5 * MIB + 3],
    pieceLengths: [16 * KIB, MIB, 8 * MIB],
  },
  'thousands of tiny files': {
    sizes: Array.from({ length: 2000 }, (_, i) => i % 41),
    pieceLengths: [16 * KIB, 256 * KIB],
  },
}

for (const [name, { sizes, pieceLengths }] of Object.entries(LAYOUTS)) {
  test(`${name}: any kernel and threads give the digests of the files joined and cut`, async (t) => {
    const { stream, contents } = plantStream(t, sizes, 0)
    for (const pieceLength of pieceLengths) {
      const expected = referenceDigests(contents, pieceLength)
      for (const use of USES) {
        const digests = await hashStream({ ...stream, pieceLength }, hashOptions(use))
        assert.deepEqual(Buffer.from(digests), expected, `${JSON.stringify(use)}, ${pieceLength}`)
      }
    }
  })
}

test('SHA-256 digests come from threads as well', async (t) => {
  const { stream, contents } = plantStream(t, [17 * MIB + 1], MIB)
  const digests = await hashStream(stream, hashOptions({ algorithm: 'sha256', threads: 2 }))
  assert.deepEqual(Buffer.from(digests), referenceDigests(contents, MIB, 'sha256'))
})

test('some pieces are hashed by threads as by one', async (t) => {
  const { stream, contents } = plantStream(t, [30 * MIB + 1], MIB)
  const all = referenceDigests(contents, MIB)
  const pieces = Uint32Array.from({ length: 21 }, (_, i) => i + (i > 9 ? 10 : 0))
  const expected = [...pieces].map((piece) => all.subarray(piece * 20, piece * 20 + 20))
  const digests = await hashStream(stream, hashOptions({ threads: 3, pieces }))
  assert.deepEqual(Buffer.from(digests), Buffer.concat(expected))
})

test('no content has no digest', async () => {
  assert.deepEqual(await hashStream(concatenateFiles([], 16384), hashOptions()), new Uint8Array(0))
})

test('progress rises to nearly the end and names files of the stream', async (t) => {
  const path = plantSparse(makeScratch(t), 'sparse.bin', 512 * MIB)
  const stream = concatenateFiles([{ path, length: 512 * MIB }], MIB)
  const seen: HashProgress[] = []
  const onProgress = (progress: HashProgress) => seen.push(progress)
  await hashStream(stream, hashOptions({ threads: 1, onProgress }))
  const bytes = seen.map(({ bytesDone }) => bytesDone)
  assert.ok(seen.length >= 2, `${seen.length} reports`)
  assert.deepEqual(
    bytes,
    bytes.toSorted((a, b) => a - b),
  )
  assert.ok(bytes.at(-1)! <= 512 * MIB && bytes.at(-1)! > 0)
  assert.ok(seen.every(({ currentPath }) => currentPath === path))
})

/** Pauses work again and again, after every few milliseconds of it, and gives it other threads. */
class ManyPauses implements Pauses {
  count = 0

  onPause(act: () => void): void {
    setTimeout(act, 2)
  }

  goOn(): Promise<number> {
    this.count++
    return Promise.resolve(1 + (this.count % 3))
  }
}

test('work that is paused and goes on gives the same digests, and reads nothing twice', async (t) => {
  const { stream, contents } = plantStream(t, [50 * MIB + 1, 78 * MIB], MIB)
  const expected = referenceDigests(contents, MIB)
  for (const from of [0, 40]) {
    const pieces = Uint32Array.from({ length: 129 - from }, (_, i) => i + from)
    const pauses = new ManyPauses()
    let progress = 0
    const onProgress = ({ bytesDone }: HashProgress) => (progress = bytesDone)
    const options = { pieces, threads: 2, isOffloaded: true, pauses, onProgress }
    const digests = await hashStream(stream, hashOptions(options))
    assert.deepEqual(Buffer.from(digests), expected.subarray(20 * from))
    assert.ok(pauses.count > 0)
    assert.ok(progress <= 128 * MIB + 1, String(progress))
  }
})

test('work that does not go on after a pause hands over what is finished', async (t) => {
  const { stream, contents } = plantStream(t, [64 * MIB], MIB)
  const pauses: Pauses = {
    onPause: (act) => {
      act()
    },
    goOn: () => Promise.reject(new Error('nobody waits')),
  }
  await assert.rejects(
    hashStream(stream, hashOptions({ threads: 2, isOffloaded: true, pauses })),
    (error: unknown) => {
      assert.ok(error instanceof Unfinished)
      assert.match(String(error.cause), /nobody waits/)
      const { digests } = error
      assert.ok(digests.length < 64 * 20 && digests.length % 20 === 0, String(digests.length))
      const expected = referenceDigests(contents, MIB).subarray(0, digests.length)
      assert.deepEqual(Buffer.from(digests), expected)
      return true
    },
  )
})

test('a pause for which nothing is left makes no difference', async (t) => {
  const { stream, contents } = plantStream(t, [3 * MIB], MIB)
  let pause: () => void = () => undefined
  const pauses: Pauses = {
    onPause: (act) => {
      pause = act
    },
    goOn: () => Promise.reject(new Error('nobody waits')),
  }
  const work = hashStream(stream, hashOptions({ threads: 1, isOffloaded: true, pauses }))
  void work.then(() => {
    pause()
  })
  assert.deepEqual(Buffer.from(await work), referenceDigests(contents, MIB))
})
