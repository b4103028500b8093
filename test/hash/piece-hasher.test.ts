import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { availableKernels } from '../../src/hash/kernels/choose.js'
import { PieceHasher } from '../../src/hash/piece-hasher.js'

const PIECE = 16_384

for (const kernel of availableKernels()) {
  for (const length of [0, 1, PIECE, PIECE * 3 + 5, PIECE * 100]) {
    test(`${kernel.name}: ${length} bytes in chunks of any length are hashed as pieces`, () => {
      const bytes = Buffer.alloc(length, 'some text')
      for (const chunk of [1000, PIECE, PIECE * 70]) {
        const hasher = new PieceHasher('sha1', PIECE, kernel)
        for (let at = 0; at < length; at += chunk) hasher.update(bytes.subarray(at, at + chunk))
        assert.equal(Buffer.from(hasher.finish()).toString('hex'), piecesOf(bytes))
      }
    })
  }
}

function piecesOf(bytes: Buffer): string {
  let digests = ''
  for (let at = 0; at < bytes.length; at += PIECE) {
    digests += createHash('sha1')
      .update(bytes.subarray(at, at + PIECE))
      .digest('hex')
  }
  return digests
}
