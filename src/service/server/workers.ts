import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Server } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import type { TlsKeys } from '../../web/tls/tls-keys.js'
import { openMainServer, type MainServer } from '../workers/main-server.js'
import type { WorkerReport, WorkerSettings } from '../workers/messages.js'
import { WorkerProcess, type WorkerProcessParts } from './worker-process.js'

/** Milliseconds until another takes the place of one that ended. */
const PAUSE = 200

export interface WorkersParts {
  /** Processes that answer, this one included. */
  readonly count: number
  readonly settings: Omit<WorkerSettings, 'mainPath'>
  /** What TLS is spoken with; null for plain HTTP. */
  readonly tls: TlsKeys | null
  /** Hears what is wrong while work goes on. */
  readonly warn: (message: string) => void
  readonly onError: (error: unknown) => void
}

export interface WorkersStart {
  /** What all listen on. */
  readonly servers: readonly Server[]
  /** Answers what they pass on. */
  readonly handler: (request: IncomingMessage, response: ServerResponse) => void
  readonly onReport: (report: WorkerReport) => void
}

/** The processes that answer beside this one. Each that ends is replaced. */
export class Workers {
  readonly #parts: WorkersParts
  readonly #processes = new Set<WorkerProcess>()
  readonly #starting = new Set<Promise<void>>()
  readonly #stopping = new AbortController()
  #main: MainServer | null = null
  #replaced = 0

  constructor(parts: WorkersParts) {
    this.#parts = parts
  }

  /** Processes that are to answer, this one included. */
  get count(): number {
    return this.#parts.count
  }

  /** Processes that answer, this one included. */
  get running(): number {
    return 1 + this.#processes.size
  }

  /** How many have ended by themselves. */
  get replaced(): number {
    return this.#replaced
  }

  /** Connections that are open in others, as they told last. */
  get connections(): number {
    return this.#sum(({ last }) => last.connections)
  }

  /** Bytes of memory of others, as they told last. */
  get memory(): number {
    return this.#sum(({ last }) => last.memory)
  }

  /**
   * Starts as many as are wanted, and resolves when all answer.
   * @throws BtkitError when one does not
   */
  async start({ servers, handler, onReport }: WorkersStart): Promise<void> {
    const { count, settings, tls, onError } = this.#parts
    if (count === 1) return
    this.#main = await openMainServer(handler)
    const own = {
      servers,
      onReport,
      onError,
      tls,
      settings: { ...settings, mainPath: this.#main.path },
    }
    tls?.onChange((pair) => {
      for (const each of this.#processes) each.takeTls(pair)
    })
    const started = Array.from({ length: count - 1 }, () => this.#startOne(own))
    const [failed] = (await Promise.allSettled(started)).filter(
      ({ status }) => status === 'rejected',
    )
    if (!failed) return
    await this.stop()
    await Promise.all(started)
  }

  /** Has all report what they have not told yet. */
  async report(): Promise<void> {
    await Promise.all([...this.#processes].map((each) => each.report()))
  }

  /** Has none give again what was answered before. */
  expire(): void {
    for (const each of this.#processes) each.expire()
  }

  /** Resolves when all have answered what was asked, and ended. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await Promise.all(this.#starting)
    await Promise.all([...this.#processes].map((each) => each.stop()))
    await this.#main?.close()
  }

  async #startOne(parts: WorkerProcessParts): Promise<void> {
    const started = await WorkerProcess.start(parts)
    this.#processes.add(started)
    void started.ended.then((end) => {
      this.#processes.delete(started)
      if (this.#stopping.signal.aborted) return
      this.#replaced++
      this.#parts.warn(`a worker ended (${end}): another takes its place`)
      const replacing = this.#replace(parts)
      this.#starting.add(replacing)
      void replacing.finally(() => this.#starting.delete(replacing))
    })
  }

  /** Starts another, again and again until it answers: this process answers all the while. */
  async #replace(parts: WorkerProcessParts): Promise<void> {
    const { signal } = this.#stopping
    for (let pause = PAUSE; ; pause = Math.min(60_000, 2 * pause)) {
      try {
        await setTimeout(pause, undefined, { signal })
        await this.#startOne(parts)
        return
      } catch (error) {
        if (signal.aborted) return
        this.#parts.onError(error)
      }
    }
  }

  #sum(figure: (process: WorkerProcess) => number): number {
    return [...this.#processes].reduce((sum, each) => sum + figure(each), 0)
  }
}
