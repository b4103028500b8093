import type { TreeKey, TreeRecord } from '../../cache/records/tree.js'
import { encodeFingerprint } from '../../files/fingerprint.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import { chooseKernel } from '../../hash/kernels/choose.js'
import type { CacheAccess } from './cache-trust.js'
import { isSameFile, keptFingerprint } from './cache-trust.js'
import type { Content } from './content.js'
import { alignedFiles, setTree, type FileTrees } from './file-trees.js'
import { treeOf, pieceHeight, type ReadTree } from './read-trees.js'
import { isSettled, type RememberingStart } from './settled.js'
import type { Steps } from './steps.js'

/**
 * Enters what the cache knows of the trees of a content's files, a file a step. That does not depend
 * on the piece length, as long as pieces are no shorter than what the nodes in the cache stand for.
 */
export function* recallingTrees(
  content: Content,
  trees: FileTrees,
  cacheAccess: CacheAccess,
): Steps<void> {
  const kernel = chooseKernel(cacheAccess.kernel)
  for (const { file, number } of alignedFiles(content)) {
    yield
    const record = recall(file, cacheAccess)
    if (!record || !isFineEnough(record, file, content)) continue
    setTree(trees, number, treeOf(file, content, { tree: record, kernel }))
  }
}

/** Whether a piece is no shorter than what a node stands for; a file in a single piece has but a root. */
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

/** Keeps trees that were read in the cache, a file a step, as rememberingPieces does with pieces. */
export function* rememberingTrees(
  trees: readonly ReadTree[],
  start: RememberingStart,
): Steps<void> {
  for (const { file, root, height, nodes } of trees) {
    yield
    if (!isSettled(file, start)) continue
    start.cache.rememberTree(keyOf(file), {
      root,
      height,
      nodes,
      fingerprint: keptFingerprint(file.fingerprint),
    })
  }
}

function keyOf({ absolutePath, fingerprint }: ScannedFile): TreeKey {
  return { path: absolutePath, size: fingerprint.size }
}
