import { monotonicNow } from '../process.js'
import {
  createClient,
  describeRedisFailure,
  type RedisAddress,
  type RedisClient,
} from './client.js'

export interface LinkOptions {
  /** Receives a message when Redis fails, at most one an hour. */
  readonly warn: (message: string) => void
  /** Most milliseconds without an attempt after failures. Default: 10 s. */
  readonly pauseMs?: number
}

export interface AskOptions {
  /**
   * Whether the commands only write. If Redis refuses them (full, read-only), it can still be read.
   */
  readonly isWrite?: boolean
  /** Bytes that go to and fro, for which a large exchange gets more time. Default: few. */
  readonly bytes?: number
}

/**
 * How long Redis may take for an attempt, in milliseconds. Tests raise it, because a machine that
 * runs them may be busy for longer.
 */
export const patience = { ms: 200 }

/** Bytes a millisecond that a large exchange must reach at least: 20 MB/s. */
const BYTES_PER_MS = 20_000

/** Milliseconds without an attempt: after the first failure, and at most. Each doubles the pause. */
const FIRST_PAUSE_MS = 500
const PAUSE_MS = 10_000
const HOUR_MS = 3_600_000

/**
 * A connection to a Redis that may fail at any time (down, slow, loading, full, failing over). A call
 * then takes at most 200 ms, and further calls fail immediately for some seconds.
 */
export class RedisLink {
  readonly #address: RedisAddress
  readonly #options: LinkOptions
  #client: Promise<RedisClient> | null = null
  #connected: RedisClient | null = null
  #cause: Error | null = null
  #isClosed = false
  /** Failures since the last answer. */
  #failures = 0
  #goneUntil = -Infinity
  #unwritableUntil = -Infinity
  #warned = -Infinity

  constructor(address: RedisAddress, options: LinkOptions) {
    this.#address = address
    this.#options = options
  }

  /** The address without user and password. */
  get label(): string {
    return this.#address.label
  }

  /** Whether calls fail at once for now. */
  isGone(): boolean {
    return this.#isClosed || monotonicNow() < this.#goneUntil
  }

  /**
   * Makes a call of one round trip. Returns null if Redis is gone, or fails during the call. Never
   * rejects. The answer comes from outside: check it.
   */
  async ask<T>(
    call: (client: RedisClient) => Promise<T>,
    { isWrite = false, bytes = 0 }: AskOptions = {},
  ): Promise<T | null> {
    if (this.isGone() || (isWrite && monotonicNow() < this.#unwritableUntil)) return null
    let client: RedisClient | null = null
    try {
      client = await (this.#client ??= this.#open())
      const answer = await answerWithin(patience.ms + bytes / BYTES_PER_MS, call(client))
      this.#failures = 0
      return answer
    } catch (error) {
      this.#note(error, { client, isWrite })
      return null
    }
  }

  /** Closes the connection. All later calls fail. */
  close(): void {
    this.#isClosed = true
    this.#connected?.disconnect()
  }

  async #open(): Promise<RedisClient> {
    const client = await createClient(this.#address, patience.ms)
    // Says why a connection failed; each call then only says that there is none
    client.on('error', (error: Error) => {
      this.#cause = error
    })
    if (this.#isClosed) client.disconnect()
    this.#connected = client
    return client
  }

  #note(error: unknown, { client, isWrite }: { client: RedisClient | null; isWrite: boolean }) {
    if (this.#isClosed) return
    const most = this.#options.pauseMs ?? PAUSE_MS
    if (isWrite && isRefusal(error)) this.#unwritableUntil = monotonicNow() + most
    else {
      // Other calls on the same connection fail, too, and there may be a new client already
      if (client === this.#connected) {
        const pause = Math.min(most, FIRST_PAUSE_MS * 2 ** this.#failures)
        this.#failures += 1
        this.#goneUntil = monotonicNow() + pause
        client?.disconnect()
        this.#connected = null
        this.#client = null
      }
    }
    this.#warn(isRefusal(error) ? error : (this.#cause ?? error))
    this.#cause = null
  }

  #warn(error: unknown): void {
    const now = monotonicNow()
    if (now - this.#warned < HOUR_MS) return
    this.#warned = now
    const why = describeRedisFailure(error, this.#address, patience.ms)
    this.#options.warn(`${this.label}: working without it for now: ${why}`)
  }
}

/** Whether Redis answered, but refused a command. */
function isRefusal(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError'
}

/** Milliseconds between two looks at the clock. */
const STEP_MS = 5

/**
 * Resolves or rejects like the answer, or rejects after some milliseconds. Most time in which this
 * process was too busy to look at the clock, or to read an answer, does not count.
 */
async function answerWithin<T>(ms: number, answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const wait = (left: number) => {
      const start = monotonicNow()
      timer = setTimeout(() => {
        const passed = Math.min(monotonicNow() - start, 2 * STEP_MS)
        if (passed < left) wait(left - passed)
        else reject(new Error(`no answer within ${Math.round(ms)} ms`))
      }, STEP_MS)
    }
    wait(ms)
  })
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}
