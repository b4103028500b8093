import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  bytesOfPart,
  decodeJob,
  decodeProgress,
  decodeResult,
  encodeJob,
  encodeResult,
  type Part,
  type PartDigests,
} from '../../src/fleet/job.js'

const FILE = { share: 's', path: 'a/b', size: 100_000, mtime: '1' }
const PART: Part = {
  wanted: 'both',
  pieceLength: 16_384,
  lead: 0,
  files: [FILE, 14_688, { ...FILE, path: 'c', size: 5 }],
  first: 2,
  count: 6,
}

test('a job is decoded as it was encoded', () => {
  assert.deepEqual(decodeJob(encodeJob([PART])), [PART])
})

test('equal jobs have different texts, so that a result belongs to one of them', () => {
  assert.notEqual(encodeJob([PART]), encodeJob([PART]))
})

for (const [what, change] of [
  ['no pieces', { count: 0 }],
  ['more pieces than the files have', { first: 3 }],
  ['too many pieces', { count: 4097 }],
  ['an unknown kind', { wanted: 'md5' }],
  ['a piece length of 0', { pieceLength: 0 }],
  ['blocks of files inside pieces', { lead: 1 }],
  ['a negative size', { files: [{ ...FILE, size: -1 }] }],
  ['a path that is no text', { files: [{ ...FILE, path: 5 }] }],
] as const) {
  test(`a job with ${what} is refused`, () => {
    assert.equal(decodeJob(JSON.stringify({ parts: [{ ...PART, ...change }] })), null)
  })
}

test('texts that are no jobs are refused', () => {
  for (const text of ['', '[', '1', 'null', '{}', '{"parts":5}', '{"parts":[null]}'])
    assert.equal(decodeJob(text), null)
})

test('the bytes of a part are those of files in its pieces', () => {
  // 100,000 bytes without the first two pieces, and 5 of the second file
  assert.equal(bytesOfPart(PART), 100_000 - 2 * 16_384 + 5)
})

test('a result needs one digest of each kind for each piece', () => {
  const digests = { pieces: Buffer.alloc(6 * 20, 1), nodes: Buffer.alloc(6 * 32, 2) }
  const decoded = (...of: PartDigests[]) => {
    return decodeResult(encodeResult({ machine: 'm', digests: of }), [PART])
  }
  assert.deepEqual(decoded(digests), { machine: 'm', digests: [digests] })
  assert.equal(decoded({ ...digests, nodes: digests.nodes.subarray(32) }), null)
  assert.equal(decoded(digests, digests), null)
  for (const text of ['{"machine":"m","parts":[5]}', '{"parts":[]}'])
    assert.equal(decodeResult(text, [PART]), null)
})

test('progress without a machine or a number is refused', () => {
  for (const text of [
    '',
    '{}',
    '{"machine":"a"}',
    '{"machine":1,"bytes":1}',
    '{"machine":"a","bytes":-1}',
  ])
    assert.equal(decodeProgress(text), null)
})
