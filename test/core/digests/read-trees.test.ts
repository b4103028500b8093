import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { pieceLengthOf } from '../../../src/metainfo/piece-length.js'
import { hashInGroups } from '../../../src/core/digests/hash-groups.js'
import { enterTrees, ReadTrees } from '../../../src/core/digests/read-trees.js'
import { createTrees, rootOf } from '../../../src/core/digests/file-trees.js'
import { chooseKernel } from '../../../src/disk/hash/kernels.js'
import { findMerkleRoot } from '../../../src/metainfo/merkle.js'
import { concatenateFiles } from '../../disk/hash/concatenate.js'
import { hashOptions } from '../../disk/hash/hash-options.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { referenceTree } from '../../support/reference-trees.js'
import { makeScratch, plantSparse } from '../../support/scratch.js'
import { contentRequest, cutContent } from '../requests.js'

const B = 16 * 1024
const P = pieceLengthOf(16)

const CONTENTS = {
  a: pseudoRandom(21 * B + 5, 1),
  b: pseudoRandom(1, 2),
  c: Buffer.alloc(0),
  d: pseudoRandom(3 * P, 3),
  e: pseudoRandom(3 * B, 4),
}

/** Reads the trees of a hybrid, with the digests of so many blocks in memory at a time. */
async function readInGroups(t: TestContext, mostBlocks: number) {
  const source = makeScratch(t, CONTENTS)
  const content = await cutContent(contentRequest(source, { version: 'hybrid', pieceLength: P }))
  const files = Array.from(content.files, ({ absolutePath, fingerprint }) => {
    return { path: absolutePath, length: fingerprint.size }
  })
  const pieces = Uint32Array.from({ length: content.pieceCount }, (_, i) => i)
  const reading = { stream: concatenateFiles(files, P), pieces, wanted: 'both' } as const
  const readTrees = new ReadTrees(content)
  const sha1: Uint8Array[] = []
  let groups = 0
  for await (const group of hashInGroups(reading, hashOptions(), mostBlocks)) {
    readTrees.take(group.indices, group.blocks)
    sha1.push(group.pieces)
    groups++
  }
  return { content, readTrees, groups, sha1: Buffer.concat(sha1) }
}

test('the trees are those of the files, however few blocks are in memory at a time', async (t) => {
  const whole = await readInGroups(t, 1000)
  assert.equal(whole.groups, 1)
  for (const mostBlocks of [1, 5, 9]) {
    const { content, readTrees, groups, sha1 } = await readInGroups(t, mostBlocks)
    assert.ok(groups > 1)
    assert.deepEqual(sha1, whole.sha1)
    const trees = createTrees(content)!
    enterTrees(content, trees, readTrees)
    for (const [number, { path }] of [...content.files].entries()) {
      const bytes = CONTENTS[path.join('/') as keyof typeof CONTENTS] as Uint8Array | undefined
      if (!bytes?.length) continue
      const { root, layer } = referenceTree(bytes, P)
      assert.deepEqual(Buffer.from(rootOf(trees, number)), root)
      assert.deepEqual(trees.layers.get(number) ?? null, layer && Uint8Array.from(layer))
    }
  }
})

test('of a file of which a piece was not read there is no tree', async (t) => {
  const source = makeScratch(t, { a: pseudoRandom(3 * P, 1), b: 'b' })
  const content = await cutContent(contentRequest(source, { version: 'v2', pieceLength: P }))
  const readTrees = new ReadTrees(content)
  readTrees.take(Uint32Array.of(0, 2, 3), new Uint8Array(9 * 32))
  assert.deepEqual(readTrees.whole, [])
  assert.equal(readTrees.singleRoot(0), null)
  assert.equal(readTrees.singleRoot(1)?.length, 32)
})

test('of very large content no more nodes are kept than fit into memory', async (t) => {
  const directory = makeScratch(t, { small: pseudoRandom(3 * B, 1) })
  const size = 33 * 2 ** 30
  plantSparse(directory, 'large', size)
  const request = contentRequest(directory, { version: 'v2', pieceLength: pieceLengthOf(20) })
  const content = await cutContent(request)
  // The fastest one: there are two million digests
  const kernel = chooseKernel()
  const readTrees = new ReadTrees(content)
  // Of the 33 GiB only three differ, so that few digests need to be known for comparison
  const kinds = [7, 8, 9].map((seed) => pseudoRandom((2 ** 30 / B) * 32, seed))
  for (let gib = 0; gib < 33; gib++) {
    const pieces = Uint32Array.from({ length: 1024 }, (_, i) => gib * 1024 + i)
    readTrees.take(pieces, kinds[gib % 3]!)
  }
  const [large] = readTrees.whole
  assert.ok(large && large.nodes.length <= 64 * 2 ** 20)
  const roots = kinds.map((nodes) => findMerkleRoot({ nodes, height: 0 }, kernel))
  const all = Buffer.concat(Array.from({ length: 33 }, (_, gib) => roots[gib % 3]!))
  assert.deepEqual(large.root, findMerkleRoot({ nodes: all, height: 16 }, kernel))
  const leaves = kinds[0]!.subarray(0, 3 * 32)
  readTrees.take(Uint32Array.of(size / 2 ** 20), leaves)
  const small = readTrees.whole[1]
  assert.deepEqual(small?.root, findMerkleRoot({ nodes: leaves, height: 0 }, kernel))
})
