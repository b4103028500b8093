import { quoteText } from '../base/text/escape.js'
import { eachFile, type Metainfo, type MetainfoFile } from './metainfo.js'
import { SHA256 } from './sizes.js'

type Streamed = Pick<Metainfo, 'version' | 'pieceLength' | 'fileList' | 'files'>

/**
 * Yields the files of a torrent's stream in order: those of v1 if it has them. A v2-only torrent
 * gets pad files as in a hybrid, so that each file begins a piece.
 */
export function* streamedFiles(metainfo: Streamed): Generator<MetainfoFile> {
  const { version, pieceLength } = metainfo
  let rest = 0
  for (const file of eachFile(metainfo)) {
    if (rest > 0) yield padOf(pieceLength - rest)
    yield file
    rest = version === 'v2' ? file.length % pieceLength : 0
  }
}

/** Returns a pad file, which is on no disk. */
export function padOf(length: number): MetainfoFile {
  return { path: [], length, padding: true, attr: 'p' }
}

/** Returns why version 2 of a torrent cannot be checked; null if it can, or if there is none. */
export function whyNoPieceNodes(metainfo: Streamed & Pick<Metainfo, 'tree'>): string | null {
  const { tree, pieceLength } = metainfo
  const bad = tree?.find(({ layerState }) => layerState === 'missing' || layerState === 'wrong')
  if (bad) {
    const rule = bad.layerState === 'missing' ? 'is missing' : 'does not match the pieces root'
    return `piece layers of ${quotedPath(bad.file)}: ${rule}`
  }
  let start = 0
  for (const file of tree === null ? [] : streamedFiles(metainfo)) {
    if (!file.padding && file.length > 0 && start % pieceLength !== 0) {
      return `path ${quotedPath(file)} begins inside a piece of version 1`
    }
    start += file.length
  }
  return null
}

/** Returns the path of a file for messages. */
export function quotedPath({ path }: MetainfoFile): string {
  return quoteText(path.join('/'))
}

/**
 * Returns the node of each piece in the Merkle tree of its file, 32 bytes each (BEP 52): that of
 * the piece layer, or the root of a file that fits into the piece. Pieces of padding have zeros.
 * Null without version 2. Call it only if whyNoPieceNodes returns null.
 */
export function pieceNodes(metainfo: Streamed & Pick<Metainfo, 'tree'>): Uint8Array | null {
  const { tree, pieceLength } = metainfo
  if (tree === null) return null
  let size = 0
  for (const { length } of streamedFiles(metainfo)) size += length
  const nodes = new Uint8Array(Math.ceil(size / pieceLength) * SHA256)
  const treeFiles = tree.values()
  let start = 0
  for (const { padding, length } of streamedFiles(metainfo)) {
    const { layer = null, piecesRoot = null } = (padding ? null : treeFiles.next().value) ?? {}
    if (piecesRoot) nodes.set(layer ?? piecesRoot, (start / pieceLength) * SHA256)
    start += length
  }
  return nodes
}
