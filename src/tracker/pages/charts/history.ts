import { setImmediate } from 'node:timers/promises'
import { BtkitError, failureOf, tryOr } from '../../../base/errors.js'
import { readRegular } from '../../../disk/look/read-bounded.js'
import { writeAtomically } from '../../../disk/write/atomically.js'
import { SLICE } from '../../../page-parts/slices.js'
import type { ServerContext } from '../../../server/context.js'
import { infoHashOfBytes } from '../../../metainfo/info-hash.js'
import type { InfoHash } from '../../../metainfo/values.js'
import { setAside } from '../../swarms/state-file.js'
import type { SwarmStore } from '../../swarms/swarm-store.js'

/** Milliseconds. */
export const HOUR = 3_600_000
const DAY = 24 * HOUR

/** The hours that are kept: a month. */
const HOURS = 31 * 24

/** Milliseconds between two samples. */
export const SAMPLE_INTERVAL = 4 * 60_000

/** Milliseconds between two saves. A crash loses the samples since the last one. */
export const SAVE_INTERVAL = 15 * 60_000

/** The largest file that is read, in bytes; an hour takes some 40. */
const MAX_SIZE = 256 * 1024

/** Others cannot read the state beside the file, either. */
const MODE = 0o640

/** Counts of all swarms in an hour; null if no sample was taken. */
export interface HistorySample {
  /** Start of the hour in milliseconds since 1970. */
  readonly at: number
  /** The average number of seeds, and of other peers. */
  readonly complete: number | null
  readonly downloading: number | null
  /** Downloads completed in the hour. */
  readonly completed: number | null
}

/** Number since 1970, average seeds, average other peers, completed downloads, samples. */
type Hour = [number: number, seeds: number, others: number, completed: number, samples: number]

/** The counts of the whole tracker in the hours of a month, of which its page draws charts. */
export class History {
  /** By time. */
  #hours: Hour[] = []
  /** Completed downloads at the last sample. */
  #downloaded: number | null = null
  #lastAt = 0

  /** Time of the last sample in milliseconds since 1970; 0 for none. */
  get lastAt(): number {
    return this.#lastAt
  }

  /** Sets the completed downloads from which the first sample counts. */
  begin(downloaded: number): void {
    this.#downloaded = downloaded
  }

  /** Adds the current counts. `at` is in milliseconds since 1970. */
  note(
    counts: {
      readonly complete: number
      readonly downloading: number
      readonly downloaded: number
    },
    at: number,
  ): void {
    const number = Math.floor(at / HOUR)
    // Later hours come from a clock that was wrong
    this.#hours = this.#hours.filter(([each]) => each <= number).slice(-HOURS)
    const [same] = this.#hours.slice(-1).filter(([each]) => each === number)
    const [, seeds, others, completed, samples] = same ?? [number, 0, 0, 0, 0]
    const next = samples + 1
    // A lower count than before comes from a lost state
    const more = Math.max(0, counts.downloaded - (this.#downloaded ?? counts.downloaded))
    this.#downloaded = counts.downloaded
    this.#lastAt = at
    if (same) this.#hours.pop()
    this.#hours.push([
      number,
      seeds + (counts.complete - seeds) / next,
      others + (counts.downloading - others) / next,
      completed + more,
      next,
    ])
  }

