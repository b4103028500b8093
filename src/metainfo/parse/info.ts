import { Buffer } from 'node:buffer'
import type { EncodedDict } from '../bencode/encoded-dict.js'
import {
  type BencodeDict,
  type BencodeValue,
  type DictValues,
  isByteString,
} from '../bencode/value.js'
import { readComponents, metainfoError, requireLength, requireString } from './require-field.js'
import { countPieces, totalLength, readV1Files, checkHybridFiles } from './v1-files.js'
import { readFileTree, type RootedFile } from './file-tree.js'
import { listOf } from './file-list.js'
import type { ListedFiles, MetainfoFile, MetainfoVersion, TreeFile } from '../metainfo.js'
import { isPieceLength } from '../piece-length.js'
import type { PieceLength } from '../values.js'
import type { WarningList } from '../warning.js'
import { quoteText } from '../../text/escape.js'
import { digestOf, latin1 } from '../../bytes.js'

interface Head {
  readonly version: MetainfoVersion
  readonly name: string
  readonly pieceLength: PieceLength
}

interface Content {
  readonly isDirectory: boolean
  readonly pieceCount: number
  readonly size: number
  readonly fileList: ListedFiles
  readonly pieces: Uint8Array | null
}

/** The content that a valid `info` describes. */
export interface InfoContent extends Head, Content {
  readonly tree: readonly TreeFile[] | null
}

/** Length of a SHA-1 digest in bytes. */
const V1_DIGEST_LENGTH = 20

/** Keys of v1 only. Together with `meta version`, any of them makes a torrent a hybrid. */
const V1_KEYS = ['pieces', 'length', 'files']

/** A torrent's dictionaries, checked as bencode. */
interface Dictionaries {
  readonly top: EncodedDict
  readonly info: EncodedDict
  /** Whether each dictionary has its keys in byte order. */
  readonly isSorted: boolean
}

/**
 * Checks `info` against BEP 3 and BEP 52, together with the top-level `piece layers` that v2 needs.
 *
 * @throws BtkitError `metainfo` with the key and the rule that it breaks
 */
export function validateInfo(
  { top, info, isSorted }: Dictionaries,
  warnings: WarningList,
): InfoContent {
  const version = readVersion(info)
  const name = readName(info, warnings)
  const pieceLength = readPieceLength(info, version)
  const head = { version, name, pieceLength }
  if (version === 'v1') return withTree(head, readV1(info, head, warnings), null)
  if (!isSorted) checkKeyOrder(top.get('info'))
  const rooted = readFileTree(info, warnings)
  const layers = top.get('piece layers')
  const tree = readPieceLayers(rooted, { layers, pieceLength, warnings })
  const treeFiles = tree.map(({ file }) => file)
  if (version === 'v2') return withTree(head, describeTree(treeFiles, head), tree)
  const v1 = readV1(info, head, warnings)
  checkHybridFiles(v1.fileList, treeFiles)
  return withTree(head, v1, tree)
}

/**
 * Lists all properties, because spreading the objects takes longer than reading a small torrent.
 */
function withTree(head: Head, content: Content, tree: readonly TreeFile[] | null): InfoContent {
  return {
    version: head.version,
    name: head.name,
    pieceLength: head.pieceLength,
    isDirectory: content.isDirectory,
    pieceCount: content.pieceCount,
    size: content.size,
    fileList: content.fileList,
    tree,
    pieces: content.pieces,
  }
}

function readV1(info: EncodedDict, { name, pieceLength }: Head, warnings: WarningList): Content {
  const { isDirectory, fileList } = readV1Files(info, name, warnings)
  const { size, pieceCount, pieces } = readPieces(info, fileList, pieceLength)
  return { isDirectory, fileList, size, pieceCount, pieces }
}

function readVersion(info: DictValues): MetainfoVersion {
  const metaVersion = info.get('meta version')
  if (metaVersion === undefined && info.has('file tree')) {
    throw metainfoError('info.meta version', 'is missing, though there is a file tree')
  }
  if (metaVersion === undefined) return 'v1'
  if (metaVersion !== 2) throw metainfoError('info.meta version', 'only version 2 is known')
  return V1_KEYS.some((key) => info.has(key)) ? 'hybrid' : 'v2'
}

