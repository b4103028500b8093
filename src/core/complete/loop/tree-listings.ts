import { lstatSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { tryOr } from '../../../base/errors.js'
import { childPath } from '../../../disk/look/inside.js'
import type { NameFilter } from '../../../disk/scan/glob.js'
import {
  listColumns,
  ListingRoom,
  textsOf,
  type FileListing,
} from '../../../disk/look/stat-files.js'
import type { ListedColumns } from '../../../disk/file-lists/file-store.js'
import type { FingerprintTable } from '../../../disk/file-lists/fingerprint-table.js'
import { placeBelow } from '../../../disk/state/roots.js'

/** A directory that was listed. */
export class ListedDirectory {
  #listing: FileListing | undefined
  /** The numbers of names that are not those of plain files. */
  readonly others: readonly number[]

  constructor(
    readonly directory: string,
    /** They count until the next place. */
    readonly columns: ListedColumns,
  ) {
    const { names, table } = columns
    const others: number[] = []
    for (let i = 0; i < names.length; i++) if (!table.isThere(i)) others.push(i)
    this.others = others
  }

  /** The same as texts, which stay. */
  get listing(): FileListing {
    return (this.#listing ??= textsOf(this.columns))
  }
}

/** A place of trees, and the directories there. */
export interface ListedPlace {
  /** The path below the roots, with slashes; empty for the roots. */
  readonly place: string
  /** The directory of each tree of sources; null where there is none. */
  readonly sources: readonly (ListedDirectory | null)[]
  /** The directory of the tree of torrents, if this is another one. */
  readonly target: ListedDirectory | null
}

/** The names that are entered, of each tree of sources and of that of torrents. */
export interface EnteredNames {
  readonly sources: readonly (readonly string[])[]
  readonly target: readonly string[]
}

/** Trees that are listed together. */
export interface Trees {
  readonly roots: readonly string[]
  /** The root of the torrents; null for beside the files. */
  readonly target: string | null
  /** Receives each place, and returns the names of directories in it that are listed, too. */
  readonly see: (found: ListedPlace) => EnteredNames | Promise<EnteredNames>
  /** Receives the error of a directory, which is passed over. */
  readonly onError: (error: unknown, directory: string, isTarget: boolean) => void
}

/** A place that is to be listed: the numbers of the trees of sources that have it. */
interface OpenPlace {
  readonly place: string
  readonly sources: Set<number>
  isTarget: boolean
}

/** Places between two turns of the event loop. */
const STRETCH = 250

/**
 * Lists trees of sources and of torrents at once: each place comes after that above it, and before
 * the next one beside it. This thread is blocked for one directory at a time. The walk of scans
 * would take half as long again, because it can wait at each name.
 */
export async function listTrees({ roots, target, see, onError }: Trees): Promise<void> {
  const tops = [...roots, ...(target === null ? [] : [target])].map((path) => {
    return { path: join(path), room: new ListingRoom() }
  })
  const list = (number: number, place: string): ListedDirectory | null => {
    const top = tops[number]
    if (!top) return null
    const directory = place === '' ? top.path : childPath(top.path, place)
    try {
      return new ListedDirectory(directory, listColumns(directory, top.room))
    } catch (error) {
      onError(error, directory, number === roots.length)
      return null
    }
  }
  const first = { place: '', sources: new Set(roots.keys()), isTarget: target !== null }
  const open: OpenPlace[] = [first]
  for (let steps = 1, at = open.pop(); at !== undefined; steps++, at = open.pop()) {
    if (steps % STRETCH === 0) await setImmediate()
    const { place, sources, isTarget } = at
    const seeing = see({
      place,
      sources: roots.map((_, i) => (sources.has(i) ? list(i, place) : null)),
      target: isTarget ? list(roots.length, place) : null,
    })
    const entered = seeing instanceof Promise ? await seeing : seeing
    for (const next of placesOf(place, entered).reverse()) open.push(next)
  }
}

/** Returns the places of entered names, in their order. */
function placesOf(place: string, { sources, target }: EnteredNames): OpenPlace[] {
  const found = new Map<string, OpenPlace>()
  const at = (name: string) => {
    const known = found.get(name)
    if (known) return known
    const made = { place: placeBelow(place, name), sources: new Set<number>(), isTarget: false }
    found.set(name, made)
    return made
  }
  for (const [i, names] of sources.entries()) for (const name of names) at(name).sources.add(i)
  for (const name of target) at(name).isTarget = true
  return [...found.values()]
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

/** Says which places of a tree get torrents, and which are entered. */
export class TreeChoice {
  constructor(private readonly filter: NameFilter | undefined) {}

  /** Whether no place is left out. */
  get isPlain(): boolean {
    return this.filter === undefined
  }

  /** Whether the file at a place gets a torrent, or the directory there is entered. */
  has(kind: 'file' | 'directory', place: string): boolean {
    if (this.filter?.excludes(place)) return false
    if (kind === 'directory') return !this.filter?.excludes(`${place}/`)
    return this.filter?.includes(place) ?? true
  }
}
