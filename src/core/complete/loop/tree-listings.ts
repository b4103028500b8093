import { lstatSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { tryOr } from '../../../base/errors.js'
import { childPath } from '../../../disk/look/inside.js'
import type { NameFilter } from '../../../disk/scan/glob.js'
import { skipReasonOf } from '../../../disk/scan/entry.js'
import { listColumns, ListingRoom } from '../../../disk/look/stat-files.js'
import type { ListedColumns } from '../../../disk/file-lists/file-store.js'
import type { FingerprintTable } from '../../../disk/file-lists/fingerprint-table.js'
import { compareBytes } from '../../../disk/look/read-names.js'
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

/** Directories between two turns of the event loop. */
const STRETCH = 500

/**
 * Lists the directories of a tree, in any order. This thread is blocked for one at a time. The walk
 * of scans would take half as long again, because it can wait at each name.
 */
export async function listTree(root: string, { see, onError }: TreeRules): Promise<void> {
  const room = new ListingRoom()
  const base = join(root)
  const open = ['']
  for (let steps = 1, place = open.pop(); place !== undefined; steps++, place = open.pop()) {
    if (steps % STRETCH === 0) await setImmediate()
    const directory = place === '' ? base : childPath(base, place)
    let entered: readonly string[] = []
    const listing = attemptListing(directory, room, onError)
    if (listing) entered = see({ place, directory, listing })
    for (const name of entered) open.push(below(place, name))
  }
}

function attemptListing(directory: string, room: ListingRoom, onError: TreeRules['onError']) {
  try {
    return listColumns(directory, room)
  } catch (error) {
    onError(error, directory)
    return null
  }
}

/** Returns the path of a name in a directory, both below a root. */
export function below(place: string, name: string): string {
  return place === '' ? name : `${place}/${name}`
}

/** Sorts directories by the bytes of their paths. */
export function sortPlaces<T extends { readonly place: string }>(found: readonly T[]): T[] {
  return [...found].sort((a, b) => compareBytes(a.place, b.place))
}

/** The kind of a name in a tree. Links to directories are not followed. */
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
