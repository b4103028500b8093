import { createHash } from 'node:crypto'
import type { Budget } from '../admission/budget.js'
import { toRefusal, MirrorView, type Mirror } from '../tree/mirror.js'
import { findTaken } from './links.js'
import { Listing } from './listing.js'
import { sortByName } from './order.js'
import { directoryChanges, readRows, type Place, type ReadRows } from './read-rows.js'
import { findReadme } from './readme.js'
import type { ListingRow } from './row.js'

/** Rows processed together. */
const CHUNK = 1000

export interface ReadListingParts {
  readonly mirror: Mirror
  /** Receives the number of entries read so far. */
  readonly onRead: (count: number) => void
}

/**
 * Reads a directory and sorts its entries by name.
 * @throws Refusal
 */
export async function readListing(
  place: Place,
  { mirror, onRead }: ReadListingParts,
  budget: Budget,
): Promise<Listing> {
  const pause = async () => {
    if (budget.isSliceOver) await budget.nextSlice()
  }
  const view = new MirrorView(mirror)
  const { rows, isCut, unnameable } = await readIfThere(place, { view, budget, onRead })
  const directories = await sortByName(
    rows.filter(({ isDirectory }) => isDirectory),
    pause,
  )
  const files = await sortByName(
    rows.filter(({ isDirectory }) => !isDirectory),
    pause,
  )
  const hash = createHash('sha1').update(`${isCut} ${unnameable}\n`)
  const readmes: ListingRow[] = []
  const all = [...directories, ...files]
  for (let start = 0; start < all.length; start += CHUNK) {
    const chunk = all.slice(start, start + CHUNK)
    hash.update(chunk.map(lineOf).join(''))
    readmes.push(...[findReadme(chunk)].filter((row) => row !== null))
    await pause()
  }
  const readme = findReadme(readmes)
  const taken = await findTaken(all, pause)
  const digest = hash.digest('base64url')
  return new Listing({ directories, files, readme, taken, isCut, unnameable, digest })
}

/** Distinguishes a state of a row from all others. */
function lineOf({ name, isDirectory, size, modified }: ListingRow): string {
  return `${isDirectory ? 'd' : size} ${modified} ${name}\0`
}

async function readIfThere(place: Place, parts: Parameters<typeof readRows>[1]): Promise<ReadRows> {
  const { components } = place
  const { mirror } = parts.view
  try {
    const read = await readRows(place, parts)
    // Another directory, from anywhere, may have replaced this one
    if ((await new MirrorView(mirror).directory(components)) === place.absolutePath) return read
  } catch (error) {
    throw await toRefusal(error, components, mirror)
  }
  throw directoryChanges()
}
