import { setImmediate } from 'node:timers/promises'
import pLimit, { type LimitFunction } from 'p-limit'
import { BtkitError } from '../../errors.js'
import { unboundYoungHeap } from '../../heap-growth.js'
import type { HashProgress } from '../../hash/jobs/job.js'
import { countUnknownBytes, isSmallFile } from '../digests/hash-content.js'
import { openSmallFiles } from '../digests/small-files.js'
import {
  checkOtherEntries,
  pathsOf,
  type DirectoryEntry,
  type SourceDirectory,
} from './directories.js'
import { BatchWindow } from './batch-window.js'
import { countDecision, noteList, noteSkip, noteTorrent } from './outcomes.js'
import { decideEntry, openContent, type EntryDecision, type OpenedContent } from './entry.js'
import { noteFailure } from './complete-report.js'
import type { ListDecision } from './decide-lists.js'
import { carryOut } from './own-file.js'
import type { CompleteRun } from './request.js'
import { unchangedSizes } from './unchanged.js'

/** Number of entries between two turns of the event loop, for example to handle signals. */
const ENTRIES_PER_YIELD = 500

/** The same number for entries that are completed, so that their writes can proceed. */
const CHANGES_PER_YIELD = 64

/** Number of entries whose pieces other machines hash at the same time. */
const MOST_ELSEWHERE = 128

/** Number of small entries at the same time: one half is read while the other is decided. */
const MOST_SMALL = 512

/** Number of entries that are written at the same time; further ones wait, to limit memory. */
const MOST_WRITES = 2048

/**
 * Completes the entries of all directories. Returns the real paths of the torrents whose entries
 * lost all their bytes. Failures go into the report.
 * @throws BtkitError `interrupted`, and as checkOtherEntries
 */
export async function completeAll(
  directories: readonly SourceDirectory[],
  run: CompleteRun,
): Promise<Set<string>> {
  const entries = new EntryLoop(run)
  try {
    const changed = await entries.findChanged(directories)
    if (changed.length > 0) unboundYoungHeap()
    if (!run.request.force) checkOtherEntries(changed)
    if (run.watch.isSeen && !run.request.dryRun) await run.watch.begin(await entries.sum(changed))
    await entries.completeEach(changed)
  } finally {
    await entries.writing.drain()
  }
  return entries.emptied
}

class EntryLoop {
  readonly emptied = new Set<string>()
  readonly writing = new TaskFeed(MOST_WRITES)
  readonly #window = new BatchWindow()
  readonly #watched: CompleteRun
  /** The content of entries that were opened for the sum, until their turn comes. */
  readonly #opened = new Map<DirectoryEntry, OpenedContent>()
  #steps = 0

  constructor(readonly run: CompleteRun) {
    this.#watched = this.#watch()
  }

