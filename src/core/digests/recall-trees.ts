import type { TreeKey, TreeRecord } from '../../cache/records/tree.js'
import { encodeFingerprint } from '../../files/fingerprint.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import { chooseKernel } from '../../hash/kernels/choose.js'
import type { CacheAccess } from './cache-trust.js'
import { isSameFile } from './cache-trust.js'
import type { Content } from './content.js'
import { alignedFiles, setTree, type FileTrees } from './file-trees.js'
import { treeOf, pieceHeight, type ReadTree } from './read-trees.js'
import { isSettled, type RememberingStart } from './settled.js'

/**
 * Looks up the trees of a content's files in the cache. This works for all piece
 * lengths that are not shorter than the range of a stored node.
 */
export function recallTrees(content: Content, trees: FileTrees, cacheAccess: CacheAccess): void {
  const kernel = chooseKernel(cacheAccess.kernel)
  for (const { file, number } of alignedFiles(content)) {
    const record = recall(file, cacheAccess)
    if (!record || !isFineEnough(record, file, content)) continue
    setTree(trees, number, treeOf(file, content, { tree: record, kernel }))
  }
}

/**
 * Whether a piece is not shorter than the range of a stored node. A file in a single piece only
 * needs its root.
 */
function isFineEnough(
  { height }: TreeRecord,
  { fingerprint }: ScannedFile,
  content: Content,
): boolean {
  return fingerprint.size <= content.pieceLength || height <= pieceHeight(content)
}

function recall(file: ScannedFile, { cache, trust }: CacheAccess): TreeRecord | null {
  const record = cache.tree(keyOf(file))
  if (!record) return null
  return isSameFile(record.fingerprint, encodeFingerprint(file.fingerprint), trust) ? record : null
}

/** Stores trees in the cache, as rememberPieces does with pieces. */
export function rememberTrees(trees: readonly ReadTree[], start: RememberingStart): void {
  for (const { file, root, height, nodes } of trees) {
    if (!isSettled(file, start)) continue
    start.cache.rememberTree(keyOf(file), {
      root,
      height,
      nodes,
      fingerprint: encodeFingerprint(file.fingerprint),
    })
  }
}

function keyOf({ absolutePath, fingerprint }: ScannedFile): TreeKey {
  return { path: absolutePath, size: fingerprint.size }
}
