import type { Metainfo, TreeFile } from './metainfo.js'

/**
 * For each of `files` its place in the v2 file tree; null for pad files, and for all files of a v1
 * torrent. Both sides of a hybrid have the same files in the same order.
 */
export function alignTree({ files, tree }: Pick<Metainfo, 'files' | 'tree'>): (TreeFile | null)[] {
  let next = 0
  return files.map(({ padding }) => {
    if (padding || tree === null) return null
    next += 1
    return tree[next - 1] ?? null
  })
}
