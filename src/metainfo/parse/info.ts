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
import { quoteText } from '../../base/text/escape.js'
import { latin1 } from '../../base/bytes.js'
import { findMerkleRoot, pieceHeight } from '../merkle.js'
import { SHA1, SHA256 } from '../sizes.js'
import { count } from '../../base/text/quantity.js'

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

/** Keys of v1 only. Together with `meta version`, any of them makes a torrent a hybrid. */
const V1_KEYS = ['pieces', 'length', 'files']

/**
 * Checks `info` against BEP 3 and BEP 52, together with the top-level `piece layers` that v2 needs.
 * `isSorted` says whether each dictionary has its keys in byte order.
 *
 * @throws BtkitError `metainfo` with the key and the rule that it breaks
 */
export function validateInfo(
  top: EncodedDict,
  info: EncodedDict,
  isSorted: boolean,
  warnings: WarningList,
): InfoContent {
  const version = readVersion(info, warnings)
  const name = readName(info, warnings)
  const pieceLength = readPieceLength(info, version)
  const head = { version, name, pieceLength }
  if (version === 'v1') return withTree(head, readV1(info, head, warnings), null)
  if (!isSorted) checkKeyOrder(top.get('info'))
  const rooted = readFileTree(info, warnings)
  const layers = top.get('piece layers')
  const tree = readPieceLayers(rooted, layers, pieceLength, warnings)
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

/** As libtorrent, which reads a torrent without version 2 as version 1. */
function readVersion(info: DictValues, warnings: WarningList): MetainfoVersion {
  const what = 'info.meta version'
  const version = info.get('meta version')
  if (version === 2) return V1_KEYS.some((key) => info.has(key)) ? 'hybrid' : 'v2'
  if (typeof version === 'number' && version > 2)
    throw metainfoError(what, 'only version 2 is known')
  if (info.has('file tree')) throw metainfoError(what, 'is not 2, though there is a file tree')
  if (version !== undefined) warnings.add('ignored-value', () => `${what}: is not 2`)
  return 'v1'
}

function readName(info: DictValues, warnings: WarningList): string {
  const what = () => 'info.name'
  const twin = info.get('name.utf-8')
  const bytes = requireString(info.get('name') ?? twin, what)
  const [name = ''] = readComponents([bytes], what, warnings, twin === undefined ? twin : [twin])
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
  if (pieces.length % SHA1 !== 0) {
    throw metainfoError(what, `its length is not a multiple of ${SHA1}`)
  }
  const size = totalLength(files)
  const pieceCount = pieces.length / SHA1
  const needed = countPieces(size, pieceLength)
  if (pieceCount !== needed) {
    throw metainfoError(what, `has ${count(pieceCount, 'piece')}, but the content fills ${needed}`)
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
    if (last !== null && key < last) {
      const where = place.map((name) => quoteText(name).slice(1, -1)).join('.')
      const rule = `${quoteText(key)} stands behind ${quoteText(last)}, but version 2 needs byte order`
      throw metainfoError(where, rule)
    }
    last = key
    place.push(key)
    checkValue(inner, place)
    place.pop()
  }
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
export function readPieceLayers(
  files: readonly RootedFile[],
  layers: BencodeValue | undefined,
  pieceLength: number,
  warnings: WarningList,
): TreeFile[] {
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
    const isRight = rightLayers.get(root) ?? latin1(rootOf(layer, pieceLength)) === root
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
    if (root.length !== SHA256) {
      throw metainfoError('piece layers', `has a key that is not ${SHA256} bytes long`)
    }
    const layer = requireString(value, () => `piece layers of root ${hex(root)}`)
    if (layer.length % SHA256 !== 0) {
      const rule = `its length is not a multiple of ${SHA256}`
      throw metainfoError(`piece layers of root ${hex(root)}`, rule)
    }
  }
}

function missing(rooted: RootedFile, what: () => string, warnings: WarningList): TreeFile {
  warnings.add('layer-missing', () => `${what()}: is missing`)
  return { ...rooted, layer: null, layerState: 'missing' }
}

function checkLength(layer: Uint8Array, pieces: number, what: () => string): void {
  if (layer.length === pieces * SHA256) return
  const rule = `is ${count(layer.length, 'byte')} long, not ${SHA256} for each of ${count(pieces, 'piece')}`
  throw metainfoError(what(), rule)
}

/** Computes the root of a file's Merkle tree from its piece layer. */
function rootOf(layer: Uint8Array, pieceLength: number): Uint8Array {
  return findMerkleRoot({ nodes: layer, height: pieceHeight(pieceLength) })
}

function hex(root: string): string {
  return Buffer.from(root, 'latin1').toString('hex')
}
