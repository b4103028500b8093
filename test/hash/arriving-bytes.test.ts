import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { ArrivingPieces, ArrivingTree } from '../../src/hash/arriving-bytes.js'
import { availableKernels } from '../../src/hash/kernels/choose.js'
import { referenceTree } from '../support/reference-trees.js'

const KIB = 1024
const MIB = 1024 * KIB

/** 16 KiB up to 1 MiB, 64 KiB up to 17 MiB, 4 MiB for more. */
const lengthFor = (size: number) => (size > 17 * MIB ? 4 * MIB : size > MIB ? 64 * KIB : 16 * KIB)

const content = Buffer.alloc(18 * MIB + 3)
for (let at = 0; at < content.length; at += 1009) content.writeInt32LE(at, Math.min(at, 18 * MIB))

for (const kernel of availableKernels()) {
  for (const size of [1, MIB, MIB + 1, 16 * MIB, 16 * MIB + 1, 18 * MIB + 3]) {
    test(`${kernel.name}: ${size} bytes get the digests of the length for their number`, () => {
      const bytes = content.subarray(0, size)
      const pieces = new ArrivingPieces(lengthFor, kernel)
      const tree = new ArrivingTree(lengthFor, kernel)
      for (let at = 0; at < size; at += 300_007) {
        for (const each of [pieces, tree]) each.update(bytes.subarray(at, at + 300_007))
      }
      assert.equal(Buffer.from(pieces.finish()).toString('hex'), piecesOf(bytes, lengthFor(size)))
      const { root, layer } = tree.finish()
      const expected = referenceTree(bytes, lengthFor(size))
      assert.deepEqual(
        [Buffer.from(root), layer && Buffer.from(layer)],
        [expected.root, expected.layer],
      )
    })
  }
}

function piecesOf(bytes: Buffer, length: number): string {
  const digests: string[] = []
  for (let at = 0; at < bytes.length; at += length)
    digests.push(
      createHash('sha1')
        .update(bytes.subarray(at, at + length))
        .digest('hex'),
    )
  return digests.join('')
}
