import { ConcurrencyLimit } from '../../files/concurrency-limit.js'
import type { PieceFacts } from '../make/piece-choice.js'
import type { ListDecision } from './decide-lists.js'
import { pathsOf } from './directories.js'
import type { EntryDecision } from './entry.js'
import type { DirectoryEntry } from './directories.js'
import { EntryChange, ListChange } from './entry-change.js'
import { noteFailure } from './complete-report.js'
import type { CompleteRun } from './request.js'

/** Maximum number of entries that are being written or wait for it, to limit memory. */
const PENDING_WRITES = 2048

/** Writes the results of decisions, many at a time, and reports the outcomes. */
export class EntryWrites {
  readonly #limit = new ConcurrencyLimit(PENDING_WRITES)
  readonly #window = new BatchWindow()

  constructor(private readonly run: CompleteRun) {}

  /** Starts writing the files of an entry. Resolves when there is room for the next entry. */
  begin(entry: DirectoryEntry, decision: EntryDecision): Promise<void> | null {
    const { torrent, lists } = decision
    for (const list of lists) if (list.kind === 'skip') this.#noteList(entry, list)
    const isWritten = torrent.kind === 'write' || lists.some(({ kind }) => kind === 'write')
    return isWritten ? this.#limit.begin(() => this.#writeAll(entry, decision)) : null
  }

  /** Resolves when everything is written. */
  drain(): Promise<void> {
    return this.#limit.drain()
  }

  /** Never rejects. */
  async #writeAll(entry: DirectoryEntry, { torrent, lists, pieces }: EntryDecision): Promise<void> {
    if (!this.run.request.dryRun) await this.#window.join()
    const listing = lists.flatMap((list) => {
      return list.kind === 'write' ? [this.#writeList(entry, list)] : []
    })
    try {
      if (torrent.kind === 'write') {
        if (!this.run.request.dryRun) await torrent.write()
        this.#noteTorrent(entry, torrent, pieces)
      }
    } catch (error) {
      this.#fail(entry, error)
    }
    if (listing.length > 0) await Promise.all(listing)
  }

  async #writeList(
    entry: DirectoryEntry,
    list: ListDecision & { readonly kind: 'write' },
  ): Promise<void> {
    try {
      if (!this.run.request.dryRun) await list.write()
      this.#noteList(entry, list)
    } catch (error) {
      this.#fail(entry, error)
    }
  }

  #fail({ name, directory }: DirectoryEntry, error: unknown): void {
    noteFailure(this.run.report, pathsOf(name, directory), error)
  }

  #noteTorrent(
    entry: DirectoryEntry,
    { existing, hashes, isAdopted }: EntryDecision['torrent'] & { kind: 'write' },
    pieces: PieceFacts | null,
  ): void {
    const { created, updated, adopted } = this.run.report
    const list = isAdopted ? adopted : existing ? updated : created
    list.push(new EntryChange(entry, { hashes, oldHashes: existing?.metainfo ?? null, pieces }))
  }

  #noteList(entry: DirectoryEntry, decision: ListDecision): void {
    const { created, updated, skipped } = this.run.report.checksumLists
    const isUnread = decision.kind === 'write' && decision.isUnread
    const change = new ListChange(entry, decision.file, isUnread)
    if (decision.kind === 'skip') skipped.push({ ...change.toJSON(), reason: decision.reason })
    else (decision.isNew ? created : updated).push(change)
  }
}

/** The largest group of tasks, and how long its first task waits, in milliseconds. */
const MOST = 512
const MAX_WAIT = 20

/**
 * Starts tasks in groups if that is cheaper, as for writes that share a sync. Each task waits until
 * the group is full, or for a short time.
 */
class BatchWindow {
  /** The promise of the waiting group; null if no task waits. */
  #beginning: Promise<void> | null = null
  #begin: () => void = () => undefined
  #count = 0

  /** Resolves when the group starts. */
  join(): Promise<void> {
    const beginning = (this.#beginning ??= this.#open())
    if (++this.#count >= MOST) this.#begin()
    return beginning
  }

  #open(): Promise<void> {
    return new Promise((resolve) => {
      const begin = () => {
        clearTimeout(timer)
        this.#beginning = null
        this.#count = 0
        resolve()
      }
      const timer = setTimeout(begin, MAX_WAIT)
      this.#begin = begin
    })
  }
}
