import { constants } from 'node:fs'
import { isOfKind, lstatMany, type PathState } from '../../files/lstat-many.js'
import { isSuspect } from '../../files/scan/read-names.js'
import { isPlainName } from '../../metainfo/name.js'
import type { Budget } from '../admission/budget.js'
import type { DirectoryListings, DirectoryEntry } from '../tree/directory-listings.js'
import { mapConcurrently } from '../tree/map-concurrently.js'
import { childOf, isWithheld, type MirrorView } from '../tree/mirror.js'
import { Refusal, type RefusalCode } from '../../server/answers/refusal.js'
import { costOfRow, type ListingRow } from './row.js'

/** Rows of one directory; where there are more entries, the rest of them is left out. */
export const MAX_ROWS = 200_000

/** Entries that are looked at together. */
const CHUNK = 1024

export interface ReadRowsParts {
  readonly view: MirrorView
  readonly listings: DirectoryListings
  /** What the reading is charged to. */
  readonly budget: Budget
  /** Hears how many there are so far. */
  readonly onRead: (count: number) => void
}

/** A directory by its path on the mirror and its real path. */
export interface Place {
  readonly components: readonly string[]
  readonly absolutePath: string
}

/** What is in a directory, in any order. */
export interface ReadRows {
  readonly rows: readonly ListingRow[]
  readonly isCut: boolean
  readonly unnameable: number
}

/**
 * Reads what of a directory is published: files and directories, and links that lead to such.
 * @throws Refusal, or as the system does
 */
export async function readRows(place: Place, parts: ReadRowsParts): Promise<ReadRows> {
  const { budget, listings, view, onRead } = parts
  const rows: ListingRow[] = []
  let unnameable = 0
  for await (const entries of listings.entries(place.absolutePath)) {
    for (let start = 0; start < entries.length; start += CHUNK) {
      const chunk = entries.slice(start, start + CHUNK)
      budget.charge('names', chunk.length)
      const named = chunk.filter(isNameable)
      unnameable += chunk.length - named.length
      const published = named.filter(({ name }) => {
        return !isWithheld([...place.components, name], view.mirror)
      })
      for (const row of await lookAtAll(published, place, view)) {
        if (rows.length === MAX_ROWS) return { rows, unnameable, isCut: true }
        budget.charge('bytes', costOfRow(row))
        rows.push(row)
      }
      onRead(rows.length)
      if (budget.isSliceOver) await budget.nextSlice()
    }
  }
  return { rows, unnameable, isCut: false }
}

/** Whether an address can hold the name: one that is not UTF-8 came mangled. */
function isNameable({ name }: DirectoryEntry): boolean {
  return !isSuspect(name) && isPlainName(name)
}

/** The rows of entries, but for those that have gone or are nothing that can be had. */
async function lookAtAll(
  entries: readonly DirectoryEntry[],
  place: Place,
  view: MirrorView,
): Promise<ListingRow[]> {
  const states = await lstatMany(entries.map(({ name }) => childOf(place.absolutePath, name)))
  const rows: (ListingRow | null)[] = []
  const links: string[] = []
  entries.forEach(({ name }, i) => {
    const state = states[i]
    if (!state || state instanceof Error) return
    if (isOfKind(state, constants.S_IFLNK)) links.push(name)
    else rows.push(rowOf(name, state))
  })
  const targets = mapConcurrently(links, async (name) => {
    const state = await lookIfThere([...place.components, name], view)
    return state && rowOf(name, state)
  })
  return [...rows, ...(await targets)].filter((row) => row !== null)
}

/** What a link leads to; null when that may not be had. */
async function lookIfThere(
  components: readonly string[],
  view: MirrorView,
): Promise<PathState | null> {
  try {
    return (await view.look(components)).state
  } catch (error) {
    const isAbsent = error instanceof Refusal && ABSENT.includes(error.code)
    if (isAbsent) return null
    throw error
  }
}

const ABSENT: readonly RefusalCode[] = ['not-found', 'not-permitted']

/** Null for what is neither a file nor a directory. */
function rowOf(name: string, state: PathState): ListingRow | null {
  const isDirectory = isOfKind(state, constants.S_IFDIR)
  if (!isDirectory && !isOfKind(state, constants.S_IFREG)) return null
  const { size, mtimeNs } = state.fingerprint
  return { name, isDirectory, size: isDirectory ? 0 : size, modified: Number(mtimeNs / 1_000_000n) }
}
