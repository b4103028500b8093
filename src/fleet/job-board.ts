import { randomUUID } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import type { QueueEvents } from 'bullmq'
import { callWithin } from '../bounded-call.js'
import { monotonicNow } from '../monotonic.js'
import type { RedisAddress } from '../redis/client.js'
import { describeRedisFailure } from '../redis/failure.js'
import { escapeText } from '../text/escape.js'
import { countWorkers } from './alive.js'
import { openQueue, queueTimes, type QueueConnection } from './connect.js'
import { priorityOf } from './cut.js'
import {
  bytesOfPart,
  decodeProgress,
  decodeResult,
  encodeJob,
  type JobProgress,
  type Part,
  type PartDigests,
} from './job.js'
import { seal, unseal } from './job-seal.js'

export interface JobBoardRequest {
  readonly address: RedisAddress
  /** Keys of the MAC; the first is for new jobs. */
  readonly keys: readonly Uint8Array[]
  readonly now: () => number
  readonly warn: (message: string) => void
}

/** A job that no worker has finished yet. */
interface Pending {
  readonly parts: readonly Part[]
  /** The MAC of the job. */
  readonly mac: string
  readonly onProgress: (progress: JobProgress) => void
  readonly settle: (digests: readonly PartDigests[] | null) => void
}

/** The queue as this process uses it, and the times of its last signs of life. */
interface Opened {
  readonly connection: QueueConnection
  readonly events: QueueEvents
  readonly timer: NodeJS.Timeout
  /** When a worker was last connected, and when one last reported anything. */
  seen: number
  heard: number
}

/** Most jobs whose progress is remembered, and most reasons of failures that are reported. */
const MOST_HEARD = 10_000
const MOST_TOLD = 10

/** Days, and number, that failed jobs are kept for `btkit queue status`. */
const KEPT_FAILURES = { age: 7 * 86_400, count: 1000 }

/** Posts jobs in the queue, and waits for their results. Never fails: it gives up instead. */
export class JobBoard {
  readonly #request: JobBoardRequest
  readonly #pending = new Map<string, Pending>()
  #outbox: Parameters<QueueConnection['queue']['addBulk']>[0] = []
  #opening: Promise<void> | null = null
  #opened: Opened | null = null
  #connection: QueueConnection | null = null
  #isClosed = false
  #why: string | null = null
  #restUntil = -Infinity
  /** Most bytes that were reported of each job. */
  readonly #heard = new Map<string, number>()
  readonly #told = new Set<string>()

  constructor(request: JobBoardRequest) {
    this.#request = request
  }

  /** Whether jobs can be posted. */
  get isOpen(): boolean {
    return this.#opened !== null
  }

