import { quoteText } from '../../text/escape.js'
import type { Metainfo } from '../metainfo.js'

/** Separates path components. It sorts before all other characters. */
const SEPARATOR = '\0'

/** A path, and its form on systems that ignore case and Unicode normalization. */
interface FoldedPath {
  readonly path: readonly string[]
  readonly folded: readonly string[]
  readonly key: string
}

/**
 * Finds names in one directory that differ only in case or Unicode normalization. On macOS they are
 * the same name.
 */
export function* findNameClashes({ files }: Metainfo) {
  const seen = new Set<string>()
  for (const [a, b] of neighbours(files)) {
    const at = clashOf(a, b)
    if (at < 0) continue
    const place = b.folded.slice(0, at + 1).join(SEPARATOR)
    if (seen.has(place)) continue
    seen.add(place)
    yield `${quoteAbove(a, at)} and ${quoteAbove(b, at)} are the same where case or Unicode normalisation is ignored`
  }
}

/** Finds paths at which the torrent has both a file and a directory. */
export function* findPathsOfBothKinds({ files }: Metainfo) {
  for (const [a, b] of neighbours(files)) {
    const isAbove = a.path.length < b.path.length
    if (isAbove && a.path.every((component, at) => component === b.path[at])) {
      yield `path ${quoteText(a.path.join('/'))} is both a file and a directory`
    }
  }
}

/**
 * Yields each path with the next one, in the order of their folded forms. Paths that share a folded
 * prefix are adjacent in this order, so every clash is between neighbours.
 */
function* neighbours(files: Metainfo['files']): Generator<[FoldedPath, FoldedPath]> {
  const paths = files.filter(({ padding }) => !padding).map(({ path }) => foldPath(path))
  paths.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  let last: FoldedPath | undefined
  for (const path of paths) {
    if (last) yield [last, path]
    last = path
  }
}

function foldPath(path: readonly string[]): FoldedPath {
  const folded = path.map((name) => name.normalize('NFC').toLowerCase().normalize('NFC'))
  return { path, folded, key: folded.join(SEPARATOR) }
}

/**
 * Returns the index of the first component that differs, if its folded forms are equal; else -1.
 */
function clashOf(a: FoldedPath, b: FoldedPath): number {
  const differs = a.path.findIndex((component, at) => component !== b.path[at])
  return differs >= 0 && a.folded[differs] === b.folded[differs] ? differs : -1
}

function quoteAbove({ path }: FoldedPath, at: number): string {
  return quoteText(path.slice(0, at + 1).join('/'))
}
