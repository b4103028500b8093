import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { test } from 'node:test'
import { readTorrent } from '../../../src/core/read-torrent.js'
import { HashAnswers } from '../../../src/seeding/peer/hash-answers.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { referenceTree } from '../../support/reference-trees.js'
import { runBtkit } from '../../support/run-btkit.js'
import { makeScratch } from '../../support/scratch.js'

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
    assert.deepEqual(rootBy(nodes, index, 8), root)
  }
})

/** The root that hashes lead to, with those behind them as their proof. */
function rootBy(nodes: readonly Buffer[], index: number, length: number): Buffer {
  let level = nodes.slice(0, length)
  while (level.length > 1)
    level = level.flatMap((node, n) => (n % 2 === 1 ? [] : [pairOf(node, level[n + 1]!)]))
  let [node] = level
  for (const [n, other] of nodes.slice(length).entries()) {
    const isRight = Math.floor(index / (length * 2 ** n)) % 2 === 1
    node = isRight ? pairOf(other, node!) : pairOf(node!, other)
  }
  return node!
}

// Of 37 pieces of 16 KiB each is a block here
for (const [what, power] of [
  ['pieces of four blocks', 16],
  ['a file that fits into a piece', 20],
] as const) {
  test(`hashes of blocks come with their proof, for ${what}`, async (t) => {
    const files = { 'set/0': 'first', 'set/a.bin': CONTENT }
    const directory = join(makeScratch(t, files), 'set')
    const args = ['--trackerless', '--v2', '-l', `${power}`, '--no-cache']
    assert.equal((await runBtkit(['makemetafile', directory, ...args])).status, 0)
    const metainfo = readTorrent(`${directory}.torrent`, 1e6)
    const answers = new HashAnswers(metainfo)
    const before = 2 ** power
    const digestOf = (start: number, length: number) => {
      const bytes = CONTENT.subarray(start - before, start - before + length)
      assert.equal(bytes.length, length)
      return Promise.resolve(createHash('sha256').update(bytes).digest())
    }
    for (const length of [2, 4, 8]) {
      for (const index of [0, 8, 32, 56]) {
        const request = requestOf(index, length, 6)
        assert.ok(answers.isOfBlocks(request))
        const nodes = nodesOf((await answers.answerBlocks(request, digestOf)) ?? Buffer.alloc(0))
        const expected = Array.from({ length }, (_, n) => {
          const node = layer?.subarray(32 * (index + n), 32 * (index + n + 1)) ?? []
          return node.length > 0 ? node : Buffer.alloc(32)
        })
        assert.deepEqual(nodes.slice(0, length), expected)
        assert.deepEqual(rootBy(nodes, index, length), root, `${index} ${length}`)
      }
    }
    for (const [index, length] of [
      [64, 8],
      [4, 8],
      [0, 3],
      [0, 1],
    ] as const) {
      const request = requestOf(index, length, 6)
      assert.equal(await answers.answerBlocks(request, digestOf), null)
    }
  })
}

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
