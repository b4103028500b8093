import {
  countNodes,
  unpackTreeRecord,
  type TreeKey,
  type TreeRecord,
} from '../../cache/records/tree.js'
import { encodeFingerprint, readFingerprintIfThere } from '../../files/fingerprint.js'
import { hashStream } from '../../hash/hash-stream.js'
import { chooseKernel } from '../../hash/kernels/choose.js'
import { climbMerkleTree, findMerkleRoot } from '../../hash/merkle.js'
import { concatenateFiles } from '../../hash/stream/content-stream.js'
import { BLOCK_LENGTH } from '../../hash/stream/digests.js'
import { isSameFile } from '../digests/cache-trust.js'
import { NODE } from '../digests/file-trees.js'
import type { Engine } from '../digests/hash-content.js'
import type { DrawnRecord, RecordCheck } from './record-check.js'

/** What it takes to check a record of a file's Merkle tree; null when the file is another by now. */
export function checkTree({ name, body }: DrawnRecord): RecordCheck | null {
  const path = Buffer.from(name).toString()
  const fingerprint = readFingerprintIfThere(path)
  if (!fingerprint) return null
  const key = { path, size: fingerprint.size }
  const record = unpackTreeRecord(body, key)
  if (!record || !isSameFile(record.fingerprint, encodeFingerprint(fingerprint), 'full'))
    return null
  return {
    path,
    isRight: (engine) => isRight(key, record, engine),
    forget: (cache) => {
      cache.forgetTree(key)
    },
  }
}

/** Whether the nodes lead to the root, and the blocks below one of them to the node. */
async function isRight({ path, size }: TreeKey, record: TreeRecord, engine: Engine) {
  const kernel = chooseKernel(engine.kernel)
  if (Buffer.compare(findMerkleRoot(record, kernel), record.root) !== 0) return false
  const { height, nodes } = record
  const node = Math.floor(Math.random() * countNodes(size, height))
  const first = node * 2 ** height
  const count = Math.min(2 ** height, countNodes(size, 0) - first)
  const pieces = Uint32Array.from({ length: count }, (_, i) => first + i)
  const stream = concatenateFiles([{ path, length: size }], BLOCK_LENGTH)
  const { blocks } = await hashStream(stream, { ...engine, pieces, wanted: 'blocks' })
  const found = climbMerkleTree({ nodes: blocks, height: 0 }, height, kernel).nodes
  return Buffer.compare(found, nodes.subarray(node * NODE, (node + 1) * NODE)) === 0
}
