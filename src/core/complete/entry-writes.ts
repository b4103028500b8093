import { ConcurrencyLimit } from '../../files/concurrency-limit.js'
import type { PieceFacts } from '../make/piece-choice.js'
import type { ListDecision } from './decide-lists.js'
import { pathsOf } from './directories.js'
import type { EntryDecision } from './entry.js'
import { EntryChange, ListChange, type DirectoryEntry } from './entry-change.js'
import { Gathering } from './gathering.js'
import { noteFailure } from './report.js'
import type { CompleteRun } from './request.js'

/** Entries that are written or wait for that at most, so that memory stays bounded. */
const PENDING_WRITES = 2048

/** Writes what was decided of entries, many at a time, and reports what became of it. */
export class EntryWrites {
  readonly #run: CompleteRun
  readonly #limit = new ConcurrencyLimit(PENDING_WRITES)
  readonly #gathering = new Gathering()

  constructor(run: CompleteRun) {
    this.#run = run
  }

  /** Begins to write what is to be written of an entry. Resolves when there is room for the next. */
  async begin(entry: DirectoryEntry, { torrent, lists, pieces }: EntryDecision): Promise<void> {
    for (const list of lists) if (list.kind === 'skip') this.#noteList(entry, list)
    const writes: Promise<void>[] = []
    const isWritten = torrent.kind === 'write' || lists.some(({ kind }) => kind === 'write')
    if (!isWritten) return
    await this.#limit.begin(async () => {
      if (!this.#run.request.dryRun) await this.#gathering.join()
      for (const list of lists) {
        if (list.kind !== 'write') continue
        writes.push(
          this.#write(entry, list, () => {
            this.#noteList(entry, list)
          }),
        )
      }
      if (torrent.kind === 'write') {
        writes.push(
          this.#write(entry, torrent, () => {
            this.#noteTorrent(entry, torrent, pieces)
          }),
        )
      }
      await Promise.all(writes)
    })
  }

  /** Resolves when all is written. */
  drain(): Promise<void> {
    return this.#limit.drain()
  }

  async #write(
    entry: DirectoryEntry,
    { write }: { readonly write: () => Promise<void> },
    note: () => void,
  ): Promise<void> {
    const { request, report } = this.#run
    try {
      if (!request.dryRun) await write()
      note()
    } catch (error) {
      noteFailure(report, pathsOf(entry.name, entry.directory), error)
    }
  }

  #noteTorrent(
    entry: DirectoryEntry,
    { existing, hashes }: EntryDecision['torrent'] & { kind: 'write' },
    pieces: PieceFacts | null,
  ): void {
    const { created, updated } = this.#run.report
    const list = existing ? updated : created
    list.push(new EntryChange(entry, { hashes, oldHashes: existing?.metainfo ?? null, pieces }))
  }

  #noteList(entry: DirectoryEntry, decision: ListDecision): void {
    const { created, updated, skipped } = this.#run.report.checksumLists
    const change = new ListChange(entry, decision.file)
    if (decision.kind === 'skip') skipped.push({ ...change.toJSON(), reason: decision.reason })
    else (decision.isNew ? created : updated).push(change)
  }
}