  /** Returns the entries that need a closer look; the others are counted as unchanged. */
  async findChanged(directories: readonly SourceDirectory[]): Promise<DirectoryEntry[]> {
    const { report, request } = this.run
    const changed: DirectoryEntry[] = []
    const wanted = request.entries && new Set(request.entries)
    for (const directory of directories) {
      const unchangedSize = unchangedSizes(directory, this.run)
      for (const name of directory.names) {
        if (this.#isTurnOver()) await this.#yieldToEvents()
        if (wanted && !wanted.has(name)) continue
        const size = request.force ? null : unchangedSize(name)
        if (size === null) changed.push({ name, directory })
        else {
          report.unchanged++
          report.bytesReused += size
        }
      }
    }
    return changed
  }

  /** Returns how many bytes of entries must be hashed, as far as that is known. */
  async sum(entries: readonly DirectoryEntry[]): Promise<number> {
    let total = 0
    if (entries.length > 0) await this.run.hashContext.lazyCache?.wake()
    for (const entry of entries) {
      if (this.#isTurnOver()) await this.#yieldToEvents()
      try {
        const opened = await openContent(entry, this.run)
        if ('kind' in opened) continue
        this.#opened.set(entry, opened)
        total += countUnknownBytes(opened.content, this.run.hashContext)
      } catch (error) {
        // Reported when the entry is completed
        if (!(error instanceof BtkitError)) throw error
      }
    }
    return total
  }

  /** Completes entries in order, but many at a time that are small or that other machines hash. */
  async completeEach(entries: readonly DirectoryEntry[]): Promise<void> {
    const { elsewhere, smallFiles } = this.#watched.hashContext
    const together = new TaskFeed(elsewhere ? MOST_ELSEWHERE : MOST_SMALL)
    let before = Promise.resolve()
    const failures: unknown[] = []
    const note = (error: unknown) => {
      failures.push(error)
    }
    try {
      for (const entry of entries) {
        if (failures.length > 0) break
        if (this.#isTurnOver(CHANGES_PER_YIELD)) await this.#yieldToEvents()
        const opened = smallFiles ? await this.#open(entry) : this.#opened.get(entry)
        const isTogether = elsewhere !== undefined || isSmall(opened)
        if (!isTogether) await together.drain()
        const turn = new Turn(elsewhere ? null : before)
        before = turn.passed
        await together.begin(() => this.complete(entry, opened, turn).catch(note))
        if (!isTogether) await together.drain()
      }
    } finally {
      await together.drain()
    }
    if (failures.length > 0) throw failures[0]
  }

  /** Returns the content of an entry; undefined if completing it will report why there is none. */
  async #open(entry: DirectoryEntry): Promise<OpenedContent | undefined> {
    try {
      const opened = this.#opened.get(entry) ?? openContent(entry, this.run)
      return opened instanceof Promise ? await opened : opened
    } catch {
      return undefined
    }
  }

  async complete(
    entry: DirectoryEntry,
    opened: OpenedContent | undefined,
    turn: Turn,
  ): Promise<void> {
    const { name } = entry
    const { report, watch } = this.run
    try {
      const decision = await inTurn(this.#decide(entry, opened), turn)
      const { torrent, lists } = decision
      countDecision(this.run, decision)
      if (watch.isSeen) watch.progress({ bytesDone: report.bytesHashed, currentPath: name })
      if (torrent.kind === 'keep') report.unchanged++
      if (torrent.kind === 'skip' && noteSkip(this.run, entry, torrent))
        this.emptied.add(pathsOf(name, entry.directory).torrentPath)
      const isWritten = torrent.kind === 'write' || lists.length > 0
      const begun = isWritten ? this.writing.begin(() => this.#write(entry, decision)) : null
      turn.pass()
      if (begun) await begun
    } catch (error) {
      this.#refuseInterrupted()
      this.#fail(entry, error)
    } finally {
      turn.pass()
    }
  }

  /** Decides by the content that was opened, or if that was for the sum and has changed, once more. */
  async #decide(entry: DirectoryEntry, opened?: OpenedContent): Promise<EntryDecision> {
    const isOpenedForSum = this.#opened.delete(entry)
    try {
      return await decideEntry(entry, this.#watched, opened)
    } catch (error) {
      const isOutdated = error instanceof BtkitError && OUTDATED.has(error.code)
      if (!isOpenedForSum || !isOutdated) throw error
      return decideEntry(entry, this.#watched)
    }
  }

  /** Writes the files of an entry, and reports the outcomes. Never rejects. */
  async #write(entry: DirectoryEntry, decision: EntryDecision): Promise<void> {
    const { torrent, lists } = decision
    if (!this.run.request.dryRun) await this.#window.join()
    const listing = lists.length > 0 ? lists.map((list) => this.#writeList(entry, list)) : null
    try {
      if (torrent.kind === 'write') {
        if (torrent.act) await carryOut(torrent.act)
        noteTorrent(this.run, entry, decision)
      }
    } catch (error) {
      this.#fail(entry, error)
    }
    if (listing) await Promise.all(listing)
  }

  async #writeList(entry: DirectoryEntry, list: ListDecision): Promise<void> {
    try {
      if (list.kind === 'write' && list.act) await carryOut(list.act)
      noteList(this.run, entry, list)
    } catch (error) {
      this.#fail(entry, error)
    }
  }

  #isTurnOver(length = ENTRIES_PER_YIELD): boolean {
    return this.#steps++ % length === 0
  }

  /** Lets other work run. */
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

  /**
   * Returns the run with an engine that reports the progress of all entries, and with small files
   * read together.
   */
  #watch(): CompleteRun {
    const { hashContext, report, request, watch } = this.run
    const engine = {
      ...hashContext.engine,
      onProgress: (progress: HashProgress) => {
        watch.progress({ ...progress, bytesDone: report.bytesHashed + progress.bytesDone })
      },
    }
    // With a throttle each file waits for its turn; with checksums it is read for both at once
    const isTogether = !hashContext.elsewhere && !engine.throttle && request.checksums.length === 0
    const smallFiles = isTogether ? openSmallFiles(engine.kernel) : null
    return { ...this.run, hashContext: { ...hashContext, engine, smallFiles } }
  }
}

/**
 * Starts very many tasks, `atOnce` at a time. A loop that waits for each start has few of them in
 * memory: p-limit itself has several promises for each task that waits.
 */
class TaskFeed {
  readonly #limit: LimitFunction

  constructor(private readonly atOnce: number) {
    this.#limit = pLimit(atOnce)
  }

  /** Resolves when the task has started, in its turn. The task must not fail. */
  begin(task: () => Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      void this.#limit(() => {
        resolve()
        return task()
      })
    })
  }

  /** Resolves when all tasks have ended: only then something can run that runs by itself. */
  async drain(): Promise<void> {
    this.#limit.concurrency = 1
    await this.#limit(() => undefined)
    this.#limit.concurrency = this.atOnce
  }
}

/** When an entry is reported: entries that are decided together keep their order. */
class Turn {
  pass: () => void = () => undefined
  /** Resolves when this entry is reported. */
  readonly passed = new Promise<void>((resolve) => (this.pass = resolve))

  /** `before` resolves when all entries before are reported; null if nobody waits for them. */
  constructor(readonly before: Promise<void> | null) {}
}

/** The result of work, not before the turn has come. */
async function inTurn<T>(work: Promise<T>, { before }: Turn): Promise<T> {
  try {
    return await work
  } finally {
    await before
  }
}

/** Whether an entry is a small file, which can be read with others. */
function isSmall(opened: OpenedContent | undefined): boolean {
  return opened !== undefined && !('kind' in opened) && isSmallFile(opened.content)
}

/** The errors of content that has changed since it was opened. */
const OUTDATED: ReadonlySet<BtkitError['code']> = new Set(['changed', 'not-found'])
