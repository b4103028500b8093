import type { Client } from '../connections/fair-queue.js'
import { turnOf } from '../connections/turns.js'
import { NotReady, Refusal, throttled } from '../headers/refusal.js'
import type { Turns } from '../../base/steps.js'

/** Milliseconds that work goes on before it waits for the next turn of its client. */
const SLICE = 1

/** The most that a request may cost. */
export interface BudgetLimits {
  /** Characters of names and patterns compared. */
  readonly steps: number
  /** Names read from directories. */
  readonly names: number
  /** Bytes of paths kept while the request is under way. */
  readonly bytes: number
}

const REASONS: Readonly<Record<keyof BudgetLimits, string>> = {
  steps: 'the patterns take too long to match; use simpler ones',
  names: 'the patterns search too many names; name the directories',
  bytes: 'the paths have too many bytes; ask for fewer files',
}

/** The request that a budget is for. */
interface BudgetedRequest {
  /** Aborts, with a Refusal as its reason, when nobody wants the work any more; if it may end. */
  readonly signal?: AbortSignal
  /** The memory account of the request, charged with its bytes. */
  readonly memory?: Pick<MemoryAccount, 'take'>
  /** The client in whose turns it goes on; the work has its own if absent. */
  readonly client?: Client
}

/**
 * The rest of what a request may cost. The work charges it as it goes on. It ends with an error
 * once nothing is left, and it yields to other work after each slice of time.
 */
export class Budget implements Turns {
  readonly #left: Record<keyof BudgetLimits, number>
  readonly #request: BudgetedRequest
  #end = performance.now() + SLICE
  #next: Promise<void> | null = null

  constructor(limits: BudgetLimits, request: BudgetedRequest) {
    this.#left = { ...limits }
    this.#request = request
  }

  /** @throws Refusal if less than `amount` is left */
  charge(kind: keyof BudgetLimits, amount: number): void {
    this.#left[kind] -= amount
    if (this.#left[kind] < 0) throw new Refusal('too-many', REASONS[kind])
    if (kind === 'bytes') this.#request.memory?.take(amount)
  }

  /** Whether the work has used its slice of time and must wait for the next one. */
  isSliceOver(): boolean {
    return performance.now() >= this.#end
  }

  /** Lets other work have its turn if the slice of time is over. */
  readonly pause = async (): Promise<void> => {
    if (this.isSliceOver()) await this.nextSlice()
  }

  /**
   * Resolves when the work may go on. Concurrent parts of one work wait for the same slice.
   * @throws the signal's reason if nobody wants the work any more
   */
  nextSlice(): Promise<void> {
    this.#next ??= this.#wait().finally(() => {
      this.#next = null
    })
    return this.#next
  }

  async #wait(): Promise<void> {
    this.#request.signal?.throwIfAborted()
    const { client = this } = this.#request
    await turnOf(client)
    this.#request.signal?.throwIfAborted()
    this.#end = performance.now() + SLICE
  }
}

/** A budget without limits, for work that may be for nobody. */
export function unlimitedBudget(request: BudgetedRequest = {}): Budget {
  return new Budget({ steps: Infinity, names: Infinity, bytes: Infinity }, request)
}

/**
 * Bytes that each account may always take: small requests are never refused because of large ones.
 */
const ALLOWANCE = 16 * 1024

/**
 * Bounds the memory of requests under way, beyond their allowances: `bytes` of all together, and
 * `bytesPerClient` of one client.
 */
export class MemoryPool {
  /** Bytes taken beyond allowances. */
  taken = 0
  readonly #perClient = new Map<string | null, number>()

  constructor(
    private readonly limits: { readonly bytes: number; readonly bytesPerClient: number },
  ) {}

  /** Opens an account for a client, or for an unknown one (null); the caller must close it. */
  open(client: string | null): MemoryAccount {
    return new MemoryAccount(this, client)
  }

  /**
   * Takes bytes for a client, or gives them back.
   * @throws NotReady if that is more than the pool or the client has left
   */
  take(client: string | null, bytes: number): void {
    const own = (this.#perClient.get(client) ?? 0) + bytes
    if (bytes > 0 && client !== null && own > this.limits.bytesPerClient) {
      throw throttled('your requests need too much memory; try again in 5 s', 5)
    }
    if (bytes > 0 && this.taken + bytes > this.limits.bytes) {
      throw new NotReady('the server is busy; try again in 5 s', 5)
    }
    this.taken += bytes
    if (own > 0) this.#perClient.set(client, own)
    else this.#perClient.delete(client)
  }
}

/** The memory of one request. */
export class MemoryAccount {
  #total = 0
  #isClosed = false

  constructor(
    private readonly pool: MemoryPool,
    private readonly client: string | null,
  ) {}

  /** Takes bytes. Throws as the pool does. */
  take(bytes: number): void {
    if (this.#isClosed) return
    const total = this.#total + bytes
    this.pool.take(this.client, beyondAllowance(total) - beyondAllowance(this.#total))
    this.#total = total
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

function beyondAllowance(bytes: number): number {
  return Math.max(0, bytes - ALLOWANCE)
}
