import { compareBytes } from '../../disk/look/read-names.js'
import type { FileColumns } from '../../disk/file-lists/columns.js'

/** The sort keys of files. Files with equal keys keep their order. */
export const SORT_KEYS = ['path', 'size', 'mtime'] as const
export type SortKey = (typeof SORT_KEYS)[number]

/** The order of a torrent's files. */
export interface FileOrder {
  readonly by: SortKey
  readonly isDescending: boolean
}

/** The order of a file tree (BEP 52). */
export const BY_PATH: FileOrder = { by: 'path', isDescending: false }

/** Returns the files in that order. */
export function sortFiles(files: FileColumns, order: FileOrder): FileColumns {
  return files.select(Uint32Array.from(numbersIn(files, order), (i) => files.rowAt(i)))
}

/** Returns the numbers of the files in that order. */
export function numbersIn(files: FileColumns, { by, isDescending }: FileOrder): number[] {
  const compare = COMPARE[by](files)
  const numbers = Array.from({ length: files.length }, (_, i) => i)
  return numbers.sort(isDescending ? (a, b) => compare(b, a) : compare)
}

/** Compares files by their numbers. */
type Compare = (a: number, b: number) => number

const COMPARE: Readonly<Record<SortKey, (files: FileColumns) => Compare>> = {
  path: (files) => {
    const paths = Array.from(files, ({ path }) => path)
    return (a, b) => comparePaths(paths[a] ?? [], paths[b] ?? [])
  },
  size: (files) => (a, b) => files.sizeAt(a) - files.sizeAt(b),
  mtime: (files) => {
    const times = Array.from(files, ({ fingerprint }) => fingerprint.mtimeNs)
    return (a, b) => {
      const [x = 0n, y = 0n] = [times[a], times[b]]
      return x < y ? -1 : x > y ? 1 : 0
    }
  },
}

/** Compares paths by the bytes of their components, as a scan does. */
function comparePaths(a: readonly string[], b: readonly string[]): number {
  for (const [i, component] of a.entries()) {
    const other = b[i]
    const order = other === undefined ? 1 : compareBytes(component, other)
    if (order !== 0) return order
  }
  return a.length - b.length
}
