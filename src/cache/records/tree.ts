/** Bytes of a node of a Merkle tree, which is a SHA-256 digest. */
const NODE = 32

/** Bytes of a block, which a leaf is the digest of (BEP 52). */
const BLOCK = 16 * 1024

/** A file: what its tree depends on. */
export interface TreeKey {
  /** The file's real path. */
  readonly path: string
  /** The file's length in bytes, above 0. */
  readonly size: number
}

/** Of a file's Merkle tree (BEP 52) one layer, from which all above it can be computed. */
export interface TreeRecord {
  /** The fingerprint of the file when it was read, opaque. */
  readonly fingerprint: Uint8Array
  readonly root: Uint8Array
  /** How many levels the layer is above the leaves. */
  readonly height: number
  /** The layer's nodes, without those above zeros alone; 32 bytes each. */
  readonly nodes: Uint8Array
}

/** How many nodes of that height are above bytes of a file of that size. */
export function countNodes(size: number, height: number): number {
  return Math.ceil(size / (BLOCK * 2 ** height))
}

/** The bytes of a record. A layer of a single node goes without saying: that is the root. */
export function packTreeRecord({ fingerprint, root, height, nodes }: TreeRecord): Uint8Array {
  const layer = nodes.length > NODE ? nodes : new Uint8Array(0)
  return Buffer.concat([Buffer.of(fingerprint.length, height), fingerprint, root, layer])
}

/** Reads a record; null when it does not have the shape that a file of that size needs. */
export function unpackTreeRecord(body: Uint8Array, { size }: TreeKey): TreeRecord | null {
  const [stampLength = 0, height = 0] = body
  const rootAt = 2 + stampLength
  const nodesAt = rootAt + NODE
  const count = countNodes(size, height)
  if (body.length !== nodesAt + (count > 1 ? count * NODE : 0)) return null
  const root = body.slice(rootAt, nodesAt)
  return {
    fingerprint: body.slice(2, rootAt),
    root,
    height,
    nodes: count > 1 ? body.slice(nodesAt) : root,
  }
}
