import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { merkleRoot } from '../../../src/metainfo/parse/piece-layers.js'

const BLOCK = 16 * 1024

function sha256(...parts: Uint8Array[]): Buffer {
  return createHash('sha256').update(Buffer.concat(parts)).digest()
}

/** The layers of BEP 52 as it tells them: all leaves, zeros to a power of two, level by level. */
function rootOfLeaves(leaves: Uint8Array[]): Uint8Array {
  let level = [...leaves]
  while ((level.length & (level.length - 1)) !== 0) level.push(Buffer.alloc(32))
  while (level.length > 1) {
    level = level.flatMap((left, at) => (at % 2 === 0 ? [sha256(left, level[at + 1]!)] : []))
  }
  return level[0]!
}

function leavesOf(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, at) => sha256(Buffer.from([at])))
}

for (const count of [2, 3, 4, 5, 7, 8, 9, 33]) {
  test(`a layer of ${count} digests of single blocks leads to the root of the leaves`, () => {
    const leaves = leavesOf(count)
    assert.deepEqual(Buffer.from(merkleRoot(Buffer.concat(leaves), BLOCK)), rootOfLeaves(leaves))
  })
}

for (const blocks of [2, 8]) {
  test(`a layer of pieces of ${blocks} blocks leads to the same root as the leaves`, () => {
    const leaves = leavesOf(blocks * 4 + 1)
    const pieces: Uint8Array[] = []
    for (let at = 0; at < leaves.length; at += blocks) {
      const piece = leaves.slice(at, at + blocks)
      while (piece.length < blocks) piece.push(Buffer.alloc(32))
      pieces.push(rootOfLeaves(piece))
    }
    const root = merkleRoot(Buffer.concat(pieces), blocks * BLOCK)
    assert.deepEqual(Buffer.from(root), rootOfLeaves(leaves))
  })
}
