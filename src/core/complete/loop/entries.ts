import { setImmediate } from 'node:timers/promises'
import { mapLimited } from '../../../base/concurrency.js'
import { BtkitError, refuseAborted } from '../../../base/errors.js'
import { trace } from '../../../base/text/trace.js'
import { fingerprintAt } from '../../../disk/write/directory.js'
import { growYoungHeap, YOUNG_HEAP } from '../../../base/heap-growth.js'
import { Writer } from '../../../disk/write/many.js'
import { WorkerPool } from '../../../disk/hash/jobs/worker-pool.js'
import type { HashProgress } from '../../../disk/hash/jobs/job.js'
import { isSmallFile } from '../../digests/hash-content.js'
import { ChecksumFault } from '../../make/streamed-file.js'
import { unreadOf } from '../../digests/piece-table.js'
import { recallPieces } from '../../digests/recall-pieces.js'
import type { Skipped } from '../../digests/skipped.js'
import { openSmallFiles } from '../../digests/small-files.js'
import { decideEntry, openContent } from '../decide/entry.js'
import type { EntryDecision, OpenedContent } from '../decide/entry.js'
import type { ListDecision } from '../decide/lists.js'
import { runFor, runOf } from '../decide/unchanged.js'
import { whyUpdated } from '../decide/why-updated.js'
import { parseMetainfo } from '../../../metainfo/parse/metainfo.js'
import { changeOf, listOf, noteFailure, withFact } from '../report.js'
import type { Change, ListPaths, Skip, SkipReason } from '../report.js'
import type { CompleteRun, WritingRun } from '../request.js'
import { pathsOf, torrentName } from '../target/directories.js'
import type { DirectoryEntry, SourceDirectory } from '../target/directories.js'
import { askServers, findChanged, refuseOthers } from './find-changed.js'
import { carryOut, type Act, type FileSkip } from '../target/own-file.js'
import { WriteGroups } from './write-groups.js'

/** The same number for entries that are completed, so that their writes can proceed. */
const CHANGES_PER_YIELD = 64

/**
 * Number of small files at the same time: one half is read while the other is decided. A directory
 * counts as several, a larger one as more.
 */
const MOST_SMALL = 512
const SMALL_DIRECTORY = 16
const BYTES_OF_ONE = 32 * 1024

/** Number of concurrent torrent writes. Disks sync many files as fast as one. */
const WRITES = 1024

/** The result of completing directories. */
interface Completed {
  /** The real paths of the torrents whose entries lost all their bytes. */
  readonly emptied: ReadonlySet<string>
  /** Directories of a tree with an entry that would replace the torrent of another one. */
  readonly refused: ReadonlySet<SourceDirectory>
}

/**
 * Completes the entries of all directories. Failures go into the report.
 * @throws BtkitError `interrupted`, and as checkOtherEntry unless the directories are of a tree
 */
export async function completeAll(
  directories: readonly SourceDirectory[],
  run: CompleteRun,
): Promise<Completed> {
  const found = await findChanged(directories, run)
  const refused = run.request.force ? new Set<SourceDirectory>() : refuseOthers(found, run)
  const changed = refused.size > 0 ? found.filter((each) => !refused.has(each.directory)) : found
  await askServers(changed)
  if (changed.length === 0) return { emptied: new Set(), refused }
  const pool = new WorkerPool()
  const entries = new EntryLoop(run, pool)
  try {
    if (run.watch.isSeen && !run.request.dryRun) await run.watch.begin(await entries.sum(changed))
    await entries.completeEach(changed)
  } finally {
    await entries.writes.drain()
    await pool.close()
  }
  return { emptied: entries.emptied, refused }
}

class EntryLoop {
  readonly emptied = new Set<string>()
  readonly writes = new WriteGroups()
  readonly #watched: WritingRun
  readonly #signal: AbortSignal
  #last: { readonly directory: SourceDirectory; readonly run: WritingRun } | undefined
  #steps = 0

