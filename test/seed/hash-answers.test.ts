import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { test } from 'node:test'
import { readTorrent } from '../../src/core/read-torrent.js'
import { HashAnswers } from '../../src/seed/hash-answers.js'
import { pseudoRandom } from '../support/pseudo-random.js'
import { referenceTree } from '../support/reference-trees.js'
import { runBtkit } from '../support/run-btkit.js'
import { makeScratch } from '../support/scratch.js'

const PIECE = 16_384
const PIECES = 37
const CONTENT = pseudoRandom(PIECES * PIECE - 100, 4)
const { root, layer } = referenceTree(CONTENT, PIECE)

function requestOf(index: number, length: number, proofs: number): Buffer {
  const numbers = Buffer.alloc(16)
  for (const [n, value] of [0, index, length, proofs].entries()) numbers.writeUInt32BE(value, 4 * n)
  return Buffer.concat([root, numbers])
}

function pairOf(a: Uint8Array, b: Uint8Array): Buffer {
  return createHash('sha256').update(a).update(b).digest()
}

function nodesOf(bytes: Uint8Array): Buffer[] {
  const count = bytes.length / 32
  return Array.from({ length: count }, (_, n) => Buffer.from(bytes.subarray(32 * n, 32 * n + 32)))
}

test('hashes of pieces come with their proof, zeros beyond the end of the file', async (t) => {
  const data = join(makeScratch(t, { 'a.bin': CONTENT }), 'a.bin')
  const { status } = await runBtkit([
    'makemetafile',
    data,
    '--trackerless',
    '--v2',
    '-l',
    '14',
    '--no-cache',
  ])
  assert.equal(status, 0)
  const answers = new HashAnswers(readTorrent(`${data}.torrent`, 1e6))
  for (const index of [0, 8, 32, 40, 56]) {
    const nodes = nodesOf(answers.answer(requestOf(index, 8, 6)) ?? new Uint8Array(0))
    const own = nodes.slice(0, 8)
    const expected = Array.from({ length: 8 }, (_, n) => {
      return layer?.subarray(32 * (index + n), 32 * (index + n + 1)) ?? Buffer.alloc(0)
    }).map((node) => (node.length > 0 ? node : Buffer.alloc(32)))
    assert.deepEqual(own, expected)
    let level = own
    while (level.length > 1)
      level = level.flatMap((node, n) => (n % 2 === 1 ? [] : [pairOf(node, level[n + 1]!)]))
    let [node] = level
    for (const [n, other] of nodes.slice(8).entries()) {
      const isRight = Math.floor(index / 2 ** (3 + n)) % 2 === 1
      node = isRight ? pairOf(other, node!) : pairOf(node!, other)
    }
    assert.deepEqual(node, root)
  }
})

test('roots that no file has, and ranges beyond the tree, are refused', async (t) => {
  const data = join(makeScratch(t, { 'a.bin': CONTENT }), 'a.bin')
  await runBtkit(['makemetafile', data, '--trackerless', '--v2', '-l', '14', '--no-cache'])
  const answers = new HashAnswers(readTorrent(`${data}.torrent`, 1e6))
  assert.equal(answers.answer(requestOf(64, 8, 6)), null)
  assert.equal(answers.answer(requestOf(0, 16_384, 0)), null)
  assert.equal(
    answers.answer(Buffer.concat([Buffer.alloc(32), requestOf(0, 8, 6).subarray(32)])),
    null,
  )
})
