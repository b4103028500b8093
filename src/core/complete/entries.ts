import { basename } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { BtkitError } from '../../errors.js'
import { ConcurrencyLimit } from '../../files/concurrency-limit.js'
import { readFingerprintIfThere, sizeInFingerprint } from '../../files/fingerprint.js'
import type { HashProgress } from '../../hash/jobs/job.js'
import { countUnknownBytes } from '../digests/hash-content.js'
import { openSmallFiles, SMALL_FILE } from '../digests/small-files.js'
import { pathsOf, type SourceDirectory } from './directories.js'
import type { DirectoryEntry } from './entry-change.js'
import { EntryWrites } from './entry-writes.js'
import { decideEntry, openContent, type EntryDecision } from './entry.js'
import { noteFailure, type SkipReason, type TorrentPaths } from './report.js'
import type { CompleteRun } from './request.js'
import type { TorrentDecision } from './torrent-decision.js'
import { findUnchanged } from './unchanged.js'
import { statFiles } from '../../files/stat-files.js'

/** Entries between two looks at what else there is to do, such as to obey a signal. */
const ENTRIES_PER_YIELD = 500

/** The same of entries that are completed: what else there is to do is to write them. */
const CHANGES_PER_YIELD = 64

/** Small files that are decided of side by side: those being read, and as many again. */
const MOST_TOGETHER = 512

/** Entries that are looked at in one go. They may be long in coming to their turn. */
const WINDOW = 256

/**
 * Completes the entries of all directories, and returns the real paths of the torrents of those
 * that lost all their bytes. Failures go into the report.
 * @throws BtkitError `interrupted`
 */
export async function completeAll(
  directories: readonly SourceDirectory[],
  run: CompleteRun,
): Promise<Set<string>> {
  const entries = new EntryLoop(run)
  try {
    const changed = await entries.findChanged(directories)
    if (run.watch.isSeen && !run.request.dryRun) await run.watch.begin(await entries.sum(changed))
    await entries.completeEach(changed)
  } finally {
    await entries.writes.drain()
  }
  return entries.emptied
}

class EntryLoop {
  readonly emptied = new Set<string>()
  readonly writes: EntryWrites
  readonly #watched: CompleteRun
  #steps = 0

  constructor(readonly run: CompleteRun) {
    this.writes = new EntryWrites(run)
    this.#watched = this.#watch()
  }

  /** The entries that need a closer look; the others are counted as unchanged. */
  async findChanged(directories: readonly SourceDirectory[]): Promise<DirectoryEntry[]> {
    const { report, request } = this.run
    const changed: DirectoryEntry[] = []
    for (const directory of directories) {
      for (const { names, unchangedSize } of findUnchanged(directory, this.run)) {
        for (const [i, name] of names.entries()) {
          if (this.#isTurnOver()) await this.#yieldToEvents()
          const size = request.force ? null : unchangedSize(i)
          if (size === null) changed.push({ name, directory })
          else {
            report.unchanged++
            report.bytesReused += size
          }
        }
      }
    }
    return changed
  }

  /** The bytes of entries that will have to be hashed, as far as that can be told. */
  async sum(entries: readonly DirectoryEntry[]): Promise<number> {
    let total = 0
    if (entries.length > 0) await this.run.hashContext.lazyCache?.wake()
    for (const { name, directory } of entries) {
      if (this.#isTurnOver()) await this.#yieldToEvents()
      try {
        const opened = await openContent(name, directory, this.run)
        if (!('kind' in opened)) total += countUnknownBytes(opened.content, this.run.hashContext)
      } catch (error) {
        // It is told when the entry is completed
        if (!(error instanceof BtkitError)) throw error
      }
    }
    return total
  }

  /** Completes entries in turn, but small files many at a time. */
  async completeEach(entries: readonly DirectoryEntry[]): Promise<void> {
    const together = new ConcurrencyLimit(MOST_TOGETHER)
    const failures: unknown[] = []
    const note = (error: unknown) => {
      failures.push(error)
    }
    const { smallFiles } = this.#watched.hashContext
    try {
      for (const { entry, isSmall } of sizedEntries(entries)) {
        if (failures.length > 0) break
        if (this.#isTurnOver(CHANGES_PER_YIELD)) await this.#yieldToEvents()
        if (!isSmall || !smallFiles) {
          await together.drain()
          await this.complete(entry)
        } else await together.begin(() => this.complete(entry).catch(note))
      }
    } finally {
      await together.drain()
    }
    if (failures.length > 0) throw failures[0]
  }

  async complete(entry: DirectoryEntry): Promise<void> {
    const { name, directory } = entry
    const { report, watch } = this.run
    try {
      const decision = await decideEntry(name, directory, this.#watched)
      const { torrent } = decision
      if ('size' in torrent) this.#count(torrent, decision.bytesRead)
      if (watch.isSeen) watch.progress({ bytesDone: report.bytesHashed, currentPath: name })
      if (torrent.kind === 'keep') report.unchanged++
      if (torrent.kind === 'skip') this.#skip(entry, torrent)
      const writing = this.writes.begin(entry, decision)
      if (writing) await writing
    } catch (error) {
      this.#refuseInterrupted()
      this.#fail(entry, error)
    }
  }

  #skip(
    { name, directory }: DirectoryEntry,
    torrent: EntryDecision['torrent'] & { kind: 'skip' },
  ): void {
    const paths = pathsOf(name, directory)
    const left = leavesStaleTorrent(torrent.reason, paths, directory) ? { leavesTorrent: true } : {}
    const { pieceLength } = 'pieceLength' in torrent ? torrent : {}
    const adoptable = pieceLength === undefined ? {} : { pieceLength }
    this.run.report.skipped.push({ ...paths, reason: torrent.reason, ...left, ...adoptable })
    if ('isEmptied' in torrent && torrent.isEmptied) this.emptied.add(paths.torrentPath)
  }

  /** A dry run reads nothing, and does not know what it could use again. */
  #count(decision: TorrentDecision, bytesRead: number): void {
    const { report } = this.run
    // What was read for checksums is what was read for pieces, or more
    const bytesHashed = Math.max(decision.bytesHashed, bytesRead)
    const isUnread = decision.kind === 'write' && decision.hashes === null
    report.bytesHashed += bytesHashed
    if (!isUnread && decision.kind !== 'skip') report.bytesReused += decision.size - bytesHashed
  }

  #isTurnOver(length = ENTRIES_PER_YIELD): boolean {
    return this.#steps++ % length === 0
  }

  /** Looks what else there is to do. */
  async #yieldToEvents(): Promise<void> {
    await setImmediate()
    this.#refuseInterrupted()
  }