  constructor(
    readonly run: CompleteRun,
    pool: WorkerPool,
  ) {
    this.#watched = this.#watch(pool)
    this.#signal = run.hashContext.engine.signal
  }

  /** Returns how many bytes of entries must be hashed, as far as that is known. */
  async sum(entries: readonly DirectoryEntry[]): Promise<number> {
    let total = 0
    await this.run.hashContext.cacheAccess.cache.wake()
    for (const entry of entries) {
      if (this.#isTurnOver()) await setImmediate()
      refuseAborted(this.#signal)
      try {
        const opened = await openContent(entry, this.#runOf(entry))
        if ('kind' in opened) continue
        const { content } = opened
        total += unreadOf(content, recallPieces(content, this.run.hashContext.cacheAccess)).bytes
      } catch (error) {
        // Reported when the entry is completed
        if (!(error instanceof BtkitError)) throw error
      }
    }
    return total
  }

  /** Completes entries in order, but small ones many at a time, or all if the run asks for it. */
  async completeEach(entries: readonly DirectoryEntry[]): Promise<void> {
    const { contentsAtOnce = 1 } = this.run.hashContext.cacheAccess.reader ?? {}
    if (contentsAtOnce > 1)
      await mapLimited(entries, contentsAtOnce, (entry) => this.#completeInAnyOrder(entry))
    else await this.#completeInOrder(entries)
    refuseAborted(this.#signal)
  }

  async #completeInOrder(entries: readonly DirectoryEntry[]): Promise<void> {
    const begun: { readonly weight: number; readonly end: () => Promise<void> }[] = []
    let load = 0
    const settle = async (most: number) => {
      while (load > most) {
        const first = begun.shift()
        await first?.end()
        load -= first?.weight ?? load
      }
    }
    try {
      for (const entry of entries) {
        if (this.#isTurnOver()) await setImmediate()
        refuseAborted(this.#signal)
        const opened = await this.#attempt(entry, () => openContent(entry, this.#runOf(entry)))
        if (!opened) continue
        const weight = this.#weightOf(opened)
        await settle(MOST_SMALL - weight)
        begun.push({ weight, end: this.#begin(entry, opened) })
        load += weight
      }
    } finally {
      await settle(0)
    }
  }

  /**
   * Returns how many places an entry takes: one if it is read with others, all if nothing else is
   * to be read beside it.
   */
  #weightOf(opened: OpenedContent): number {
    const { engine, rules } = this.#watched.hashContext
    if ('kind' in opened) return 1
    const { content } = opened
    if (rules?.smallFiles && isSmallFile(content)) return 1
    // With a throttle each waits for its turn
    if (engine.throttle || !content.isDirectory) return MOST_SMALL
    return Math.min(MOST_SMALL, SMALL_DIRECTORY + Math.ceil(content.size / BYTES_OF_ONE))
  }

  /** Completes an entry, after a turn of the event loop, in any order. Never rejects. */
  async #completeInAnyOrder(entry: DirectoryEntry): Promise<void> {
    if (this.#isTurnOver()) await setImmediate()
    if (this.#signal.aborted) return
    const opened = await this.#attempt(entry, () => openContent(entry, this.#runOf(entry)))
    if (opened) await this.#begin(entry, opened)()
  }

  /**
   * Begins to decide about an entry. Returns a function that enters the decision. Neither rejects.
   */
  #begin(entry: DirectoryEntry, opened: OpenedContent): () => Promise<void> {
    const deciding = this.#attempt(entry, () => decideEntry(entry, opened, this.#runOf(entry)))
    return async () => {
      const decision = await deciding
      if (decision) await this.#attempt(entry, () => this.#enter(entry, decision))
    }
  }

  /** The run for an entry: all of a directory share one, except their seeds. */
  #runOf(entry: DirectoryEntry): WritingRun {
    const { directory } = entry
    if (this.#last?.directory !== directory)
      this.#last = { directory, run: runOf(directory, this.#watched) }
    return runFor(entry, this.#last.run)
  }

  /** Counts the decision about an entry, and begins its writes. */
  async #enter(entry: DirectoryEntry, decision: EntryDecision): Promise<void> {
    const { torrent, lists, size, bytesRead } = decision
    const { report, watch } = this.run
    // Reading for checksums covers at least all bytes read for pieces
    const bytesHashed = Math.max(decision.bytesHashed, bytesRead)
    // A dry run reads nothing, and does not know which digests it could reuse
    const isUnread = torrent.kind === 'write' && torrent.hashes === null
    report.bytesHashed += bytesHashed
    if (!isUnread && torrent.kind !== 'skip') report.bytesReused += size - bytesHashed
    if (watch.isSeen) watch.progress({ bytesDone: report.bytesHashed, currentPath: entry.name })
    trace(() => `${pathsOf(entry.name, entry.directory).source}: ${outcomeOf(torrent)}`)
    if (torrent.kind === 'keep') report.unchanged++
    if (torrent.kind === 'skip') this.#noteSkip(entry, torrent)
    const isWritten = torrent.kind === 'write' || lists.length > 0
    if (isWritten) await this.writes.add(() => this.#write(entry, decision))
    const { disks, request } = this.run
    if (disks.isTried || request.dryRun || (!isWritten && bytesHashed === 0)) return
    // The next entry may take hours to read: first it must be known whether anything can be written
    await (isWritten ? this.writes.drain() : this.#record(entry))
  }

  /** Writes the record of an entry that needs no other write. */
  async #record(entry: DirectoryEntry): Promise<void> {
    const { disks, hashContext } = this.run
    const { log } = entry.directory.targetDirectory
    const { directory } = hashContext.state
    await this.#attempt(entry, () => disks.write(directory, () => log.flush()))
  }

  /** Reports an entry without a torrent of btkit. */
  #noteSkip(
    entry: DirectoryEntry,
    { reason, isEmptied = false, pieceLength, leftOut }: FileSkip<SkipReason>,
  ): void {
    const { report, request } = this.run
    const { name, directory } = entry
    const { targetDirectory: target } = directory
    const paths = pathsOf(name, directory)
    const isPruned = isEmptied && request.prune !== 'never'
    const mayBeStale = !isPruned && REPLACED.has(reason)
    const isStale =
      mayBeStale &&
      target.log.sourceOf(torrentName(name)) === directory.place + name &&
      fingerprintAt({ directory: target.directory, name: torrentName(name) }) !== null
    const skipped = {
      ...paths,
      reason,
      ...(isStale && { leavesTorrent: true }),
      ...(pieceLength !== undefined && { pieceLength }),
    }
    report.skipped.push(leftOut === undefined ? skipped : withFact(skipped, { leftOut }))
    if (isEmptied) this.emptied.add(paths.torrentPath)
  }

  /** Writes the files of an entry, and reports the outcomes. Never rejects. */
  async #write(entry: DirectoryEntry, decision: EntryDecision): Promise<void> {
    const lists = decision.lists.map((list) => {
      return this.#attempt(entry, () => this.#writeList(entry, list))
    })
    await this.#attempt(entry, () => this.#writeTorrent(entry, decision))
    await Promise.all(lists)
  }

  async #writeTorrent(
    { name, directory }: DirectoryEntry,
    { torrent, pieces, leftOut, isNewer, refusals }: EntryDecision,
  ): Promise<void> {
    if (torrent.kind !== 'write') return
    const { act, existing, hashes, isAdopted } = torrent
    const { report, watch } = this.run
    const kind = isAdopted ? 'adopted' : existing ? 'updated' : 'created'
    const paths = pathsOf(name, directory)
    const before = existing?.metainfo ?? null
    let made = changeOf(paths, hashes, before)
    if (kind !== 'created' && act) {
      const after = parseMetainfo(act.bytes, { maxSize: act.bytes.length })
      made = { ...made, reason: whyUpdated(before, after, isNewer) }
    }
    if (act) await this.#carryOut(act, kind, made)
    const facts = { ...(pieces && { pieces }), ...(refusals.length > 0 && { refusals }) }
    const change = withFact(made, facts)
    report[kind].push(change)
    // There may be very many entries, and most lack nothing
    const lacking = leftOut.filter(isContent)
    for (const { path, reason } of lacking) report.skipped.push({ ...paths, path, reason })
    watch.written?.(kind, change, lacking)
  }

  async #writeList(
    { name, directory }: DirectoryEntry,
    { file, decision }: ListDecision,
  ): Promise<void> {
    if (decision.kind === 'keep') return
    const { created, updated, skipped } = this.run.report.checksumLists
    const list = listOf(pathsOf(name, directory, file))
    if (decision.kind === 'skip') skipped.push({ ...list, reason: decision.reason })
    else {
      const { act, existing } = decision
      if (act) await this.#carryOut(act, existing ? 'list updated' : 'list created', list)
      const lists = existing ? updated : created
      lists.push(withFact(list, { isUnread: act === null }))
    }
  }

  async #carryOut(act: Act, list: string, change: Change | ListPaths): Promise<void> {
    await this.run.watch.planned?.(list, change)
    await carryOut(act)
  }

  /** Does a part of the work on an entry. Reports a failure, unless that is an interruption. */
  async #attempt<T>(
    { name, directory }: DirectoryEntry,
    work: () => T | Promise<T>,
  ): Promise<T | undefined> {
    try {
      return await work()
    } catch (error) {
      if (error instanceof ChecksumFault) directory.remote?.refuse(name, error)
      const isEnd = !(error instanceof BtkitError) || error.code === 'interrupted'
      if (!this.#signal.aborted || !isEnd)
        noteFailure(this.run.report, pathsOf(name, directory), error)
      return undefined
    }
  }

  /**
   * Whether others have their turn. Each time, new objects may take more space as long as that
   * helps.
   */
  #isTurnOver(): boolean {
    if (this.#steps++ % CHANGES_PER_YIELD > 0) return false
    growYoungHeap(YOUNG_HEAP)
    return true
  }

  /**
   * Returns the run with a writer, with an engine that reports the progress of all entries, and
   * with small files read together.
   */
  #watch(pool: WorkerPool): WritingRun {
    const { hashContext, report, request, watch } = this.run
    const engine = {
      ...hashContext.engine,
      pool: hashContext.engine.pool ?? pool,
      onProgress: (progress: HashProgress) => {
        watch.progress({ ...progress, bytesDone: report.bytesHashed + progress.bytesDone })
      },
    }
    // With a throttle each file waits for its turn; with checksums it is read for both at once
    const isInOrder = (hashContext.cacheAccess.reader?.contentsAtOnce ?? 1) === 1
    const isTogether = isInOrder && !engine.throttle && request.checksums.length === 0
    const smallFiles = isTogether ? openSmallFiles() : null
    const writer = new Writer(WRITES)
    const rules = { ...hashContext.rules, smallFiles }
    return { ...this.run, writer, hashContext: { ...hashContext, engine, rules } }
  }
}

/** The outcome for a torrent, in the words of a trace. */
function outcomeOf(torrent: EntryDecision['torrent']): string {
  if (torrent.kind === 'keep') return 'its torrent is kept'
  if (torrent.kind === 'skip') return `no torrent: ${torrent.reason}`
  if (torrent.isAdopted) return 'its torrent is adopted'
  return torrent.existing ? 'its torrent is made anew' : 'its torrent is made'
}

/** btkit's own files are no content that a torrent could lack. */
function isContent(skipped: Skipped): skipped is Skipped & Pick<Skip, 'reason'> {
  return skipped.reason !== 'the torrent itself' && skipped.reason !== 'temporary file'
}

/** The reasons for skipping an entry that may have been content before. */
const REPLACED: ReadonlySet<SkipReason> = new Set([
  'not a regular file',
  'link',
  'link leads outside',
  'link loop',
  'broken link',
  'empty',
  'hidden',
])
