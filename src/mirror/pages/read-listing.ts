import { constants } from 'node:fs'
import { mapLimited } from '../../base/concurrency.js'
import { isOfKind, lstatMany, type PathState } from '../../disk/look/stat-files.js'
import { skipReasonOf } from '../../disk/scan/entry.js'
import type { Budget } from '../../server/admission/memory.js'
import { etagOf } from '../../server/headers/conditional.js'
import { Refusal, type RefusalCode } from '../../server/headers/refusal.js'
import { LISTED, type Look } from '../tree/below-root.js'
import { READ_AT_ONCE, readNames } from '../tree/open-looked.js'
import {
  directoryChanges,
  isAddressable,
  isNameable,
  isWithheld,
  LOOKS_AT_ONCE,
  type Mirror,
  MirrorView,
  openLooked,
  readEntries,
  toRefusal,
} from '../tree/mirror.js'
import { costOfRow, findTaken, Listing, type ListingRow, sortByName } from './listing.js'
import { findReadme } from './readme.js'

/** A directory as it was looked up. */
export interface FoundDirectory {
  readonly components: readonly string[]
  readonly look: Look
}

/** Most rows of one directory; further entries are left out. */
const MAX_ROWS = 200_000

/** Entries that are looked at in one call: it takes some milliseconds, unless a disk is slow. */
export const CHUNK = 2048

/**
 * Reads a directory and sorts its entries by name: files, directories, and links to them.
 * @throws Refusal
 */
export async function readListing(
  found: FoundDirectory,
  mirror: Mirror,
  sizeBelow: (path: readonly string[]) => number | null,
  budget: Budget,
): Promise<Listing> {
  const { rows, isCut, unnameable } = await whileOpen(found, mirror, (place) => {
    return readRows(place, new MirrorView(mirror), budget)
  })
  const sorted = (areDirectories: boolean) => {
    const some = rows.filter(({ isDirectory }) => isDirectory === areDirectories)
    return sortByName(some, budget.pause)
  }
  const [directories, files] = [await sorted(true), await sorted(false)]
  for (const row of directories) row.below = sizeBelow([...found.components, row.name])
  const taken = await findTaken([...directories, ...files], budget.pause)
  const digest = etagOf(JSON.stringify([isCut, unnameable, ...taken]))
  const readme = findReadme(files)
  return new Listing({ directories, files, readme, taken, isCut, unnameable, digest })
}

/**
 * Does work with the directory itself: its name may lead to another one, from anywhere, meanwhile.
 * @throws Refusal if it does
 */
export async function whileOpen<T>(
  { components, look }: FoundDirectory,
  mirror: Mirror,
  work: (place: Place) => Promise<T>,
): Promise<T> {
  try {
    const { path, close } = await openLooked(look)
    try {
      const done = await work({ components, path })
      // Another directory may have replaced this one
      const now = await new MirrorView(mirror).directory(components)
      if (now.absolutePath === look.absolutePath) return done
    } finally {
      await close()
    }
  } catch (error) {
    throw await toRefusal(error, components, mirror)
  }
  throw directoryChanges()
}

/** An open directory, by its path on the mirror and one that leads to it. */
interface Place {
  readonly components: readonly string[]
  readonly path: string
}

/** Reads the published entries of a directory, in any order. */
async function readRows(place: Place, view: MirrorView, budget: Budget) {
  const rows: ListingRow[] = []
  const names = await readNames(place, MAX_ROWS + 1)
  const listed = names.slice(0, MAX_ROWS)
  let unnameable = 0
  budget.charge('names', listed.length)
  for (let start = 0; start < listed.length; start += CHUNK) {
    const chunk = listed.slice(start, start + CHUNK)
    const named = chunk.filter((name) => isAddressable([...place.components, name]))
    unnameable += chunk.length - named.length
    const published = named.filter((name) => {
      return !isWithheld([...place.components, name], view.mirror)
    })
    for (const row of await lookAtAll(published, place, view)) {
      if (!row) continue
      budget.charge('bytes', costOfRow(row))
      rows.push(row)
    }
    await budget.pause()
  }
  return { rows, unnameable, isCut: names.length > MAX_ROWS }
}

/** The rows of entries; null for one that is gone or cannot be downloaded. */
export async function lookAtAll(
  names: readonly string[],
  { components, path }: Place,
  view: MirrorView,
): Promise<(ListingRow | null)[]> {
  const links: number[] = []
  const rows = (await lstatMany(names, undefined, path)).map((state, i) => {
    if (state instanceof Error) return null
    if (isOfKind(state, constants.S_IFLNK)) links.push(i)
    return rowOf(names[i] ?? '', state)
  })
  await mapLimited(links, LOOKS_AT_ONCE, async (i) => {
    rows[i] = await targetOf([...components, names[i] ?? ''], view)
  })
  return rows
}

/**
 * Counts the entries of directories of which that is unknown. Links to torrents of empty ones could
 * only fail.
 */
export async function lookInto(
  rows: readonly ListingRow[],
  { components }: FoundDirectory,
  view: MirrorView,
): Promise<void> {
  const unknown = rows.filter((row) => row.isDirectory && row.isEmpty === undefined)
  await mapLimited(unknown, LOOKS_AT_ONCE, async (row) => {
    Object.assign(row, await contentOf([...components, row.name], view))
  })
}

/**
 * Whether a directory has nothing for a torrent, and the number of its entries, null if they are
 * more than are read at once. Nothing if it cannot be read.
 */
async function contentOf(
  path: readonly string[],
  view: MirrorView,
): Promise<Pick<ListingRow, 'isEmpty' | 'entries'>> {
  const { mirror } = view
  let [entries, isEmpty]: [number | null, boolean] = [0, true]
  try {
    for await (const read of readEntries(await view.directory(path, LISTED))) {
      const shown = read.filter(({ name }) => {
        return isAddressable([...path, name]) && !isWithheld([...path, name], mirror)
      })
      isEmpty &&= !shown.some(({ name }) => isForTorrents(name, mirror))
      if (read.length >= READ_AT_ONCE) entries = null
      if (entries !== null) {
        const links = shown.filter(({ kind }) => kind === 'unknown')
        const targets = await mapLimited(links, LOOKS_AT_ONCE, ({ name }) => {
          return targetOf([...path, name], view)
        })
        entries += shown.length - targets.filter((target) => target === null).length
      }
      if (!isEmpty && entries === null) break
    }
    return { isEmpty, entries }
  } catch {
    return {}
  }
}

function isForTorrents(name: string, { hidden }: Mirror): boolean {
  return isNameable(name) && skipReasonOf(name, { all: hidden }) === undefined
}

/** A link as its target; null if that is not published. */
async function targetOf(components: readonly string[], view: MirrorView) {
  try {
    return rowOf(components.at(-1) ?? '', await view.look(components))
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
