import { NotReady, throttled } from '../../server/answers/refusal.js'

/** What every account may take without a question: small requests are never refused for large ones. */
const ALLOWANCE = 16 * 1024

export interface MemoryLimits {
  /** Bytes that all accounts together may take beyond their allowances. */
  readonly bytes: number
  /** Bytes of these that those of one client may take while no other takes any. */
  readonly bytesPerClient: number
}

/**
 * Bounds what requests keep in memory while they are under way. A client's share falls with what is
 * free: however many clients take all they can, there is something left for the next one.
 */
export class MemoryPool {
  readonly #limits: MemoryLimits
  readonly #perClient = new Map<string | null, number>()
  #taken = 0

  constructor(limits: MemoryLimits) {
    this.#limits = limits
  }

  /** Bytes taken beyond allowances. */
  get taken(): number {
    return this.#taken
  }

  /** Opens an account for a client, or for one that is not known; whoever does closes it. */
  open(client: string | null): MemoryAccount {
    return new MemoryAccount((bytes) => {
      this.#take(client, bytes)
    })
  }

  #take(client: string | null, bytes: number): void {
    const own = (this.#perClient.get(client) ?? 0) + bytes
    const { bytes: most, bytesPerClient } = this.#limits
    if (bytes > 0 && client !== null && own > bytesPerClient) {
      throw throttled('you have asked for too much at once: ask again later', 5)
    }
    const free = most - this.#taken - bytes
    const share = client === null ? Infinity : (free * bytesPerClient) / (most - bytesPerClient)
    if (bytes > 0 && (free < 0 || own > share)) {
      throw new NotReady('too much is asked for at once: ask again later', 5)
    }
    this.#taken += bytes
    if (own > 0) this.#perClient.set(client, own)
    else this.#perClient.delete(client)
  }
}

/** What one request keeps in memory. */
export class MemoryAccount {
  readonly #take: (bytes: number) => void
  /** All that was taken, and what of it is beyond the allowance. */
  #total = 0
  #charged = 0
  #isClosed = false

  constructor(take: (bytes: number) => void) {
    this.#take = take
  }

  /** @throws NotReady when that is more than there is */
  take(bytes: number): void {
    if (this.#isClosed) return
    const total = this.#total + bytes
    const charged = Math.max(0, total - ALLOWANCE)
    this.#take(charged - this.#charged)
    this.#total = total
    this.#charged = charged
  }

  /** Gives all back. */
  clear(): void {
    this.take(-this.#total)
  }

  /** Gives all back, and takes no more. */
  close(): void {
    this.clear()
    this.#isClosed = true
  }
}
