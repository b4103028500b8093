/** Length of a Merkle tree node in bytes: a SHA-256 digest. */
const NODE = 32

/** Length of a block in bytes; a leaf is the digest of a block (BEP 52). */
const BLOCK = 16 * 1024

/** A file. Its Merkle tree depends on these properties. */
export interface TreeKey {
  /** The file's real path. */
  readonly path: string
  /** The file's length in bytes, above 0. */
  readonly size: number
}

/** One layer of a file's Merkle tree (BEP 52). All layers above it can be computed from it. */
export interface TreeRecord {
  /** The file's fingerprint when it was read; opaque. */
  readonly fingerprint: Uint8Array
  readonly root: Uint8Array
  /** Levels between the leaves and this layer. */
  readonly height: number
  /** The layer's nodes, 32 bytes each. Nodes with only zeros below are left out. */
  readonly nodes: Uint8Array
}

/** Returns how many nodes of a height have bytes of the file below them. */
export function countNodes(size: number, height: number): number {
  return Math.ceil(size / (BLOCK * 2 ** height))
}

/** Encodes a record. A layer of one node is not stored, because that node is the root. */
export function packTreeRecord({ fingerprint, root, height, nodes }: TreeRecord): Uint8Array {
  const layer = nodes.length > NODE ? nodes : new Uint8Array(0)
  return Buffer.concat([Buffer.of(fingerprint.length, height), fingerprint, root, layer])
}

/** Decodes a record into views; null if its shape does not match the file size. */
export function unpackTreeRecord(body: Uint8Array, { size }: TreeKey): TreeRecord | null {
  const [stampLength = 0, height = 0] = body
  const rootAt = 2 + stampLength
  const nodesAt = rootAt + NODE
  const count = countNodes(size, height)
  if (body.length !== nodesAt + (count > 1 ? count * NODE : 0)) return null
  const root = body.subarray(rootAt, nodesAt)
  return {
    fingerprint: body.subarray(2, rootAt),
    root,
    height,
    nodes: count > 1 ? body.subarray(nodesAt) : root,
  }
}
