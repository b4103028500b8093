import { fork, type ChildProcess } from 'node:child_process'
import type { Server } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { Server as TlsServer } from 'node:tls'
import { fileURLToPath } from 'node:url'
import type { TlsKeys, TlsPair } from '../../web/tls/tls-keys.js'
import { BtkitError } from '../../errors.js'
import type { FromWorker, ToWorker, WorkerReport, WorkerSettings } from '../workers/messages.js'

/** Milliseconds that a worker may take to end: more than requests under way have. */
const PATIENCE = 9_000

/** Milliseconds that a worker may take to report. */
const REPORT_TIMEOUT = 1_000

export interface WorkerProcessParts {
  readonly settings: WorkerSettings
  /** What TLS is spoken with; null for plain HTTP. */
  readonly tls: TlsKeys | null
  /** What it listens on, as this process does. */
  readonly servers: readonly Server[]
  readonly onReport: (report: WorkerReport) => void
  readonly onError: (error: unknown) => void
}

/** A process that answers beside this one. */
export class WorkerProcess {
  /** Resolves when it has ended, with how: a status or a signal. */
  readonly ended: Promise<number | string>
  readonly #child: ChildProcess
  readonly #parts: WorkerProcessParts
  readonly #awaited = new Map<number, () => void>()
  #asked = 0
  #last: Pick<WorkerReport, 'connections' | 'memory'> = { connections: 0, memory: 0 }

  private constructor(child: ChildProcess, parts: WorkerProcessParts) {
    this.#child = child
    this.#parts = parts
    this.ended = new Promise((resolve) => {
      child.once('exit', (status, signal) => {
        resolve(signal ?? status ?? '')
      })
      child.on('error', ({ message }) => {
        // Any other is that it can't be told something any more, as it has just ended
        if (child.pid === undefined) resolve(message)
      })
    })
    child.on('message', (message: FromWorker) => {
      this.#hear(message)
    })
  }

  /**
   * Starts one, and resolves when it answers.
   * @throws BtkitError when it ends before
   */
  static async start(parts: WorkerProcessParts): Promise<WorkerProcess> {
    const path = fileURLToPath(new URL('./serve-worker.js', import.meta.url))
    const child = fork(path, { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    const worker = new WorkerProcess(child, parts)
    const ready = new Promise<null>((resolve) => {
      child.on('message', ({ kind }: FromWorker) => {
        if (kind === 'ready') resolve(null)
      })
    })
    child.send({ kind: 'begin', settings: parts.settings } satisfies ToWorker)
    if (parts.tls) worker.takeTls(parts.tls.pair)
    for (const server of parts.servers) {
      const isSecure = server instanceof TlsServer
      child.send({ kind: 'listen', isSecure } satisfies ToWorker, socketOf(server))
    }
    worker.#tell({ kind: 'ready' })
    const end = await Promise.race([ready, worker.ended])
    if (end === null) return worker
    throw new BtkitError('io', `a worker could not begin (${end})`)
  }

  /** Connections and bytes of memory, as it told last. */
  get last(): Pick<WorkerReport, 'connections' | 'memory'> {
    return this.#last
  }

  /** Has it report, and resolves when it has, or does not. */
  async report(): Promise<void> {
    this.#asked++
    const id = this.#asked
    const reported = new Promise<void>((resolve) => this.#awaited.set(id, resolve))
    this.#tell({ kind: 'report', id })
    const late = setTimeout(REPORT_TIMEOUT, undefined, { ref: false })
    await Promise.race([reported, this.ended, late])
    this.#awaited.delete(id)
  }

  /** Has it speak TLS with these. */
  takeTls(pair: TlsPair): void {
    this.#tell({ kind: 'tls', pair })
  }

  /** Has it give nothing again that it answered before. */
  expire(): void {
    this.#tell({ kind: 'expire' })
  }

  /** Has it end what is under way, and resolves when it has ended. */
  async stop(): Promise<void> {
    this.#tell({ kind: 'stop' })
    const timer = globalThis.setTimeout(() => this.#child.kill('SIGKILL'), PATIENCE)
    await this.ended
    clearTimeout(timer)
  }

  #tell(message: ToWorker): void {
    if (this.#child.connected) this.#child.send(message)
  }

  #hear(message: FromWorker): void {
    if (message.kind === 'error') this.#parts.onError(new BtkitError('io', message.message))
    if (message.kind !== 'report') return
    this.#last = message.report
    this.#parts.onReport(message.report)
    if (message.id !== null) this.#awaited.get(message.id)?.()
  }
}

/**
 * What a server listens on. A server that is passed itself takes connections in the other process
 * before anything there can answer them, and they are lost.
 */
function socketOf(server: Server): Server {
  const { _handle } = server as Server & { readonly _handle?: unknown }
  return (_handle ?? server) as Server
}
