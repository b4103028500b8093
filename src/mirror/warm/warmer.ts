import { escapeText } from '../../text/escape.js'
import type { TimeSlices } from '../admission/time-slices.js'
import { RootWatch } from '../tree/root-watch.js'
import { NotReady } from '../../server/answers/refusal.js'
import { Backlog, type Urgency } from './backlog.js'
import { ChangedNames } from './changed-names.js'
import { DirectoryWatches } from './directory-watches.js'
import type { WarmOptions } from './options.js'
import { PathPatterns } from './path-patterns.js'
import { keyOf, type WarmFile } from './warm-file.js'
import { WarmFiles } from './warm-files.js'
import { WarmTree } from './warm-tree.js'
import { WarmUp, type WarmUpParts } from './warm-up.js'
import type { ServerContext } from '../../server/context.js'

export interface WarmerParts extends WarmUpParts, Pick<ServerContext, 'warn' | 'onError'> {
  readonly options: WarmOptions
  readonly slices: TimeSlices
}

/** Most files of each urgency that are prepared at once. */
const AT_ONCE = 4

/** Milliseconds between checks whether the root is another directory. */
const ROOT_INTERVAL = 2000

/** Milliseconds between checks whether the cache still has the torrents of ready files. */
const RECALL_INTERVAL = 12 * 3_600_000

/** After a search of everything, the next one waits this many times its duration. */
const REST = 10

/** Most files whose failures are reported. */
const MAX_TOLD = 100

/** Keeps the torrents of matching files ready, while no client needs hashing. */
export class Warmer {
  readonly files = new WarmFiles()
  readonly #stopping = new AbortController()
  readonly #backlog: Backlog
  readonly #changed: ChangedNames
  readonly #watches: DirectoryWatches
  readonly #tree: WarmTree
  readonly #warmUp: WarmUp
  readonly #atWork: Record<Urgency, number> = { new: 0, old: 0 }
  readonly #underWay = new Set<Promise<void>>()
  /** Searches of the tree, one after the other. */
  #looks: Promise<void> = Promise.resolve()
  #scanTimer: NodeJS.Timeout | null = null
  #timers: NodeJS.Timeout[] = []
  #scans = 0
  readonly #told = new Set<string>()
  /** `old` until the first search is over: its files existed before. */
  #urgency: Urgency = 'old'

