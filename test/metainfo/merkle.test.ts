import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { availableKernels } from '../../src/disk/hash/kernels.js'
import { climbMerkleTree, findMerkleRoot } from '../../src/metainfo/merkle.js'
import { BLOCK } from '../../src/metainfo/sizes.js'

/**
 * From libtorrent 2.0.8: `create_torrent(fs, pieceLength, v2_only)` over a file whose every block
 * is 512 times the SHA-256 digest of its number in decimal: `pieces root`, and the SHA-256 digest
 * of the file's `piece layers`, which files of one piece lack.
 */
const GOLDEN = [
  {
    size: 1,
    pieceLength: 65536,
    root: 'd2e2adf7177b7a8afddbc12d1634cf23ea1a71020f6a1308070a16400fb68fde',
    layer: null,
  },
  {
    size: 16385,
    pieceLength: 16384,
    root: 'fcfa02534c3d73667a9792e8ee6f6b3a5b2057178dab4ca1749419dd7aa9427c',
    layer: 'fcfa02534c3d73667a9792e8ee6f6b3a5b2057178dab4ca1749419dd7aa9427c',
  },
  {
    size: 49152,
    pieceLength: 16384,
    root: 'a6e53b0ddd49654b9e33b3d7b44b660c139f73bb0aaaef6285b25cea330ee85d',
    layer: '57ddf7aca7f69e090daf229ab53b077924531370c3dc140b90876b7737710d10',
  },
  {
    size: 49152,
    pieceLength: 65536,
    root: 'a6e53b0ddd49654b9e33b3d7b44b660c139f73bb0aaaef6285b25cea330ee85d',
    layer: null,
  },
  {
    size: 65537,
    pieceLength: 65536,
    root: '0ea438bcb28b92f3bd2570dc259188d145dfdb740e7828a872d691ede73f3f96',
    layer: '0ea438bcb28b92f3bd2570dc259188d145dfdb740e7828a872d691ede73f3f96',
  },
  {
    size: 1000000,
    pieceLength: 16384,
    root: 'db6867d5edd3fe516584502473b66881f74c3bd11cb7dee102780f98cc18407d',
    layer: '1817203d8dd0f2fdda0c55f7f922cb006ec1316c0c4daf4d4b2da7dbe4b06601',
  },
  {
    size: 1000000,
    pieceLength: 65536,
    root: 'db6867d5edd3fe516584502473b66881f74c3bd11cb7dee102780f98cc18407d',
    layer: '8e1f7fed94ddd070334db10d4d5171ea5e73e83cb7a00996988ebecd00865a17',
  },
]

const sha256 = (...parts: Uint8Array[]) =>
  createHash('sha256').update(Buffer.concat(parts)).digest()

function leavesOf(size: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(size / BLOCK) }, (_, i) => {
    const block = Buffer.alloc(BLOCK, sha256(Buffer.from(String(i))))
    return sha256(block.subarray(0, size - i * BLOCK))
  })
  return Buffer.concat(blocks)
}

/** The root of leaves that zeros fill up to a power of two, as BEP 52 describes it. */
function paddedRoot(leaves: Uint8Array): Buffer {
  if (leaves.length === 32) return Buffer.from(leaves)
  const half = 32 * 2 ** (Math.ceil(Math.log2(leaves.length / 32)) - 1)
  const right = Buffer.alloc(half)
  right.set(leaves.subarray(half))
  return sha256(paddedRoot(leaves.subarray(0, half)), paddedRoot(right))
}

for (const kernel of availableKernels()) {
  for (const { size, pieceLength, root, layer } of GOLDEN) {
    test(`${kernel.name}: ${size} bytes in pieces of ${pieceLength} have libtorrent's root`, () => {
      const leaves = { nodes: leavesOf(size), height: 0 }
      const pieces = climbMerkleTree(leaves, Math.log2(pieceLength / BLOCK), kernel)
      assert.equal(Buffer.from(findMerkleRoot(leaves, kernel)).toString('hex'), root)
      if (layer === null) return
      assert.equal(sha256(pieces.nodes).toString('hex'), layer)
      assert.equal(Buffer.from(findMerkleRoot(pieces, kernel)).toString('hex'), root)
    })
  }

  test(`${kernel.name}: a tree is climbed in steps as in one go`, () => {
    const leaves = { nodes: leavesOf(77 * BLOCK), height: 0 }
    const once = climbMerkleTree(leaves, 5, kernel)
    const inSteps = climbMerkleTree(climbMerkleTree(leaves, 2, kernel), 3, kernel)
    assert.deepEqual(inSteps, once)
    assert.equal(once.nodes.length, 3 * 32)
  })

  test(`${kernel.name}: each number of leaves up to 70 has the root of BEP 52`, () => {
    const leaves = leavesOf(70 * BLOCK)
    for (let count = 1; count <= 70; count++) {
      const nodes = leaves.subarray(0, 32 * count)
      const root = Buffer.from(findMerkleRoot({ nodes, height: 0 }, kernel))
      assert.equal(root.toString('hex'), paddedRoot(nodes).toString('hex'), `${count} leaves`)
    }
  })

  test(`${kernel.name}: trees of the same leaves have the roots of BEP 52`, () => {
    for (const count of [1, 2, 3, 8, 9, 64]) {
      const same = Buffer.alloc(32 * count, leavesOf(1))
      const root = Buffer.from(findMerkleRoot({ nodes: same, height: 0 }, kernel))
      assert.deepEqual(root, paddedRoot(same), `${count} leaves`)
    }
  })

  test(`${kernel.name}: a layer stays as it is when another tree is climbed, as do its leaves`, () => {
    const [nodes, others] = [leavesOf(9 * BLOCK), leavesOf(20 * BLOCK).reverse()]
    const layer = climbMerkleTree({ nodes, height: 0 }, 1, kernel)
    const before = Buffer.from(layer.nodes)
    climbMerkleTree({ nodes: others, height: 0 }, 2, kernel)
    assert.deepEqual(Buffer.from(layer.nodes), before)
    assert.deepEqual(nodes, leavesOf(9 * BLOCK))
  })
}
