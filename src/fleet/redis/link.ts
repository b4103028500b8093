import { monotonicNow } from '../../base/process.js'
import {
  createClient,
  describeRedisFailure,
  type RedisAddress,
  type RedisClient,
} from './client.js'

export interface LinkOptions {
  /** Receives a message when Redis fails, at most one an hour, and one for each kind of refusal. */
  readonly warn: (message: string) => void
  /** Most milliseconds without an attempt after failures. Default: 10 s. */
  readonly pauseMs?: number
  /** Most milliseconds that a command may take. Default: 1 s. */
  readonly timeoutMs?: number
}

/**
 * How long a command may take, in milliseconds. Tests raise it, because a machine that runs them
 * may be busy for longer.
 */
export const patience = { ms: 1000 }

/**
 * Milliseconds without an attempt: after the first failure, and at most. Each doubles the pause.
 */
const FIRST_PAUSE_MS = 500
const PAUSE_MS = 10_000
const HOUR_MS = 3_600_000

/**
 * A connection to a Redis that may fail at any time (down, slow, loading, full, failing over).
 * After a failed call, further calls fail immediately for some seconds: without that, each would
 * wait.
 */
export class RedisLink {
  #client: Promise<RedisClient> | null = null
  #cause: Error | null = null
  #isClosed = false
  /** Failures since the last answer. */
  #failures = 0
  #goneUntil = -Infinity
  /** When each kind of refusal was told, and that Redis is gone. */
  readonly #told = new Map<string, number>()

  constructor(
    private readonly address: RedisAddress,
    private readonly options: LinkOptions,
  ) {}

  /** The address without user and password. */
  get label(): string {
    return this.address.label
  }

  /** Whether calls fail at once for now. */
  isGone(): boolean {
    return this.#isClosed || monotonicNow() < this.#goneUntil
  }

  /**
   * Makes a call of one round trip; `isWrite` if it only writes, for a Redis that is full or
   * read-only can still be read. Returns null if Redis is gone, or fails during the call. Never
   * rejects. The answer comes from outside: check it.
   */
  async ask<T>(
    call: (client: RedisClient) => Promise<T>,
    { isWrite = false } = {},
  ): Promise<T | null> {
    if (this.isGone()) return null
    const client = (this.#client ??= this.#open())
    try {
      const answer = await call(await client)
      this.#failures = 0
      return answer
    } catch (error) {
      if (!this.#isClosed) this.#note(error, isWrite, client)
      return null
    }
  }

  /** Closes the connection. All later calls fail. */
  close(): void {
    this.#isClosed = true
    disconnect(this.#client)
  }

  async #open(): Promise<RedisClient> {
    const client = await createClient(this.address, this.options.timeoutMs ?? patience.ms)
    // Says why a connection failed; each call then only says that there is none
    client.on('error', (error: Error) => {
      this.#cause = error
    })
    return client
  }

  #note(error: unknown, isWrite: boolean, client: Promise<RedisClient>): void {
    const { pauseMs = PAUSE_MS, timeoutMs = patience.ms, warn } = this.options
    const now = monotonicNow()
    const isRefusal = error instanceof Error && error.name === 'ReplyError'
    // Other calls on the same connection fail, too, and there may be a new client already
    if (client === this.#client && !(isWrite && isRefusal)) {
      this.#goneUntil = now + Math.min(pauseMs, FIRST_PAUSE_MS * 2 ** this.#failures++)
      disconnect(client)
      this.#client = null
    }
    const cause = isRefusal ? error : (this.#cause ?? error)
    this.#cause = null
    // Each refusal begins with its kind, such as READONLY
    const kind = isRefusal ? (error.message.split(' ', 1)[0] ?? '') : ''
    if (now - (this.#told.get(kind) ?? -Infinity) < HOUR_MS) return
    this.#told.set(kind, now)
    const why = describeRedisFailure(cause, this.address, timeoutMs)
    warn(`${this.label}: working without it for now: ${why}`)
  }
}

function disconnect(client: Promise<RedisClient> | null): void {
  const end = (opened: RedisClient) => {
    opened.disconnect()
  }
  void client?.then(end, () => undefined)
}
