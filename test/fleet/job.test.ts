import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  bytesOfPart,
  openJob,
  openResult,
  readJob,
  resultSubject,
  sealJob,
  type Part,
  type PartDigests,
} from '../../src/fleet/job.js'
import { seal } from '../../src/fleet/seal.js'

const KEYS = [Buffer.alloc(32, 'k')]
const FILE = { share: 's', path: 'a/b', size: 100_000, mtime: '1' }
const PART: Part = {
  wanted: 'both',
  pieceLength: 16_384,
  lead: 0,
  files: [FILE, 14_688, { ...FILE, path: 'c', size: 5 }],
  first: 2,
  count: 6,
}

/** A job with any text, sealed as one. */
const sealed = (text: string) => seal('job', Buffer.from(text), KEYS).toString('base64')

test('a job is opened with its key, and read without', () => {
  const data = sealJob(PART, KEYS)
  assert.deepEqual(openJob(data, KEYS), PART)
  assert.deepEqual(readJob(data), PART)
  assert.equal(openJob(data, [Buffer.alloc(32, 'o')]), null)
})

test('equal jobs have different data, so that a result belongs to one of them', () => {
  assert.notEqual(sealJob(PART, KEYS), sealJob(PART, KEYS))
})

for (const [what, change] of [
  ['an unknown kind', { wanted: 'md5' }],
  ['a negative size', { files: [{ ...FILE, size: -1 }] }],
  ['a path that is no text', { files: [{ ...FILE, path: 5 }] }],
] as const) {
  test(`a job with ${what} is refused`, () => {
    const data = sealed(JSON.stringify({ part: { ...PART, ...change } }))
    assert.equal(openJob(data, KEYS), null)
    assert.equal(readJob(data), null)
  })
}

test('data that are no jobs are refused', () => {
  for (const text of ['', '[', '1', 'null', '{}', '{"part":5}', '{"part":null}'])
    assert.equal(openJob(sealed(text), KEYS), null)
  for (const data of [undefined, null, 5, {}, '', 'x'])
    assert.deepEqual([openJob(data, KEYS), readJob(data)], [null, null])
})

test('the bytes of a part are those of files in its pieces', () => {
  // 100,000 bytes without the first two pieces, and 5 of the second file
  assert.equal(bytesOfPart(PART), 100_000 - 2 * 16_384 + 5)
})

test('a result belongs to one job, with one digest of each kind for each piece', () => {
  const [job, other] = [1, 2].map(() => ({ part: PART, data: sealJob(PART, KEYS) }))
  assert.ok(job && other)
  const digests = { pieces: Buffer.alloc(6 * 20, 1), nodes: Buffer.alloc(6 * 32, 2) }
  const opened = ({ pieces, nodes }: PartDigests, its = job) => {
    const bytes = Buffer.concat([pieces, nodes])
    const value = seal(resultSubject(job.data), bytes, KEYS).toString('base64')
    return openResult(value, its, KEYS)
  }
  assert.deepEqual(opened(digests), digests)
  assert.equal(opened(digests, other), null)
  assert.equal(opened({ ...digests, nodes: digests.nodes.subarray(32) }), null)
  const twice = Buffer.concat([digests.nodes, digests.nodes])
  assert.equal(opened({ ...digests, nodes: twice }), null)
  for (const value of [undefined, 5, '', 'x']) assert.equal(openResult(value, job, KEYS), null)
})
