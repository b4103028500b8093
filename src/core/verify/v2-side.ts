import type { Metainfo, MetainfoFile, TreeFile } from '../../metainfo/metainfo.js'
import { quoteText } from '../../text/escape.js'
import { BLOCK, SHA256 } from '../../metainfo/sizes.js'

/** The version 2 data of a torrent's pieces (BEP 52). Each piece belongs to a single file. */
export interface V2Side {
  /** Number of blocks in each piece; 0 for a piece with only padding. */
  readonly blockCounts: Uint32Array
  /** Levels between the blocks and the digest of each piece in the file's Merkle tree. */
  readonly levels: Uint8Array
  /**
   * The expected digest of each piece, 32 bytes each: its node of the piece layer, or the root of a
   * file that fits into the piece.
   */
  readonly digests: Uint8Array
}

/**
 * Returns the files of a torrent's stream in order: those of v1 if it has them. A v2-only torrent
 * gets pad files as in a hybrid, so that each file begins a piece.
 */
export function streamedFiles({ version, files, pieceLength }: Metainfo): readonly MetainfoFile[] {
  if (version !== 'v2') return files
  return files.flatMap((file, at) => {
    const rest = file.length % pieceLength
    if (rest === 0 || at === files.length - 1) return [file]
    return [file, padOf(pieceLength - rest)]
  })
}

/** Returns a pad file, which is on no disk. */
export function padOf(length: number): MetainfoFile {
  return { path: [], length, padding: true, attr: 'p' }
}

/** Returns why version 2 of a torrent cannot be checked; null if it can, or if there is none. */
export function whyNoV2Side(metainfo: Metainfo): string | null {
  const { tree, pieceLength } = metainfo
  const bad = tree?.find(({ layerState }) => layerState === 'missing' || layerState === 'wrong')
  if (bad) {
    const rule = bad.layerState === 'missing' ? 'is missing' : 'does not match the pieces root'
    return `piece layers of ${nameOf(bad.file)}: ${rule}`
  }
  let start = 0
  for (const file of tree === null ? [] : streamedFiles(metainfo)) {
    if (!file.padding && file.length > 0 && start % pieceLength !== 0) {
      return `path ${nameOf(file)} begins inside a piece of version 1`
    }
    start += file.length
  }
  return null
}

function nameOf({ path }: MetainfoFile): string {
  return quoteText(path.join('/'))
}

/**
 * Returns the version 2 data of the pieces, or null if there is none. Call it only if whyNoV2Side
 * returns null.
 */
export function planV2Side(metainfo: Metainfo): V2Side | null {
  const { tree, pieceLength } = metainfo
  if (tree === null) return null
  const files = streamedFiles(metainfo)
  const size = files.reduce((sum, { length }) => sum + length, 0)
  const side = createSide(Math.ceil(size / pieceLength))
  const treeFiles = tree.values()
  let start = 0
  for (const { padding, length } of files) {
    const treeFile = padding ? null : treeFiles.next().value
    if (treeFile) enterFile(side, treeFile, { firstPiece: start / pieceLength, pieceLength })
    start += length
  }
  return side
}

function createSide(pieceCount: number): V2Side {
  return {
    blockCounts: new Uint32Array(pieceCount),
    levels: new Uint8Array(pieceCount),
    digests: new Uint8Array(pieceCount * SHA256),
  }
}

interface Place {
  readonly firstPiece: number
  readonly pieceLength: number
}

function enterFile(side: V2Side, treeFile: TreeFile, { firstPiece, pieceLength }: Place): void {
  const { file, layer, piecesRoot } = treeFile
  if (piecesRoot === null) return
  side.digests.set(layer ?? piecesRoot, firstPiece * SHA256)
  const isSmall = file.length <= pieceLength
  const blocksInPiece = pieceLength / BLOCK
  let blocks = Math.ceil(file.length / BLOCK)
  const levels = Math.ceil(Math.log2(isSmall ? blocks : blocksInPiece))
  for (let piece = firstPiece; blocks > 0; piece += 1) {
    side.blockCounts[piece] = Math.min(blocks, blocksInPiece)
    side.levels[piece] = levels
    blocks -= blocksInPiece
  }
}
