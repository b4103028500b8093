import { join } from 'node:path'
import { LRUCache } from 'lru-cache'
import { BtkitError } from '../../base/errors.js'
import { RepeatedWork } from '../../base/repeated-work.js'
import { Journal } from '../../disk/state/journal.js'
import { digestName } from '../../disk/state/notes.js'
import type { ServerContext } from '../../server/context.js'

/** A set of files that a torrent is requested for, as in the pkgtorrent protocol. */
export interface RequestedSet {
  /** Whether `single` asked for it and found one file, so that the torrent is a single-file one. */
  readonly isSingle: boolean
  /** Paths and simple globs, in the order of the request. */
  readonly paths: readonly string[]
}

/** A set with its last use, in milliseconds since 1970, to about a day. */
interface KnownSet extends RequestedSet {
  readonly used: number
}

/** Most sets, and most bytes of them, in memory and in the state; a path costs some of its own. */
const LIMITS = { max: 10_000, maxSize: 8 * 1024 * 1024 }
const PATH_COST = 64

/** Milliseconds between two notes of a use: each is a write. */
const DAY = 86_400_000

/** Where the sets are recorded, and who receives failures. */
export interface SetsPlace extends Pick<ServerContext, 'now' | 'warn' | 'onError'> {
  /** Null to record nothing. */
  readonly stateDirectory: string | null
  /** The root of the mirror, which the sets are of. */
  readonly root: string
}

/**
 * A register of the requested sets by their digests, also of those from before a restart: only a
 * client can send a lost set again. Strangers choose the sets, so they are limited in number and in
 * bytes; the longest unused goes first.
 */
export class KnownSets {
  readonly #sets: LRUCache<string, KnownSet>
  readonly #saving: RepeatedWork | null
  /** Why no set is recorded, until that was said. */
  #problem: string | null = null

  private constructor(
    private readonly journal: Journal | null,
    private readonly place: SetsPlace,
    limits = LIMITS,
  ) {
    this.#sets = new LRUCache<string, KnownSet>({
      ...limits,
      sizeCalculation: ({ paths }) => {
        return paths.reduce((sum, path) => sum + PATH_COST + path.length, PATH_COST)
      },
      dispose: (_set, digest, reason) => {
        if (reason === 'evict') journal?.put(digest, null)
      },
    })
    for (const [digest, set] of recordsOf(journal)) this.#sets.set(digest, set)
    this.#saving = journal && new RepeatedWork(() => journal.save(), SAVED, place)
  }

  /** Reads the recorded sets. If none can be recorded, the first new one causes a warning. */
  static open(place: SetsPlace, limits = LIMITS): KnownSets {
    try {
      return new KnownSets(openJournal(place), place, limits)
    } catch (error) {
      if (!(error instanceof BtkitError)) throw error
      const sets = new KnownSets(null, place, limits)
      sets.#problem = `${error.message}; sets of yum-torrent are forgotten at the end`
      return sets
    }
  }

  /** The set with that digest; null if it is unknown. */
  get(digest: string): RequestedSet | null {
    const set = this.#sets.get(digest)
    if (!set) return null
    const { isSingle, paths, used } = set
    if (Math.abs(this.place.now() - used) >= DAY) this.#record(digest, set)
    return { isSingle, paths }
  }

  /**
   * Records a set whose files were found. A set of a form replaces a single one with the same
   * digest.
   */
  note(digest: string, set: RequestedSet): void {
    const known = this.#sets.get(digest)
    if (!known || (known.isSingle && !set.isSingle)) this.#record(digest, set)
  }

  #record(digest: string, { isSingle, paths }: RequestedSet): void {
    const set = { isSingle, paths, used: this.place.now() }
    this.#sets.set(digest, set)
    // It may be larger than all sets together may be
    if (this.#sets.has(digest)) this.journal?.put(digest, set)
    void this.#saving?.run()
    if (this.#problem !== null) this.place.warn(this.#problem)
    this.#problem = null
  }

  /** Resolves when the sets are recorded, or a failure was reported. */
  async close(): Promise<void> {
    await this.#saving?.run()
  }
}

const SAVED = 'recording the sets of yum-torrent works again'

/** @throws BtkitError */
function openJournal({ stateDirectory, root, now, warn }: SetsPlace): Journal | null {
  if (stateDirectory === null) return null
  return new Journal({
    stateDirectory,
    now,
    warn,
    path: join(stateDirectory, 'sets', `${digestName(root)}.jsonl`),
    head: { btkit: 'sets', root },
    loss: 'clients must send the sets whose lines are lost again',
  })
}

/** The sets of a journal, the longest unused first. */
function recordsOf(journal: Journal | null): (readonly [digest: string, set: KnownSet])[] {
  const records = Array.from(journal?.entries() ?? [], ([digest, json]) => {
    return [digest, JSON.parse(json) as KnownSet] as const
  })
  journal?.release()
  return records.sort(([, a], [, b]) => a.used - b.used)
}