  constructor(private readonly parts: WarmerParts) {
    const { options, monotonic, mirror, slices, warn } = parts
    const onDue = () => {
      this.#fill()
    }
    this.#backlog = new Backlog(onDue, { monotonic })
    this.#changed = new ChangedNames((changed) => {
      this.#look(async () => {
        for (const [directory, names] of changed) await this.#tree.look(directory, names)
      })
    })
    const onEvent = (directory: string, name: string | null) => {
      this.#changed.add(directory, name)
    }
    this.#watches = new DirectoryWatches(onEvent, { warn })
    this.#tree = new WarmTree({
      mirror,
      slices,
      warn,
      patterns: new PathPatterns(options.patterns),
      files: this.files,
      watches: this.#watches,
      signal: this.#stopping.signal,
      onFile: (file) => {
        this.#backlog.add(file, this.#urgency)
      },
      onGone: (path) => {
        this.#backlog.remove({ path })
      },
    })
    this.#warmUp = new WarmUp(parts)
  }

  /** Number of watched directories. */
  get watches(): number {
    return this.#watches.size
  }

  /** Number of complete searches so far. */
  get scans(): number {
    return this.#scans
  }

  /** Begins the work; it does not keep the process alive. */
  start(): void {
    const root = new RootWatch(this.parts.mirror.root)
    const watchRoot = () => {
      if (root.hasMoved()) this.#scan()
    }
    const recall = () => {
      this.#look(() => this.#recall())
    }
    this.#timers = [setInterval(watchRoot, ROOT_INTERVAL), setInterval(recall, RECALL_INTERVAL)]
    for (const timer of this.#timers) timer.unref()
    this.#scan()
  }

  /** Ends all work at once. */
  async stop(): Promise<void> {
    this.#stopping.abort(new NotReady('the server is stopping', 10))
    for (const timer of this.#timers) clearInterval(timer)
    if (this.#scanTimer) clearTimeout(this.#scanTimer)
    this.#changed.close()
    this.#watches.close()
    this.#backlog.close()
    await Promise.all([this.#looks, ...this.#underWay])
  }

  /** Searches everything, and again after the interval. */
  #scan(): void {
    if (this.#scanTimer) clearTimeout(this.#scanTimer)
    this.#look(async () => {
      const { monotonic, options, warn } = this.parts
      const begun = monotonic()
      await this.#tree.scan()
      await this.#findOtherTorrents()
      if (this.#scans++ === 0 && this.files.size === 0) {
        warn(`--warm ${options.patterns.map(escapeText).join(' ')}: no file matches yet`)
      }
      // Files found from now on are new
      this.#urgency = 'new'
      const delay = options.interval + REST * (monotonic() - begun)
      this.#scanTimer = setTimeout(() => {
        this.#scan()
      }, delay).unref()
    })
  }

  /** Queues files for which the operator's torrents have changed. */
  async #findOtherTorrents(): Promise<void> {
    const { given } = this.parts
    if (!given.isUsed) return
    for (const file of this.files.values()) {
      this.#stopping.signal.throwIfAborted()
      if (file.torrent === null) continue
      if ((await given.stampOf(file.path)) !== file.torrent.stamp) this.#backlog.add(file, 'new')
    }
  }

  /** Queues all files, to look them up in the cache again. */
  async #recall(): Promise<void> {
    const { slices } = this.parts
    let end = slices.endOfSlice()
    for (const file of this.files.values()) {
      this.#backlog.add(file, 'old')
      if (!slices.isOver(end)) continue
      await slices.next()
      this.#stopping.signal.throwIfAborted()
      end = slices.endOfSlice()
    }
  }

  /** Searches the tree after the searches before are done. */
  #look(act: () => Promise<void>): void {
    const { signal } = this.#stopping
    const turn = async () => {
      if (!signal.aborted) await act()
    }
    this.#looks = this.#looks.then(turn).catch((error: unknown) => {
      if (!signal.aborted) this.parts.onError(error)
    })
  }

  /** Begins with as many files as may run at once. */
  #fill(): void {
    for (const urgency of ['new', 'old'] as const) {
      while (!this.#stopping.signal.aborted && this.#atWork[urgency] < AT_ONCE) {
        const file = this.#backlog.next(urgency)
        if (!file) break
        this.#atWork[urgency]++
        const work = this.#prepare(file, urgency).finally(() => {
          this.#atWork[urgency]--
          this.#underWay.delete(work)
          this.#fill()
        })
        this.#underWay.add(work)
      }
    }
  }

  async #prepare(file: WarmFile, urgency: Urgency): Promise<void> {
    const { signal } = this.#stopping
    try {
      const outcome = await this.#warmUp.prepare(file, signal)
      if (outcome.kind === 'later') {
        if (this.files.get(file.path) === file) this.#backlog.addLater(file, urgency)
      } else if (outcome.kind === 'ready') {
        this.files.setReadiness(file, 'ready', outcome.torrent)
      } else if (outcome.kind === 'failed') {
        this.#fail(file, outcome.reason)
      } else {
        this.files.setReadiness(file, 'failed')
      }
    } catch (error) {
      if (signal.aborted) return
      this.files.setReadiness(file, 'failed')
      this.parts.onError(error)
    }
  }

  #fail(file: WarmFile, reason: string | null): void {
    this.files.setReadiness(file, 'failed')
    const path = keyOf(file.path)
    if (reason === null || this.#told.has(path) || this.#told.size >= MAX_TOLD) return
    this.#told.add(path)
    this.parts.warn(`--warm: /${escapeText(path)}: ${reason}`)
  }
}
