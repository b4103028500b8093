import { lstatSync, readdirSync, statSync, type BigIntStats } from 'node:fs'
import { join } from 'node:path'
import { LRUCache } from 'lru-cache'
import { callSystem, valueOr } from '../../errors.js'
import { SUFFIX } from './names.js'

/** The names in a category, sorted. Hidden ones are left out. */
interface CategoryNames {
  readonly torrents: readonly string[]
  /** Links are left out. */
  readonly directories: readonly string[]
}

/** The most directories whose names are kept. */
const MAX_KEPT = 10_000

/** Nanoseconds within which a directory may change twice without another time. */
const SETTLED_NS = 2_000_000_000n

/** The names in directories. A directory is read again only if it changed. */
export class NamesInCategories {
  readonly #known = new LRUCache<string, { readonly state: string; readonly names: CategoryNames }>(
    {
      max: MAX_KEPT,
    },
  )

  /**
   * Returns the names in a directory.
   * @throws BtkitError `not-found`, `not-permitted` or `io`
   */
  namesIn(path: string): CategoryNames {
    return callSystem(path, () => {
      const stats = statSync(path, { bigint: true })
      const state = stateOf(stats)
      const known = this.#known.get(path)
      if (known?.state === state) return known.names
      const names = readNames(path)
      if (isSettled(stats)) this.#known.set(path, { state, names })
      return names
    })
  }

  /** The same, but empty for a directory that cannot be read. */
  namesIfReadable(path: string): CategoryNames {
    return valueOr({ torrents: [], directories: [] }, () => this.namesIn(path))
  }
}

function stateOf({ ino, dev, mtimeNs, ctimeNs }: BigIntStats): string {
  return [ino, dev, mtimeNs, ctimeNs].join(' ')
}

function isSettled({ mtimeNs }: BigIntStats): boolean {
  return BigInt(Date.now()) * 1_000_000n - mtimeNs > SETTLED_NS
}

/** Only names without the ending of torrents are examined: there may be very many torrents. */
function readNames(path: string): CategoryNames {
  const names = readdirSync(path).filter((name) => !name.startsWith('.'))
  const others = names.filter((name) => !name.endsWith(SUFFIX))
  const isDirectory = (name: string) =>
    lstatSync(join(path, name), { throwIfNoEntry: false })?.isDirectory()
  return {
    torrents: names.filter((name) => name.endsWith(SUFFIX)).sort(),
    directories: others.filter(isDirectory).sort(),
  }
}
