import { opendir } from 'node:fs/promises'
import { LRUCache } from 'lru-cache'
import { isSuspect } from '../../files/scan/read-names.js'
import { skipReasonOf } from '../../files/scan/entry.js'
import { isPlainName } from '../../metainfo/name.js'
import type { Budget } from '../admission/budget.js'
import { mapConcurrently } from '../tree/map-concurrently.js'
import { MirrorView, type Mirror } from '../tree/mirror.js'
import type { Listing } from './listing.js'
import type { ListingRow } from './row.js'

/** Cost of a look into a directory, in names. */
const ENTER = 10

/** Most remembered directories. */
const REMEMBERED = 20_000

/**
 * Milliseconds after its last change before a directory's date certainly changes with the next one.
 */
const SETTLED = 5000

/** Finds directories without a torrent, because they contain nothing for one. */
export class EmptyDirectories {
  readonly #known = new LRUCache<string, boolean>({ max: REMEMBERED })

  /** `now` returns milliseconds since 1970. */
  constructor(
    readonly mirror: Mirror,
    readonly now: () => number,
  ) {}

  /** The names of entries that are such directories. */
  async among(
    rows: readonly ListingRow[],
    components: readonly string[],
    budget: Budget,
  ): Promise<ReadonlySet<string>> {
    const view = new MirrorView(this.mirror)
    const directories = rows.filter(({ isDirectory }) => isDirectory)
    const empty = await mapConcurrently(directories, async ({ name, modified }) => {
      if (budget.isSliceOver) await budget.nextSlice()
      const path = [...components, name]
      const key = `${modified} ${path.join('/')}`
      const known = this.#known.get(key)
      if (known !== undefined) return known
      budget.charge('names', ENTER)
      const isEmpty = await this.#isEmpty(path, view)
      if (isEmpty !== null && this.now() - modified > SETTLED) this.#known.set(key, isEmpty)
      return isEmpty !== false
    })
    return new Set(directories.filter((_, i) => empty[i]).map(({ name }) => name))
  }

  /** Null for a directory that cannot be read. */
  async #isEmpty(path: readonly string[], view: MirrorView): Promise<boolean | null> {
    try {
      // Nearly always the first names decide
      const entries = await opendir(await view.directory(path), { bufferSize: 8 })
      for await (const { name } of entries) if (isTaken(name, this.mirror)) return false
      return true
    } catch {
      return null
    }
  }
}

/** Whether nothing in a listed directory can be in its torrent. */
export function isEmptyListing({ parts }: Listing, mirror: Mirror): boolean {
  const isContent = ({ name, isDirectory, size }: ListingRow) => {
    return (isDirectory || size > 0) && isTaken(name, mirror)
  }
  return !parts.directories.some(isContent) && !parts.files.some(isContent)
}

/** Whether a torrent of its directory includes an entry of that name. */
function isTaken(name: string, { hidden }: Mirror): boolean {
  return !isSuspect(name) && isPlainName(name) && skipReasonOf(name, hidden) === undefined
}