  /** The hours of the last month, oldest first; empty before the first sample. */
  samples(): HistorySample[] {
    const known = new Map(this.#hours.map((hour) => [hour[0], hour]))
    const last = this.#hours.at(-1)?.[0]
    if (last === undefined) return []
    const first = Math.max(this.#hours[0]?.[0] ?? 0, last - HOURS + 1)
    return Array.from({ length: last - first + 1 }, (_, i) => {
      const number = first + i
      const [, complete = null, downloading = null, completed = null] = known.get(number) ?? []
      return { at: number * HOUR, complete, downloading, completed }
    })
  }

  /** The hours in the form in which they are saved. */
  format(): string {
    const rounded = this.#hours.map((hour) => hour.map((value) => Math.round(100 * value) / 100))
    return `${JSON.stringify(rounded)}\n`
  }

  /**
   * Takes over saved hours.
   * @throws BtkitError `io` if they cannot be read
   */
  restore(text: string): void {
    const hours = tryOr(null, () => JSON.parse(text) as unknown)
    const isHour = (hour: unknown) =>
      Array.isArray(hour) && hour.length === 5 && hour.every((value) => Number(value) >= 0)
    if (!Array.isArray(hours) || hours.length > HOURS || !hours.every(isHour))
      throw new BtkitError('io', 'not a history of this version')
    this.#hours = (hours as Hour[]).sort(([a], [b]) => a - b)
    this.#lastAt = (this.#hours.at(-1)?.[0] ?? 0) * HOUR
  }
}

interface CountedSwarms {
  readonly store: Pick<SwarmStore, 'list'>
  /** Whether a torrent counts. */
  readonly isTracked: (infoHash: InfoHash) => boolean
}

/** Adds the current counts of all swarms to a history, and to the month of each. */
export async function takeSample(
  history: History,
  swarms: CountedSwarms & { readonly store: Pick<SwarmStore, 'noteSeeds'> },
  now: () => number,
): Promise<void> {
  await noteSeeds(swarms.store, now)
  history.note(await countAll(swarms), now())
}

/** Adds the current seeds of each swarm to its month, in small steps. */
export async function noteSeeds(
  store: Pick<SwarmStore, 'noteSeeds'>,
  now: () => number,
): Promise<void> {
  for (const _ of store.noteSeeds(Math.floor(now() / DAY))) await setImmediate()
}

/** Counts all swarms, in small steps. */
export async function countAll({ store, isTracked }: CountedSwarms) {
  const totals = { complete: 0, downloading: 0, downloaded: 0 }
  let count = 0
  for (const { infoHash, complete, incomplete, downloaded } of store.list()) {
    count += 1
    if (count % SLICE === 0) await setImmediate()
    if (!isTracked(infoHashOfBytes(infoHash))) continue
    totals.complete += complete
    totals.downloading += incomplete
    totals.downloaded += downloaded
  }
  return totals
}

/**
 * The file in which the history is kept across restarts. No fault of it stops the tracker. A file
 * that cannot be read is renamed before the first save.
 */
export class HistoryFile {
  #fault: string | null = null
  /** The last reported problem of a save; null once it works again. */
  #problem: string | null = null

  constructor(
    private readonly path: string,
    private readonly history: History,
    private readonly world: Pick<ServerContext, 'now' | 'warn'>,
  ) {}

  /** Restores the history, if there is one. Writes nothing. */
  async load(): Promise<void> {
    const failure = await failureOf(async () => {
      const file = await readRegular(this.path, MAX_SIZE, null)
      if (file) this.history.restore(Buffer.from(file.bytes).toString())
    })
    if (failure && failure.code !== 'not-found')
      this.#fault = failure.message.replace(`${this.path}: `, '')
  }

  /** Saves the history. A problem is a warning, once until it ends or changes. */
  async save(): Promise<void> {
    const { path, history, world } = this
    if (history.lastAt === 0) return
    try {
      if (this.#fault !== null) {
        const aside = await setAside(path, world.now())
        world.warn(`${path}: ${this.#fault}; renamed to ${aside}, and the charts begin again`)
        this.#fault = null
      }
      await writeAtomically(path, Buffer.from(history.format()), { mode: MODE })
      if (this.#problem !== null) world.warn(`${path}: saving the history works again`)
      this.#problem = null
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      const problem = message.replace(`${path}: `, '')
      if (problem !== this.#problem) world.warn(`${path}: could not save the history: ${problem}`)
      this.#problem = problem
    }
  }
}