function readName(info: DictValues, warnings: WarningList): string {
  const what = () => 'info.name'
  const twin = info.get('name.utf-8')
  const bytes = requireString(info.get('name') ?? twin, what)
  const [name = ''] = readComponents([bytes], {
    twins: twin === undefined ? twin : [twin],
    what,
    warnings,
  })
  return name
}

function readPieceLength(info: DictValues, version: MetainfoVersion): PieceLength {
  const what = 'info.piece length'
  const pieceLength = requireLength(info.get('piece length'), () => what)
  if (pieceLength === 0) throw metainfoError(what, 'is 0')
  if (version !== 'v1' && !isPieceLength(pieceLength)) {
    throw metainfoError(what, 'is not a power of two from 16 KiB to 1 GiB, as version 2 needs')
  }
  return pieceLength as PieceLength
}

/**
 * Describes the content of a v2 torrent. A tree with one file of the torrent's name is a single
 * file; otherwise the name is that of a directory. Each file begins a piece.
 */
function describeTree(files: MetainfoFile[], { name, pieceLength }: Head): Content {
  const [first] = files
  const isSingle = files.length === 1 && first?.path.length === 1 && first.path[0] === name
  const fileList = listOf(files)
  const size = totalLength(fileList)
  const pieceCount = files.reduce((sum, { length }) => sum + countPieces(length, pieceLength), 0)
  return { isDirectory: !isSingle, fileList, size, pieceCount, pieces: null }
}

function readPieces(info: DictValues, files: ListedFiles, pieceLength: number) {
  const what = 'info.pieces'
  const pieces = requireString(info.get('pieces'), () => what)
  if (pieces.length % V1_DIGEST_LENGTH !== 0) {
    throw metainfoError(what, `its length is not a multiple of ${V1_DIGEST_LENGTH}`)
  }
  const size = totalLength(files)
  const pieceCount = pieces.length / V1_DIGEST_LENGTH
  const needed = countPieces(size, pieceLength)
  if (pieceCount !== needed) {
    throw metainfoError(what, `has ${pieceCount} pieces, but the content fills ${needed}`)
  }
  return { size, pieceCount, pieces }
}

/**
 * Checks that all dictionaries of `info` have their keys in byte order. In version 2 this is also
 * the order of the files, so clients must not guess another one (BEP 52).
 *
 * @throws BtkitError `metainfo` with the first key that is out of order
 */
function checkKeyOrder(info: BencodeValue | undefined): void {
  if (info !== undefined) checkValue(info, ['info'])
}

/**
 * Recursion is safe: the bencode reader limits the depth. `place` holds the keys above, in one
 * shared array.
 */
function checkValue(value: BencodeValue, place: string[]): void {
  if (Array.isArray(value)) for (const item of value) checkValue(item, place)
  if (!(value instanceof Map)) return
  let last: string | null = null
  for (const [key, inner] of value) {
    if (last !== null && key < last) throw disorder({ key, last }, place)
    last = key
    place.push(key)
    checkValue(inner, place)
    place.pop()
  }
}

interface Neighbours {
  readonly key: string
  readonly last: string
}

function disorder({ key, last }: Neighbours, place: readonly string[]) {
  const where = place.map((name) => quoteText(name).slice(1, -1)).join('.')
  const rule = `${quoteText(key)} stands behind ${quoteText(last)}, but version 2 needs byte order`
  return metainfoError(where, rule)
}

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
 * @throws BtkitError `metainfo` with the file if an entry of `piece layers` is malformed, or if a
 *   layer does not have the right length
 */
export function readPieceLayers(files: readonly RootedFile[], source: LayerSource): TreeFile[] {
  const { layers, pieceLength, warnings } = source
  const isDict = layers instanceof Map
  if (layers !== undefined && !isDict)
    warnings.add('ignored-value', () => 'piece layers: is not a dictionary')
  const dict = isDict ? layers : NO_LAYERS
  checkEntries(dict)
  // Checked once for each root: a hostile torrent could name the same layer a million times
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
    if (!isRight)
      warnings.add(
        'layer-wrong',
        () => `${what()}: does not match the pieces root; the torrent is damaged`,
      )
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