  /** Connects, unless that failed a short time ago. Resolves when jobs can be posted, or not. */
  open(): Promise<void> {
    if (monotonicNow() < this.#restUntil) return Promise.resolve()
    return (this.#opening ??= this.#open())
  }

  /**
   * Posts a job. Resolves to the digests of its parts; null if they must be hashed here. A job that is
   * done reports all of its bytes.
   */
  post(
    parts: readonly Part[],
    onProgress: (progress: JobProgress) => void,
  ): Promise<readonly PartDigests[] | null> {
    const opened = this.#opened
    if (opened === null) return Promise.resolve(null)
    const data = seal({ kind: 'job', job: '' }, encodeJob(parts), this.#request.keys)
    const bytes = parts.reduce((sum, part) => sum + bytesOfPart(part), 0)
    const opts = {
      jobId: randomUUID(),
      priority: priorityOf(bytes, this.#request.now()),
      attempts: 3,
      backoff: { type: 'exponential', delay: queueTimes.backoff },
      removeOnComplete: true,
      removeOnFail: KEPT_FAILURES,
      stackTraceLimit: 0,
    }
    if (this.#pending.size === 0) opened.seen = opened.heard = monotonicNow()
    return new Promise((settle) => {
      this.#pending.set(opts.jobId, { parts, mac: data.mac, onProgress, settle })
      this.#outbox.push({ name: 'hash', data, opts })
      if (this.#outbox.length === 1) void this.#send(opened)
    })
  }

  /** Posts the jobs of the same turn of the event loop together. */
  async #send(opened: Opened): Promise<void> {
    await setImmediate()
    const jobs = this.#outbox
    this.#outbox = []
    await opened.connection.queue.addBulk(jobs).catch((error: unknown) => {
      this.#giveUp(opened, this.#describe(error))
    })
  }

  async #open(): Promise<void> {
    const { address, keys } = this.#request
    const onError = (why: string) => {
      this.#why = why
    }
    const connection = await openQueue(address, { onError })
    this.#connection = connection
    try {
      const { bullmq, name, options, queue, client } = connection
      const [[time], workers] = await callWithin({ timeoutMs: queueTimes.answer }, async () => {
        await queue.waitUntilReady()
        return Promise.all([client.time(), countWorkers(connection, keys)])
      })
      if (this.#isClosed) throw new Error('closed')
      if (workers === 0) throw new Error('no worker with this key takes jobs there')
      // Events of jobs that are posted before this listens are not missed
      const lastEventId = String(1000 * Number(time) - 1)
      const events = new bullmq.QueueEvents(name, { ...options, lastEventId })
      const timer = setInterval(() => void this.#look(opened), queueTimes.look)
      const now = monotonicNow()
      const opened = { connection, events, timer, seen: now, heard: now }
      this.#listen(opened)
      this.#opened = opened
    } catch (error) {
      await connection.close()
      if (!this.#isClosed) this.#rest(this.#describe(error))
    }
  }

  #listen(opened: Opened): void {
    const { events } = opened
    events.on('error', (error) => {
      // It reads no events after one that is no JSON, which anybody may have written
      if (error instanceof SyntaxError) this.#giveUp(opened, 'the events of jobs are broken')
    })
    events.on('completed', ({ jobId, returnvalue }) => {
      this.#complete(opened, jobId, returnvalue)
    })
    events.on('failed', ({ jobId, failedReason }) => {
      this.#fail(jobId, failedReason)
    })
    events.on('progress', ({ jobId, data }) => {
      const text = unseal({ kind: 'progress', job: jobId }, data, this.#request.keys)
      const progress = text === null ? null : decodeProgress(text)
      // Old reports that somebody repeats are no sign of life
      if (!progress || progress.bytes <= (this.#heard.get(jobId) ?? -1)) return
      if (this.#heard.size > MOST_HEARD) this.#heard.clear()
      this.#heard.set(jobId, progress.bytes)
      opened.heard = monotonicNow()
      this.#pending.get(jobId)?.onProgress(progress)
    })
  }

  #complete(opened: Opened, id: string, value: unknown): void {
    const pending = this.#pending.get(id)
    if (!pending) return
    const { mac, parts, onProgress } = pending
    const text = unseal({ kind: 'result', job: mac }, value, this.#request.keys)
    const result = text === null ? null : decodeResult(text, parts)
    if (result === null) {
      this.#fail(id, 'its result is not signed with the key')
      return
    }
    opened.heard = monotonicNow()
    const bytes = parts.reduce((sum, part) => sum + bytesOfPart(part), 0)
    onProgress({ machine: result.machine, bytes })
    this.#settle(id, result.digests)
  }

  #fail(id: string, reason: string): void {
    if (!this.#pending.has(id)) return
    // All ranges of a file may fail for the same reason
    if (!this.#told.has(reason) && this.#told.size < MOST_TOLD)
      this.#warn(`a job failed: ${reason.slice(0, 200)}; hashing here`)
    this.#told.add(reason)
    this.#settle(id, null)
  }

  #settle(id: string, digests: readonly PartDigests[] | null): void {
    const pending = this.#pending.get(id)
    this.#pending.delete(id)
    this.#heard.delete(id)
    pending?.settle(digests)
  }

  /** Gives up when workers are gone or silent for too long. */
  async #look(opened: Opened): Promise<void> {
    if (this.#pending.size === 0) return
    const count = await this.#countWorkers(opened)
    const now = monotonicNow()
    if (count !== 0) opened.seen = now
    if (this.#pending.size === 0) return
    if (now - opened.seen >= queueTimes.alone)
      this.#giveUp(opened, this.#why ?? 'all workers are gone')
    else if (now - opened.heard >= queueTimes.silence)
      this.#giveUp(opened, 'no worker reports anything')
  }

  /** Returns the number of workers; 0 if Redis does not answer, null if it refuses to tell. */
  async #countWorkers({ connection }: Opened): Promise<number | null> {
    try {
      const call = () => countWorkers(connection, this.#request.keys)
      const count = await callWithin({ timeoutMs: queueTimes.look }, call)
      this.#why = null
      return count
    } catch (error) {
      if (error instanceof Error && error.name === 'ReplyError') return null
      this.#why ??= this.#describe(error)
      return 0
    }
  }

  #describe(error: unknown): string {
    return this.#why ?? describeRedisFailure(error, this.#request.address, queueTimes.answer)
  }

  #giveUp(opened: Opened, why: string): void {
    if (opened !== this.#opened) return
    this.#rest(why)
    void this.#end(opened)
  }

  #rest(why: string): void {
    this.#opening = null
    this.#opened = null
    this.#restUntil = monotonicNow() + queueTimes.rest
    this.#warn(`${this.#request.address.label}: ${why}; hashing here for now`)
    this.#why = null
  }

  /** Withdraws all jobs, and closes the connection. */
  async #end({ connection, events, timer }: Opened): Promise<void> {
    clearInterval(timer)
    const ids = [...this.#pending.keys()]
    for (const id of ids) this.#settle(id, null)
    // A job that a worker has already stays; nobody reads its result
    const withdraw = () => Promise.allSettled(ids.map((id) => connection.queue.remove(id)))
    if (ids.length > 0) await callWithin({ timeoutMs: queueTimes.look }, withdraw).catch(() => null)
    void events.close().catch(() => undefined)
    await connection.close()
  }

  #warn(message: string): void {
    this.#request.warn(escapeText(message))
  }

  /** Withdraws unfinished jobs, and closes the connection. Jobs can no longer be posted. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#restUntil = Infinity
    const opened = this.#opened
    this.#opened = null
    if (opened) await this.#end(opened)
    else await this.#connection?.close()
    await this.#opening
  }
}
