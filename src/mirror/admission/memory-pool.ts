import { NotReady, throttled } from '../../server/answers/refusal.js'

/**
 * Bytes that each account may always take: small requests are never refused because of large ones.
 */
const ALLOWANCE = 16 * 1024

export interface MemoryLimits {
  /** Bytes for all accounts together beyond their allowances. */
  readonly bytes: number
  /** Bytes of these for one client while no other client takes any. */
  readonly bytesPerClient: number
}

/**
 * Bounds the memory of requests under way. A client's share falls with the free memory. However
 * many clients take all they can, some is left for the next one.
 */
export class MemoryPool {
  readonly #perClient = new Map<string | null, number>()
  #taken = 0

  constructor(private readonly limits: MemoryLimits) {}

  /** Bytes taken beyond allowances. */
  get taken(): number {
    return this.#taken
  }

  /** Opens an account for a client, or for an unknown one (null); the caller must close it. */
  open(client: string | null): MemoryAccount {
    return new MemoryAccount((bytes) => {
      this.#take(client, bytes)
    })
  }

  #take(client: string | null, bytes: number): void {
    const own = (this.#perClient.get(client) ?? 0) + bytes
    const { bytes: most, bytesPerClient } = this.limits
    if (bytes > 0 && client !== null && own > bytesPerClient) {
      throw throttled('your requests need too much memory; try again in 5 s', 5)
    }
    const free = most - this.#taken - bytes
    const share = client === null ? Infinity : (free * bytesPerClient) / (most - bytesPerClient)
    if (bytes > 0 && (free < 0 || own > share)) {
      throw new NotReady('the server is busy; try again in 5 s', 5)
    }
    this.#taken += bytes
    if (own > 0) this.#perClient.set(client, own)
    else this.#perClient.delete(client)
  }
}

/** The memory of one request. */
export class MemoryAccount {
  readonly #take: (bytes: number) => void
  /** Bytes taken, and those of them beyond the allowance. */
  #total = 0
  #charged = 0
  #isClosed = false

  constructor(take: (bytes: number) => void) {
    this.#take = take
  }

  /** @throws NotReady if that is more than the pool or the client's share has left */
  take(bytes: number): void {
    if (this.#isClosed) return
    const total = this.#total + bytes
    const charged = Math.max(0, total - ALLOWANCE)
    this.#take(charged - this.#charged)
    this.#total = total
    this.#charged = charged
  }

  /** Gives all bytes back. */
  clear(): void {
    this.take(-this.#total)
  }

  /** Gives all bytes back; further bytes are not counted. */
  close(): void {
    this.clear()
    this.#isClosed = true
  }
}
