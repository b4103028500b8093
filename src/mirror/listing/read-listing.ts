import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { open, readlink } from 'node:fs/promises'
import { isOfKind, lstatMany, type PathState } from '../../files/lstat-many.js'
import { isSuspect } from '../../files/scan/read-names.js'
import { isPlainName } from '../../metainfo/name.js'
import { NotReady, Refusal, type RefusalCode } from '../../server/answers/refusal.js'
import type { Budget } from '../admission/budget.js'
import {
  childOf,
  type DirectoryEntry,
  isWithheld,
  mapConcurrently,
  type Mirror,
  MirrorView,
  readInChunks,
  toRefusal,
} from '../tree/mirror.js'
import { findTaken } from './links.js'
import { costOfRow, Listing, sortByName, type ListingRow } from './listing.js'
import { findReadme } from './readme.js'

/** Most rows of one directory; further entries are left out. */
const MAX_ROWS = 200_000

/** Rows processed together. */
const CHUNK = 1000

/** A directory by its path on the mirror and its real path. */
interface Place {
  readonly components: readonly string[]
  readonly absolutePath: string
}

/** The published entries of a directory, in any order. */
interface ReadRows {
  readonly rows: readonly ListingRow[]
  readonly isCut: boolean
  readonly unnameable: number
}

/**
 * Reads a directory and sorts its entries by name: files, directories, and links to them.
 * @throws Refusal
 */
export async function readListing(place: Place, mirror: Mirror, budget: Budget): Promise<Listing> {
  const { rows, isCut, unnameable } = await readIfThere(place, mirror, budget)
  const sorted = (isWanted: (row: ListingRow) => boolean) => {
    return sortByName(rows.filter(isWanted), budget.pause)
  }
  const directories = await sorted(({ isDirectory }) => isDirectory)
  const files = await sorted(({ isDirectory }) => !isDirectory)
  const hash = createHash('sha1').update(`${isCut} ${unnameable}\n`)
  let readme: ListingRow | null = null
  const all = [...directories, ...files]
  for (let start = 0; start < all.length; start += CHUNK) {
    const chunk = all.slice(start, start + CHUNK)
    hash.update(chunk.map(lineOf).join(''))
    readme = findReadme(readme ? [readme, ...chunk] : chunk)
    await budget.pause()
  }
  const taken = await findTaken(all, budget.pause)
  const digest = hash.digest('base64url')
  return new Listing({ directories, files, readme, taken, isCut, unnameable, digest })
}

/** Distinguishes a state of a row from all others. */
function lineOf({ name, isDirectory, size, modified }: ListingRow): string {
  return `${isDirectory ? 'd' : size} ${modified} ${name}\0`
}

async function readIfThere(place: Place, mirror: Mirror, budget: Budget): Promise<ReadRows> {
  const { components, absolutePath } = place
  const view = new MirrorView(mirror)
  try {
    const read = await inOpenDirectory(absolutePath, (path) => {
      return readRows({ components, absolutePath: path }, view, budget)
    })
    // Another directory, from anywhere, may have replaced this one
    if ((await new MirrorView(mirror).directory(components)) === absolutePath) return read
  } catch (error) {
    throw await toRefusal(error, components, mirror)
  }
  throw directoryChanges()
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
function directoryChanges(): NotReady {
  return new NotReady('the directory changes while it is read; try again in 5 s', 5)
}

async function readRows(place: Place, view: MirrorView, budget: Budget): Promise<ReadRows> {
  const rows: ListingRow[] = []
  let unnameable = 0
  for await (const entries of readInChunks(place.absolutePath)) {
    budget.charge('names', entries.length)
    const named = entries.filter(isNameable)
    unnameable += entries.length - named.length
    const published = named.filter(({ name }) => {
      return !isWithheld([...place.components, name], view.mirror)
    })
    for (const row of await lookAtAll(published, place, view)) {
      if (rows.length === MAX_ROWS) return { rows, unnameable, isCut: true }
      budget.charge('bytes', costOfRow(row))
      rows.push(row)
    }
    await budget.pause()
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
