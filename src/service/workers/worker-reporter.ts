import { AccessLog } from '../../web/access-log.js'
import type { ClientAddresses } from '../../web/client-address.js'
import type { Exchange } from '../../web/exchange.js'
import { RequestFigures } from '../web/request-figures.js'
import type { WorkerReport, WorkerSettings } from './messages.js'

/** Milliseconds after a request within which it is told of. */
const INTERVAL = 200

/** Characters of the log that wait to be told, at most: what comes while there are more is lost. */
const MAX_WAITING = 4 * 1024 * 1024

/** Torrents that are counted one by one between two reports; of others only the sum is told. */
const MAX_KEPT = 256

export interface WorkerReporterParts {
  readonly format: WorkerSettings['logFormat']
  readonly clientAddresses: ClientAddresses
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** How many connections are open. */
  readonly connections: () => number
  /** Tells the main process, by a number if that has asked; resolves when it is on its way. */
  readonly tell: (report: WorkerReport, id: number | null) => Promise<void>
}

/** Gathers what came of requests, and tells the main process now and then. */
export class WorkerReporter {
  readonly #parts: WorkerReporterParts
  readonly #requests = new RequestFigures()
  readonly #log: AccessLog
  #fromMemory = 0
  #kept = new Map<string, number>()
  #lines: string[] = []
  #length = 0
  #lostLines = 0
  #timer: NodeJS.Timeout | null = null
  #isTelling = false

  constructor(parts: WorkerReporterParts) {
    this.#parts = parts
    const write = (lines: string) => {
      this.#write(lines)
    }
    this.#log = new AccessLog({ ...parts, write })
  }

  /** Notes a request that is over. */
  readonly note = (exchange: Exchange): void => {
    this.#requests.note(exchange)
    this.#log.note(exchange)
    this.#timer ??= setTimeout(this.#tellSoon, INTERVAL)
  }

  /** Notes a torrent that was given again, by its info hash. */
  noteKept(infoHash: string): void {
    this.#fromMemory++
    const requests = this.#kept.get(infoHash)
    if (requests !== undefined || this.#kept.size < MAX_KEPT) {
      this.#kept.set(infoHash, 1 + (requests ?? 0))
    }
  }

  /** Tells all that was noted; see `tell`. */
  tell(id: number | null): Promise<void> {
    this.#log.flush()
    const report = {
      requests: this.#requests.take(),
      fromMemory: this.#fromMemory,
      kept: [...this.#kept],
      lines: this.#lines.join(''),
      lostLines: this.#lostLines,
      connections: this.#parts.connections(),
      memory: process.memoryUsage.rss(),
    }
    this.#fromMemory = this.#lostLines = this.#length = 0
    this.#lines = []
    this.#kept = new Map()
    return this.#parts.tell(report, id)
  }

  readonly #tellSoon = (): void => {
    this.#timer = null
    // While the main process is too busy to hear it, all is gathered
    if (this.#isTelling) this.#timer = setTimeout(this.#tellSoon, INTERVAL)
    else void this.#tellAlone()
  }

  async #tellAlone(): Promise<void> {
    this.#isTelling = true
    await this.tell(null)
    this.#isTelling = false
  }

  #write(lines: string): void {
    if (this.#length + lines.length > MAX_WAITING) {
      this.#lostLines += lines.split('\n').length - 1
      return
    }
    this.#lines.push(lines)
    this.#length += lines.length
  }
}
