import { Buffer } from 'node:buffer'
import { isByteString, type BencodeDict, type BencodeValue } from '../bencode/value.js'
import { quoteText } from '../../text/escape.js'
import type { TreeFile } from '../metainfo.js'
import type { WarningList } from '../warning.js'
import { countPieces } from './v1-files.js'
import type { RootedFile } from './file-tree.js'
import { metainfoError, requireDict, requireString } from './require-field.js'
import { createHash } from 'node:crypto'

/** A SHA-256 digest, in bytes. */
const NODE_LENGTH = 32

/** What a leaf of the Merkle tree of a file is the hash of, in bytes (BEP 52). */
const BLOCK_LENGTH = 16 * 1024

/** Where layers come from, and what to check them by. */
interface LayerSource {
  /** The top-level `piece layers`. */
  readonly layers: BencodeValue | undefined
  /** In bytes. */
  readonly pieceLength: number
  readonly warnings: WarningList
}

/**
 * Finds the piece layer of each file that is longer than a piece in the top-level `piece layers`
 * (BEP 52): a digest a piece, from which the file's pieces root follows. Layers are outside `info`:
 * if they are missing, or lead to another root, the torrent can still be told by its info hash and
 * shown, so that is a warning. Clients fetch such layers from peers.
 *
 * @throws BtkitError `metainfo` that names the file, when `piece layers` is malformed or a layer is
 * not as long as the file's pieces call for
 */
export function readPieceLayers(files: readonly RootedFile[], source: LayerSource): TreeFile[] {
  const { layers, pieceLength, warnings } = source
  const dict = layers === undefined ? NO_LAYERS : requireDict(layers, () => 'piece layers')
  checkEntries(dict)
  // Files of the same content share a layer: a hostile torrent could have one hashed a million times
  const rightLayers = new Map<string, boolean>()
  const tree = files.map(({ file, piecesRoot }): TreeFile => {
    if (file.length <= pieceLength || piecesRoot === null) {
      return { file, piecesRoot, layer: null, layerState: 'none' }
    }
    const what = () => `piece layers of ${quoteText(file.path.join('/'))}`
    const root = latin1(piecesRoot)
    const layer = dict.get(root)
    if (!isByteString(layer)) return missing({ file, piecesRoot }, what, warnings)
    checkLength(layer, countPieces(file.length, pieceLength), what)
    const isRight = rightLayers.get(root) ?? latin1(merkleRoot(layer, pieceLength)) === root
    rightLayers.set(root, isRight)
    if (!isRight) warnings.add('layer-wrong', () => `${what()}: does not lead to the pieces root`)
    return { file, piecesRoot, layer, layerState: isRight ? 'ok' : 'wrong' }
  })
  for (const root of dict.keys()) {
    if (rightLayers.has(root)) continue
    warnings.add('layer-unneeded', () => `piece layers of root ${hex(root)}: no file needs it`)
  }
  return tree
}

const NO_LAYERS: BencodeDict = new Map()

/** Each entry must be a layer, whether a file has its root or none. */
function checkEntries(dict: BencodeDict): void {
  for (const [root, value] of dict) {
    if (root.length !== NODE_LENGTH) {
      throw metainfoError('piece layers', `has a key that is not ${NODE_LENGTH} bytes long`)
    }
    const layer = requireString(value, () => `piece layers of root ${hex(root)}`)
    if (layer.length % NODE_LENGTH !== 0) {
      const rule = `its length is not a multiple of ${NODE_LENGTH}`
      throw metainfoError(`piece layers of root ${hex(root)}`, rule)
    }
  }
}

function missing(rooted: RootedFile, what: () => string, warnings: WarningList): TreeFile {
  warnings.add('layer-missing', () => `${what()}: is missing`)
  return { ...rooted, layer: null, layerState: 'missing' }
}

function checkLength(layer: Uint8Array, pieces: number, what: () => string): void {
  if (layer.length === pieces * NODE_LENGTH) return
  const rule = `is ${layer.length} bytes long, not ${NODE_LENGTH} for each of ${pieces} pieces`
  throw metainfoError(what(), rule)
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1')
}

function hex(root: string): string {
  return Buffer.from(root, 'latin1').toString('hex')
}

/**
 * The root of a file's Merkle tree (BEP 52) from its piece layer: a digest for each piece of
 * `pieceLength` bytes, a power of two times the block length. The tree is filled up with leaves of
 * zeros. These are not stored: on each level all nodes above them are equal.
 */
export function merkleRoot(layer: Uint8Array, pieceLength: number): Uint8Array {
  let padding = pieceOfZeroLeaves(pieceLength)
  let level = layer
  while (level.length > NODE_LENGTH) {
    level = hashLevel(level, padding)
    padding = hashPair(padding, padding)
  }
  return level
}

function pieceOfZeroLeaves(pieceLength: number): Uint8Array {
  let digest: Uint8Array = new Uint8Array(NODE_LENGTH)
  for (let length = BLOCK_LENGTH; length < pieceLength; length *= 2) {
    digest = hashPair(digest, digest)
  }
  return digest
}

/** The level above; an odd digest at the end is paired with `padding`. */
function hashLevel(level: Uint8Array, padding: Uint8Array): Uint8Array {
  const pairs = Math.ceil(level.length / NODE_LENGTH / 2)
  const above = Buffer.alloc(pairs * NODE_LENGTH)
  for (let pair = 0; pair < pairs; pair += 1) {
    const start = pair * 2 * NODE_LENGTH
    const left = level.subarray(start, start + NODE_LENGTH)
    const right = level.subarray(start + NODE_LENGTH, start + 2 * NODE_LENGTH)
    above.set(hashPair(left, right.length > 0 ? right : padding), pair * NODE_LENGTH)
  }
  return above
}

function hashPair(left: Uint8Array, right: Uint8Array): Uint8Array {
  return createHash('sha256').update(left).update(right).digest()
}
