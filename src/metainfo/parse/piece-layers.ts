import { Buffer } from 'node:buffer'
import { isByteString, type BencodeDict, type BencodeValue } from '../bencode/value.js'
import { quoteText } from '../../text/escape.js'
import type { TreeFile } from '../metainfo.js'
import type { WarningList } from '../warning.js'
import { countPieces } from './v1-files.js'
import type { RootedFile } from './file-tree.js'
import { metainfoError, requireDict, requireString } from './require-field.js'
import { digestOf } from '../../digest.js'

/** Length of a SHA-256 digest in bytes. */
const NODE_LENGTH = 32

/** Length of a block in bytes; a leaf of a file's Merkle tree is the hash of a block (BEP 52). */
const BLOCK_LENGTH = 16 * 1024

/** Input for reading and checking layers. */
interface LayerSource {
  /** The top-level `piece layers`. */
  readonly layers: BencodeValue | undefined
  /** Bytes of a piece. */
  readonly pieceLength: number
  readonly warnings: WarningList
}

/**
 * Finds the piece layer of each file that is longer than a piece in the top-level `piece layers`
 * (BEP 52). A layer has a digest for each piece, and the file's pieces root follows from it.
 *
 * Layers are outside `info`. If one is missing or does not match the root, the torrent can still be
 * identified and shown, so this is only a warning. Clients then fetch the layer from peers.
 *
 * @throws BtkitError `metainfo` with the file if `piece layers` is malformed, or if a layer does
 *   not have the right length
 */
export function readPieceLayers(files: readonly RootedFile[], source: LayerSource): TreeFile[] {
  const { layers, pieceLength, warnings } = source
  const dict = layers === undefined ? NO_LAYERS : requireDict(layers, () => 'piece layers')
  checkEntries(dict)
  // Files of the same content share a layer: a hostile torrent could otherwise have one hashed a
  // million times
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

/** Checks that each entry is a layer, even if no file has its root. */
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
 * Computes the root of a file's Merkle tree (BEP 52) from its piece layer. The layer has a digest
 * for each piece of `pieceLength` bytes; this is the block length times a power of two. The tree is
 * completed with leaves of zeros. These are not stored, because all nodes above them on a level are
 * equal.
 */
export function merkleRoot(layer: Uint8Array, pieceLength: number): Uint8Array {
  let height = Math.log2(pieceLength / BLOCK_LENGTH)
  let level = layer
  while (level.length > NODE_LENGTH) level = hashLevel(level, zeroNode(height++))
  return level
}

/** Nodes above leaves of zeros, by height. All trees are completed with them. */
const zeroNodes: Uint8Array[] = [new Uint8Array(NODE_LENGTH)]

function zeroNode(height: number): Uint8Array {
  for (let known = zeroNodes.length; known <= height; known++) {
    const below = zeroNodes[known - 1] ?? NOTHING
    zeroNodes.push(digestOf('sha256', Buffer.concat([below, below])))
  }
  return zeroNodes[height] ?? NOTHING
}

const NOTHING = new Uint8Array(0)

/** Computes the level above. An odd digest at the end is paired with `padding`. */
function hashLevel(level: Uint8Array, padding: Uint8Array): Uint8Array {
  const pairs = Math.ceil(level.length / NODE_LENGTH / 2)
  const above = Buffer.alloc(pairs * NODE_LENGTH)
  for (let pair = 0; pair < pairs; pair += 1) {
    const start = pair * 2 * NODE_LENGTH
    const nodes = level.subarray(start, start + 2 * NODE_LENGTH)
    const isPair = nodes.length > NODE_LENGTH
    const digest = digestOf('sha256', isPair ? nodes : Buffer.concat([nodes, padding]))
    above.set(digest, pair * NODE_LENGTH)
  }
  return above
}
