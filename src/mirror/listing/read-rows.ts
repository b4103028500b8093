import { constants } from 'node:fs'
import { open, readlink } from 'node:fs/promises'
import { isOfKind, lstatMany, type PathState } from '../../files/lstat-many.js'
import { isSuspect } from '../../files/scan/read-names.js'
import { isPlainName } from '../../metainfo/name.js'
import type { Budget } from '../admission/budget.js'
import { readInChunks, type DirectoryEntry } from '../tree/directory-listings.js'
import { mapConcurrently } from '../tree/map-concurrently.js'
import { childOf, isWithheld, type MirrorView } from '../tree/mirror.js'
import { NotReady, Refusal, type RefusalCode } from '../../server/answers/refusal.js'
import { costOfRow, type ListingRow } from './row.js'

/** Most rows of one directory; further entries are left out. */
export const MAX_ROWS = 200_000

/** Entries that are looked up together. */
const CHUNK = 1024

export interface ReadRowsParts {
  readonly view: MirrorView
  /** The budget that the reading is charged to. */
  readonly budget: Budget
  /** Receives the number of rows so far. */
  readonly onRead: (count: number) => void
}

/** A directory by its path on the mirror and its real path. */
export interface Place {
  readonly components: readonly string[]
  readonly absolutePath: string
}

/** The published entries of a directory, in any order. */
export interface ReadRows {
  readonly rows: readonly ListingRow[]
  readonly isCut: boolean
  readonly unnameable: number
}

/**
 * Reads the published entries of a directory: files, directories, and links to them.
 * @throws Refusal, and the system's errors
 */
export async function readRows(place: Place, parts: ReadRowsParts): Promise<ReadRows> {
  return inOpenDirectory(place.absolutePath, (absolutePath) => {
    return readOpen({ ...place, absolutePath }, parts)
  })
}

/**
 * Calls `act` with a path of the directory itself: on Linux, of its descriptor. The real path may
 * lead to another directory, from anywhere, while it is read.
 */
async function inOpenDirectory<T>(path: string, act: (path: string) => Promise<T>): Promise<T> {
  if (process.platform !== 'linux') return act(path)
  const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
  try {
    const own = `/proc/self/fd/${handle.fd}`
    if ((await readlink(own)) !== path) throw directoryChanges()
    return await act(own)
  } finally {
    await handle.close()
  }
}

/** Refuses a directory that another one replaces while it is read. */
export function directoryChanges(): NotReady {
  return new NotReady('the directory changes while it is read; try again in 5 s', 5)
}

async function readOpen(place: Place, parts: ReadRowsParts): Promise<ReadRows> {
  const { budget, view, onRead } = parts
  const rows: ListingRow[] = []
  let unnameable = 0
  for await (const entries of readInChunks(place.absolutePath)) {
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

/** Whether an address can contain the name; a name that is not UTF-8 cannot be restored. */
function isNameable({ name }: DirectoryEntry): boolean {
  return !isSuspect(name) && isPlainName(name)
}

/** The rows of entries, except those that are gone or cannot be downloaded. */
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

/** The state of a link's target; null if it is not published. */
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

/** Null for anything that is neither a file nor a directory. */
function rowOf(name: string, state: PathState): ListingRow | null {
  const isDirectory = isOfKind(state, constants.S_IFDIR)
  if (!isDirectory && !isOfKind(state, constants.S_IFREG)) return null
  const { size, mtimeNs } = state.fingerprint
  return { name, isDirectory, size: isDirectory ? 0 : size, modified: Number(mtimeNs / 1_000_000n) }
}
