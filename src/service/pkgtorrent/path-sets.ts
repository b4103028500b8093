import { LRUCache } from 'lru-cache'
import type { SetRecord } from '../../cache/records/set.js'
import { Budget } from '../admission/budget.js'
import { TimeSlices } from '../admission/time-slices.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import { findFiles } from '../mirror/find-files.js'
import type { ServiceOptions } from '../options.js'
import type { WaitLimit } from '../torrents/pending.js'
import type { CheckedTorrent, OnDemand, PlannedTorrent } from '../torrents/on-demand.js'
import { setContent } from './set-content.js'
import { digestOfSet } from './set.js'

/** Memory for sets that were asked for lately, in bytes; and what a path costs beside its text. */
const MEMORY = 8 * 1024 * 1024
const PATH_COST = 64

/** Names of directories that one request may go through. */
const MAX_NAMES = 1_000_000

/** Characters that one request may have compared: what a million names of 100 take. */
const MAX_STEPS = 100_000_000

/** Bytes that the paths of one request may come to, and more for each file that it may come to. */
const MAX_BYTES = 1024 * 1024
const BYTES_PER_MATCH = 2048

/** Files that can't be read, of which it is remembered that they were told of. */
const MAX_TOLD = 1000

/** Makes the torrents of sets, and remembers which sets were asked for. */
export class PathSets {
  readonly #sets = new LRUCache<string, SetRecord>({
    maxSize: MEMORY,
    sizeCalculation: ({ paths }) => {
      return paths.reduce((sum, path) => sum + PATH_COST + 2 * path.length, PATH_COST)
    },
  })

  readonly #slices = new TimeSlices()
  /** Files of which it was told that they can't be read. */
  readonly #told = new LRUCache<string, true>({ max: MAX_TOLD })

  constructor(
    readonly onDemand: OnDemand,
    readonly options: ServiceOptions,
    /** Hears what is wrong with the mirror. */
    readonly warn: (message: string) => void,
  ) {}

  /** The set of that digest that was asked for, before a restart too; null when none was. */
  known(digest: string): SetRecord | null {
    const known = this.#sets.get(digest)
    if (known) return known
    const recalled = this.onDemand.cacheAccess.cache.set(Buffer.from(digest, 'hex'))
    if (recalled) this.#sets.set(digest, recalled)
    return recalled
  }

  /**
   * Obtains a set's torrent.
   * @throws Refusal, or BtkitError as the files can't be read
   */
  obtain(set: SetRecord, waitLimit: WaitLimit): Promise<CheckedTorrent> {
    const digest = digestOfSet(set)
    const key = `${set.isSingle ? 'single' : 'set'} ${digest}`
    const plan = async (signal: AbortSignal) => {
      const planned = await this.#plan(set, signal)
      // Now that the files are there, and whether or not anybody waits until they are hashed
      this.#remember(digest, set)
      return planned
    }
    return this.onDemand.obtain({ key, plan }, waitLimit)
  }

  async #plan(set: SetRecord, signal: AbortSignal): Promise<PlannedTorrent> {
    const { mirror, limits, serviceName, markPadFiles } = this.options
    const { maxMatches } = limits
    const bytes = MAX_BYTES + BYTES_PER_MATCH * maxMatches
    const budget = new Budget({ steps: MAX_STEPS, names: MAX_NAMES, bytes }, this.#slices, signal)
    const { files, omitted } = await findFiles(set.paths, mirror, { maxMatches, budget })
    const content = setContent(set, files, serviceName)
    const options = { private: false, sourceTag: null, markPadFiles }
    for (const path of omitted) this.#tellOmitted(path)
    const directory = content.isDirectory ? [] : directoryOf(files, serviceName)
    return { content, options, directory, omitted }
  }

  /** Tells the operator of a file that can't be read, once. */
  #tellOmitted(path: string): void {
    if (this.#told.has(path)) return
    this.#told.set(path, true)
    this.warn(`${path}: can't be read, and is left out of torrents`)
  }

  /** A form says what a digest stands for; a path asked for by itself only where no form did. */
  #remember(digest: string, set: SetRecord): void {
    // A newline in a path can't be told from one between two
    if (set.paths.some((path) => path.includes('\n'))) return
    const known = this.known(digest)
    if (known && (set.isSingle || !known.isSingle)) return
    this.onDemand.cacheAccess.cache.rememberSet(Buffer.from(digest, 'hex'), set)
    this.#sets.set(digest, set)
  }
}

/**
 * The directory of a single file. Below its mount the service answers itself, so that clients would
 * get no file there.
 */
function directoryOf(
  [file]: readonly ScannedFile[],
  serviceName: string,
): readonly string[] | null {
  return file?.path[1] === serviceName ? null : (file?.path.slice(0, -1) ?? [])
}
