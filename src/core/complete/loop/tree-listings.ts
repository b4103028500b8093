import { lstatSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { tryOr } from '../../../base/errors.js'
import { childPath } from '../../../disk/look/inside.js'
import type { NameFilter } from '../../../disk/scan/glob.js'
import { skipReasonOf } from '../../../disk/scan/entry.js'
import { walk } from '../../../disk/scan/walk.js'
import { listColumns, ListingRoom } from '../../../disk/look/stat-files.js'
import type { ListedColumns } from '../../../disk/file-lists/file-store.js'
import type { FingerprintTable } from '../../../disk/file-lists/fingerprint-table.js'
import { sortByBytes } from '../../../disk/look/read-names.js'
import type { ScanOptions } from '../../../disk/scan/scanned-tree.js'

/** A directory of a tree that was listed. The listing counts until the next one. */
export interface ListedDirectory {
  /** Its path below the root, with slashes; empty for the root. */
  readonly place: string
  readonly directory: string
  readonly listing: ListedColumns
}

/** How a tree is listed. */
interface TreeRules {
  /** Receives each directory, and returns the names of those in it that are listed, too. */
  readonly see: (found: ListedDirectory) => readonly string[]
  /** Receives the error of a directory, which is passed over. */
  readonly onError: (error: unknown, directory: string) => void
}

/** Lists the directories of a tree, in any order. This thread is blocked for one at a time. */
export async function listTree(root: string, { see, onError }: TreeRules): Promise<void> {
  const room = new ListingRoom()
  const base = join(root)
  const pathOf = (place: string) => (place === '' ? base : childPath(base, place))
  const read = function* (place: string) {
    yield [listColumns(pathOf(place), room)]
  }
  const rules = {
    read,
    onError: (error: unknown, place: string) => {
      onError(error, pathOf(place))
    },
  }
  for await (const { directory: place, entries, enter } of walk<string, ListedColumns>('', rules)) {
    for (const listing of entries)
      for (const name of see({ place, directory: pathOf(place), listing }))
        enter(below(place, name))
  }
}

/** Returns the path of a name in a directory, both below a root. */
export function below(place: string, name: string): string {
  return place === '' ? name : `${place}/${name}`
}

/** Sorts paths below a root by their bytes. */
export function sortPlaces<T extends { readonly place: string }>(found: readonly T[]): T[] {
  const byPlace = new Map(found.map((each) => [each.place, each]))
  return sortByBytes([...byPlace.keys()]).flatMap((place) => byPlace.get(place) ?? [])
}

/** What a name in a directory is, to a tree. Links to directories are not followed. */
export type TreeKind = 'file' | 'directory' | 'link to a directory'

/** Returns what a listed name is. Everything that is no directory counts as a file. */
export function kindOf(
  path: () => string,
  table: Pick<FingerprintTable, 'isThere' | 'isDirectory'>,
  number: number,
): TreeKind {
  if (table.isThere(number)) return 'file'
  if (table.isDirectory(number)) return 'directory'
  // An error is that of the entry, and reported when it is completed
  const own = tryOr(undefined, () => lstatSync(path(), { throwIfNoEntry: false }))
  if (own?.isDirectory()) return 'directory'
  if (!own?.isSymbolicLink()) return 'file'
  const target = tryOr(undefined, () => statSync(path(), { throwIfNoEntry: false }))
  return target?.isDirectory() ? 'link to a directory' : 'file'
}

/** Says which names in a tree get torrents, and which are entered. */
export class TreeChoice {
  constructor(
    private readonly scan: ScanOptions,
    private readonly filter: NameFilter | undefined,
  ) {}

  /** Whether the file at a place gets a torrent, or the directory there is entered. */
  has(kind: 'file' | 'directory', place: string, name: string): boolean {
    if (skipReasonOf(name, this.scan) !== undefined || this.filter?.excludes(place)) return false
    if (kind === 'directory') return !this.filter?.excludes(`${place}/`)
    return this.filter?.includes(place) ?? true
  }

  /** Whether names need no look but at their bytes. */
  get isPlain(): boolean {
    return this.filter === undefined
  }
}
