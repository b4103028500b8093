import { randomUUID } from 'node:crypto'
import type { QueueEvents } from 'bullmq'
import { callWithin } from '../base/bounded-call.js'
import { monotonicNow } from '../base/process.js'
import { describeRedisFailure, type RedisAddress } from './redis/client.js'
import { escapeText } from '../base/text/escape.js'
import { listWorkers, openQueue, queueTimes, type QueueConnection } from './connect.js'
import { priorityOf } from './cut.js'
import { bytesOfPart, openResult, sealJob, type Part, type PartDigests } from './job.js'

export interface JobBoardRequest {
  readonly address: RedisAddress
  /** Keys of the MAC; the first is for new jobs. */
  readonly keys: readonly Uint8Array[]
  readonly now: () => number
  readonly warn: (message: string) => void
}

/** A job that no worker has finished yet. */
interface Pending {
  readonly part: Part
  readonly data: string
  readonly settle: (digests: PartDigests | null) => void
}

/** The queue as this process uses it, and the times of its last signs of life. */
interface Opened {
  readonly connection: QueueConnection
  readonly events: QueueEvents
  readonly timer: NodeJS.Timeout
  /** When a worker was last connected, and when one last began or ended a job. */
  seen: number
  heard: number
}

/** Bytes that a slow disk reads in a millisecond. */
const SLOW_DISK = 20_000

/** Most reasons of failures that are reported. */
const MOST_REASONS = 10

/** Days, and number, that failed jobs are kept for `btkit queue status`. */
const KEPT_FAILURES = { age: 7 * 86_400, count: 1000 }

/** Posts jobs in the queue, and waits for their results. Never fails: it gives up instead. */
export class JobBoard {
  readonly #pending = new Map<string, Pending>()
  #opening: Promise<void> | null = null
  #opened: Opened | null = null
  #connection: QueueConnection | null = null
  #isClosed = false
  #why: string | null = null
  #restUntil = -Infinity
  readonly #reasons = new Set<string>()

  constructor(private readonly request: JobBoardRequest) {}

  /** Whether jobs can be posted. */
  get isOpen(): boolean {
    return this.#opened !== null
  }

  /** Connects, unless that failed a short time ago. Resolves when jobs can be posted, or not. */
  open(): Promise<void> {
    if (monotonicNow() < this.#restUntil) return Promise.resolve()
    return (this.#opening ??= this.#open())
  }

  /** Posts a part as a job. Resolves to its digests; null if it must be hashed here. */
  post(part: Part): Promise<PartDigests | null> {
    const opened = this.#opened
    if (opened === null) return Promise.resolve(null)
    const data = sealJob(part, this.request.keys)
    const opts = {
      jobId: randomUUID(),
      priority: priorityOf(bytesOfPart(part), this.request.now()),
      attempts: 3,
      backoff: { type: 'exponential', delay: queueTimes.backoff },
      removeOnComplete: true,
      removeOnFail: KEPT_FAILURES,
      stackTraceLimit: 0,
    }
    if (this.#pending.size === 0) opened.seen = opened.heard = monotonicNow()
    return new Promise((settle) => {
      this.#pending.set(opts.jobId, { part, data, settle })
      opened.connection.queue.add('hash', data, opts).catch((error: unknown) => {
        this.#giveUp(opened, this.#describe(error))
      })
    })
  }

  async #open(): Promise<void> {
    const onError = (why: string) => {
      this.#why = why
    }
    const connection = await openQueue(this.request.address, onError)
    this.#connection = connection
    try {
      const { bullmq, name, options, queue, client } = connection
      const [[time], workers] = await callWithin({ timeoutMs: queueTimes.answer }, async () => {
        await queue.waitUntilReady()
        return Promise.all([client.time(), listWorkers(queue)])
      })
      if (this.#isClosed) throw new Error('closed')
      if (workers.length === 0) throw new Error('no worker takes jobs there')
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
      // It reads no events after one that is no JSON
      if (error instanceof SyntaxError) this.#giveUp(opened, 'the events of jobs are broken')
    })
    // Also jobs of others: these may have to wait for them
    for (const event of ['active', 'completed', 'failed'] as const) {
      events.on(event, () => {
        opened.heard = monotonicNow()
      })
    }
    events.on('completed', ({ jobId, returnvalue }) => {
      const pending = this.#pending.get(jobId)
      if (!pending) return
      const digests = openResult(returnvalue, pending, this.request.keys)
      if (digests) this.#settle(jobId, digests)
      else this.#fail(jobId, 'its result is not signed with the key')
    })
    events.on('failed', ({ jobId, failedReason }) => {
      this.#fail(jobId, failedReason)
    })
  }

  #fail(id: string, reason: string): void {
    if (!this.#pending.has(id)) return
    // All ranges of a file may fail for the same reason
    if (!this.#reasons.has(reason) && this.#reasons.size < MOST_REASONS)
      this.#warn(`a job failed: ${reason.slice(0, 200)}; hashing here`)
    this.#reasons.add(reason)
    this.#settle(id, null)
  }

  #settle(id: string, digests: PartDigests | null): void {
    const pending = this.#pending.get(id)
    this.#pending.delete(id)
    pending?.settle(digests)
  }

  /** Gives up when workers are gone or silent for too long. */
  async #look(opened: Opened): Promise<void> {
    if (this.#pending.size === 0) return
    const call = () => listWorkers(opened.connection.queue)
    try {
      const workers = await callWithin({ timeoutMs: queueTimes.look }, call)
      this.#why = null
      if (workers.length > 0) opened.seen = monotonicNow()
    } catch (error) {
      this.#why ??= this.#describe(error)
    }
    if (this.#pending.size === 0) return
    const now = monotonicNow()
    if (now - opened.seen >= queueTimes.alone)
      this.#giveUp(opened, this.#why ?? 'all workers are gone')
    else if (now - opened.heard >= this.#longestSilence())
      this.#giveUp(opened, 'no worker ends a job')
  }

  /** Milliseconds in which each worker that reads at all ends a job. */
  #longestSilence(): number {
    const bytes = [...this.#pending.values()].map(({ part }) => bytesOfPart(part))
    return queueTimes.silence + Math.max(0, ...bytes) / SLOW_DISK
  }

  #describe(error: unknown): string {
    return this.#why ?? describeRedisFailure(error, this.request.address, queueTimes.answer)
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
    this.#warn(`${this.request.address.label}: ${why}; hashing here for now`)
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
    this.request.warn(escapeText(message))
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
