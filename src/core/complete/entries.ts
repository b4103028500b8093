import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { BtkitError } from '../../errors.js'
import { completeEntry } from './entry.js'
import { findUnchanged } from './unchanged-files.js'
import { torrentPath, type SourceDirectory } from './directories.js'
import { noteFailure } from './report.js'
import type { CompleteRun } from './run.js'
import type { TorrentDecision } from './torrent.js'
import type { HashProgress } from '../../hash/jobs/job.js'
import { InFlight } from './in-flight.js'

/** Torrents that wait to be written at most, so that memory stays bounded. */
const PENDING_WRITES = 256

/** Entries between two looks at what else there is to do, such as to obey a signal. */
const ENTRIES_PER_YIELD = 500

/** An entry of a place. */
interface PlacedEntry {
  readonly name: string
  readonly place: SourceDirectory
}

/**
 * Completes the entries of all places, and returns the real paths of the torrents of those that
 * hold no bytes. Failures go into the report.
 * @throws BtkitError `interrupted`
 */
export async function completeAll(
  places: readonly SourceDirectory[],
  run: CompleteRun,
): Promise<Set<string>> {
  const all = new EntryLoop(run)
  await run.watch.begin(places.reduce((sum, { names }) => sum + names.length, 0))
  try {
    for (const place of places) {
      for (const { names, unchangedSize } of findUnchanged(place, run)) {
        for (const [i, name] of names.entries()) {
          await all.yieldToEvents(name)
          const size = unchangedSize(i)
          if (size === null) await all.complete({ name, place })
          else all.keep(size)
        }
      }
    }
  } finally {
    await all.writes.drain()
  }
  return all.emptied
}

class EntryLoop {
  readonly emptied = new Set<string>()
  readonly writes = new InFlight(PENDING_WRITES)
  entriesDone = 0
  readonly #watched: CompleteRun

  constructor(readonly run: CompleteRun) {
    this.#watched = this.#watch()
  }

  /** Now and then, looks what else there is to do. */
  async yieldToEvents(name: string): Promise<void> {
    if (this.entriesDone % ENTRIES_PER_YIELD > 0) return
    this.tell(0, name)
    await setImmediate()
    this.#refuseInterrupted()
  }

  /** Notes an entry of `size` bytes that is right as it stands. */
  keep(size: number): void {
    this.run.report.unchanged++
    this.run.report.bytesReused += size
    this.entriesDone++
  }

  /** Tells how far the run is, with `bytes` of the present entry. */
  tell(bytes: number, currentPath: string): void {
    const { entriesDone } = this
    const bytesHashed = this.run.report.bytesHashed + bytes
    this.run.watch.progress({ entriesDone, bytesHashed, currentPath })
  }

  async complete(entry: PlacedEntry): Promise<void> {
    const { name, place } = entry
    const { report } = this.run
    try {
      const step = await completeEntry(name, place, this.#watched)
      if (step.kind === 'skip') {
        report.skipped.push({ source: join(place.directory, name), reason: step.reason })
        if (step.reason === 'empty') this.emptied.add(torrentPath(place.realTarget, name))
      } else {
        await this.#settle(entry, step)
      }
    } catch (error) {
      this.#refuseInterrupted()
      this.#fail(entry, error)
    }
    this.entriesDone++
  }

  async #settle(entry: PlacedEntry, step: TorrentDecision): Promise<void> {
    const { report, request } = this.run
    report.bytesHashed += step.bytesHashed
    report.bytesReused += step.size - step.bytesHashed
    if (step.kind === 'keep') {
      report.unchanged++
      return
    }
    await this.writes.begin(async () => {
      try {
        if (!request.dryRun) await step.write()
        this.#noteWritten(entry, step)
      } catch (error) {
        this.#fail(entry, error)
      }
    })
  }

  #noteWritten({ name, place }: PlacedEntry, step: TorrentDecision & { kind: 'write' }): void {
    const { created, updated } = this.run.report
    const list = step.existing ? updated : created
    list.push({
      source: join(place.directory, name),
      torrent: torrentPath(place.target, name),
      infoHash: step.infoHash,
      oldInfoHash: step.existing?.metainfo?.infoHash ?? null,
    })
  }

  #refuseInterrupted(): void {
    if (this.run.hashContext.engine.signal.aborted)
      throw new BtkitError('interrupted', 'interrupted')
  }

  #fail({ name, place }: PlacedEntry, error: unknown): void {
    noteFailure(this.run.report, join(place.directory, name), error)
  }

  /** The run, with its engine telling of the progress of the whole. */
  #watch(): CompleteRun {
    const { hashContext } = this.run
    const engine = {
      ...hashContext.engine,
      onProgress: ({ bytesDone, currentPath }: HashProgress) => {
        this.tell(bytesDone, currentPath)
      },
    }
    return { ...this.run, hashContext: { ...hashContext, engine } }
  }
}
