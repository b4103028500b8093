import { Buffer } from 'node:buffer'
import type { BencodeDict, BencodeValue } from '../bencode/value.js'
import { countPieces } from './content-size.js'
import { quoteText } from '../../text/escape.js'
import type { TreeFile } from './file-tree.js'
import { DIGEST_LENGTH, merkleRoot } from './merkle-root.js'
import { metainfoError, requireDict, requireString } from './require-field.js'

/**
 * Checks the top-level `piece layers` (BEP 52): each file longer than a piece must have its layer,
 * of a digest a piece, and the layer must lead to the file's pieces root.
 *
 * @throws BtkitError `metainfo` that names the file
 */
export function checkPieceLayers(
  layers: BencodeValue | undefined,
  files: readonly TreeFile[],
  pieceLength: number,
): void {
  const layered = files.filter(({ file }) => file.length > pieceLength)
  if (layered.length === 0) return
  const dict = requireDict(layers, () => 'piece layers')
  // files of the same content share a layer: a hostile torrent could have one hashed a million times
  const checked = new Set<string>()
  for (const treeFile of layered) {
    const root = Buffer.from(treeFile.piecesRoot ?? []).toString('latin1')
    const layer = takeLayer(dict, root, treeFile)
    checkLayerLength(layer, treeFile, pieceLength)
    if (!checked.has(root)) checkLayerRoot(layer, treeFile, pieceLength)
    checked.add(root)
  }
}

function takeLayer(dict: BencodeDict, root: string, treeFile: TreeFile): Uint8Array {
  return requireString(dict.get(root), () => nameOf(treeFile))
}

function checkLayerLength(layer: Uint8Array, treeFile: TreeFile, pieceLength: number): void {
  const pieces = countPieces(treeFile.file.length, pieceLength)
  if (layer.length === pieces * DIGEST_LENGTH) return
  const rule = `is ${layer.length} bytes long, not ${DIGEST_LENGTH} for each of ${pieces} pieces`
  throw metainfoError(nameOf(treeFile), rule)
}

function checkLayerRoot(layer: Uint8Array, treeFile: TreeFile, pieceLength: number): void {
  const root = merkleRoot(layer, pieceLength)
  if (Buffer.compare(root, treeFile.piecesRoot ?? Buffer.alloc(0)) === 0) return
  throw metainfoError(nameOf(treeFile), 'does not lead to the pieces root')
}

function nameOf({ file }: TreeFile): string {
  return `piece layers of ${quoteText(file.path.join('/'))}`
}
