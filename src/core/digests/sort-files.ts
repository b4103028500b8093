import { compareBytes } from '../../files/scan/read-names.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'

/** The sort key of files. Files with equal keys keep their order. */
export type SortKey = 'path' | 'size' | 'mtime'

/** The order of a torrent's files. */
export interface FileOrder {
  readonly by: SortKey
  readonly isDescending: boolean
}

/** Returns the files in that order. */
export function sortFiles(
  files: readonly ScannedFile[],
  { by, isDescending }: FileOrder,
): ScannedFile[] {
  const compare = COMPARE[by]
  return files.toSorted(isDescending ? (a, b) => compare(b, a) : compare)
}

type Compare = (a: ScannedFile, b: ScannedFile) => number

const COMPARE: Readonly<Record<SortKey, Compare>> = {
  path: (a, b) => comparePaths(a.path, b.path),
  size: (a, b) => a.fingerprint.size - b.fingerprint.size,
  mtime: (a, b) => {
    const [x, y] = [a.fingerprint.mtimeNs, b.fingerprint.mtimeNs]
    return x < y ? -1 : x > y ? 1 : 0
  },
}

/** Compares paths by the bytes of their components, as a scan does. */
export function comparePaths(a: readonly string[], b: readonly string[]): number {
  for (const [i, component] of a.entries()) {
    const other = b[i]
    const order = other === undefined ? 1 : compareBytes(component, other)
    if (order !== 0) return order
  }
  return a.length - b.length
}