  #refuseInterrupted(): void {
    if (this.run.hashContext.engine.signal.aborted)
      throw new BtkitError('interrupted', 'interrupted')
  }

  #fail({ name, directory }: DirectoryEntry, error: unknown): void {
    noteFailure(this.run.report, pathsOf(name, directory), error)
  }

  /** The run, with its engine telling of the progress of the whole, and small files read together. */
  #watch(): CompleteRun {
    const { hashContext, report, request, watch } = this.run
    const engine = {
      ...hashContext.engine,
      onProgress: ({ bytesDone, currentPath }: HashProgress) => {
        watch.progress({ bytesDone: report.bytesHashed + bytesDone, currentPath })
      },
    }
    // Whoever wants it slow has each file wait for its turn, and lists have theirs read beside
    const isTogether = !engine.throttle && request.checksums.length === 0
    const smallFiles = isTogether ? openSmallFiles(engine.kernel) : null
    return { ...this.run, hashContext: { ...hashContext, engine, smallFiles } }
  }
}

/** Why an entry may be left out that was content before, by whatever took its place. */
const REPLACED: ReadonlySet<SkipReason> = new Set([
  'not a regular file',
  'link',
  'link leads outside',
  'link loop',
  'broken link',
])

/** Whether an entry that is skipped has a torrent from when it was content, which nobody keeps up. */
function leavesStaleTorrent(
  reason: SkipReason,
  { sourcePath, torrentPath }: TorrentPaths,
  { targetDirectory }: SourceDirectory,
): boolean {
  if (!REPLACED.has(reason)) return false
  const record = targetDirectory.log.get(basename(torrentPath))
  return record?.source === sourcePath && readFingerprintIfThere(torrentPath) !== null
}

/** An entry, and whether it is a small file by a glance at it. */
interface SizedEntry {
  readonly entry: DirectoryEntry
  readonly isSmall: boolean
}

/** Tells of entries, in their order, which are small files. */
function* sizedEntries(entries: readonly DirectoryEntry[]): Generator<SizedEntry> {
  for (let first = 0; first < entries.length;) {
    const window = windowFrom(entries, first)
    const directory = window[0]?.directory.realDirectory ?? ''
    const table = statFiles(
      directory,
      window.map(({ name }) => name),
    )
    for (const [i, entry] of window.entries()) {
      const fingerprint = table.at(i)
      const isSmall = fingerprint !== null && sizeInFingerprint(fingerprint) <= SMALL_FILE
      yield { entry, isSmall }
    }
    first += window.length
  }
}

/** The next entries of one directory. */
function windowFrom(entries: readonly DirectoryEntry[], first: number): DirectoryEntry[] {
  const window = entries.slice(first, first + WINDOW)
  const end = window.findIndex(({ directory }) => directory !== window[0]?.directory)
  return end < 0 ? window : window.slice(0, end)
}
