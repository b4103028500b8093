import type { PieceFacts } from '../make/piece-choice.js'
import type { ListDecision } from './decide-lists.js'
import { pathsOf, type DirectoryEntry } from './directories.js'
import type { EntryDecision } from './entry.js'
import type { Skipped } from '../digests/skipped.js'
import {
  noteFailure,
  noteLeftOut,
  type Change,
  type ListPaths,
  type Skip,
  type WrittenList,
} from './complete-report.js'
import type { CompleteRun } from './request.js'
import { join } from 'node:path'
import type { InfoHashes } from '../../metainfo/values.js'

/** Entries that are written as a group. The next group waits for it, to limit memory. */
const GROUP = 2048

/** Writes the results of decisions, many at a time, and reports the outcomes. */
export class EntryWrites {
  #group: Promise<void>[] = []
  /** Resolves when all earlier groups are written. */
  #earlier = Promise.resolve()
  readonly #window = new BatchWindow()

  constructor(private readonly run: CompleteRun) {}

  /** Starts writing the files of an entry. Resolves when there is room for the next entry. */
  begin(entry: DirectoryEntry, decision: EntryDecision): Promise<void> | null {
    const { torrent, lists } = decision
    for (const list of lists) if (list.kind === 'skip') this.#noteList(entry, list)
    const isWritten = torrent.kind === 'write' || lists.some(({ kind }) => kind === 'write')
    if (!isWritten) return null
    if (this.#group.length >= GROUP) {
      this.#earlier = this.drain()
      this.#group = []
    }
    this.#group.push(this.#writeAll(entry, decision))
    return this.#earlier
  }

  /** Resolves when everything is written. */
  async drain(): Promise<void> {
    await Promise.all([this.#earlier, ...this.#group])
  }

  /** Never rejects. */
  async #writeAll(entry: DirectoryEntry, decision: EntryDecision): Promise<void> {
    const { torrent, lists } = decision
    if (!this.run.request.dryRun) await this.#window.join()
    const listing = lists.flatMap((list) => {
      return list.kind === 'write' ? [this.#writeList(entry, list)] : []
    })
    try {
      if (torrent.kind === 'write') {
        if (!this.run.request.dryRun) await torrent.write()
        this.#noteTorrent(entry, torrent, decision)
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
    { pieces, leftOut }: EntryDecision,
  ): void {
    const { report, watch } = this.run
    const kind = isAdopted ? 'adopted' : existing ? 'updated' : 'created'
    const change = new EntryChange(entry, { hashes, oldHashes: existing?.metainfo ?? null, pieces })
    report[kind].push(change)
    const lacking = leftOut.filter(isContent)
    // There may be very many entries, and most lack nothing
    if (lacking.length > 0) noteLeftOut(report, pathsOf(entry.name, entry.directory), lacking)
    watch.written?.(kind, change, lacking)
  }

  #noteList(entry: DirectoryEntry, decision: ListDecision): void {
    const { created, updated, skipped } = this.run.report.checksumLists
    const isUnread = decision.kind === 'write' && decision.isUnread
    const change = new ListChange(entry, decision.file, isUnread)
    if (decision.kind === 'skip') skipped.push({ ...change.toJSON(), reason: decision.reason })
    else (decision.isNew ? created : updated).push(change)
  }
}

/** btkit's own files are no content that a torrent could lack. */
function isContent(skipped: Skipped): skipped is Skipped & Pick<Skip, 'reason'> {
  return skipped.reason !== 'the torrent itself' && skipped.reason !== 'temporary file'
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

/** The facts about a written torrent. */
interface ChangeFacts {
  readonly hashes: InfoHashes | null
  readonly oldHashes: InfoHashes | null
  /** Only in a dry run. */
  readonly pieces: PieceFacts | null
}

/** A torrent that was written. Its paths are computed on demand, because there may be very many. */
class EntryChange implements Change {
  readonly #entry: DirectoryEntry
  readonly infoHash: string | null
  readonly infoHashV2: string | null
  readonly oldInfoHash: string | null
  readonly oldInfoHashV2: string | null

  readonly pieces: PieceFacts | null

  constructor(entry: DirectoryEntry, { hashes, oldHashes, pieces }: ChangeFacts) {
    this.#entry = entry
    this.pieces = pieces
    this.infoHash = hashes?.infoHash ?? null
    this.infoHashV2 = hashes?.infoHashV2 ?? null
    this.oldInfoHash = oldHashes?.infoHash ?? null
    this.oldInfoHashV2 = oldHashes?.infoHashV2 ?? null
  }

  get source(): string {
    return join(this.#entry.directory.directory, this.#entry.name)
  }

  get sourcePath(): string {
    return this.#paths.sourcePath
  }

  get torrent(): string {
    return this.#paths.torrent
  }

  get torrentPath(): string {
    return this.#paths.torrentPath
  }

  /** Called by JSON.stringify. */
  toJSON(): Change {
    const { infoHash, infoHashV2, oldInfoHash, oldInfoHashV2 } = this
    return { ...this.#paths, infoHash, infoHashV2, oldInfoHash, oldInfoHashV2 }
  }

  get #paths() {
    return pathsOf(this.#entry.name, this.#entry.directory)
  }
}

/** A list of checksums that was written. Its paths are computed on demand, too. */
class ListChange implements WrittenList {
  readonly #entry: DirectoryEntry
  readonly #file: string
  readonly isUnread: boolean

  /** `file` is the name of the list in the target. */
  constructor(entry: DirectoryEntry, file: string, isUnread: boolean) {
    this.#entry = entry
    this.#file = file
    this.isUnread = isUnread
  }

  get source(): string {
    return join(this.#entry.directory.directory, this.#entry.name)
  }

  get sourcePath(): string {
    return join(this.#entry.directory.realDirectory, this.#entry.name)
  }

  get list(): string {
    return join(this.#entry.directory.target, this.#file)
  }

  get listPath(): string {
    return join(this.#entry.directory.targetDirectory.realPath, this.#file)
  }

  /** Called by JSON.stringify. */
  toJSON(): ListPaths {
    const { source, sourcePath, list, listPath } = this
    return { source, sourcePath, list, listPath }
  }
}
