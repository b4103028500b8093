import { setImmediate } from 'node:timers/promises'
import { Refusal } from '../../server/answers/refusal.js'
import type { MemoryAccount } from './memory-pool.js'

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
export interface BudgetedRequest {
  /** Aborts, with a Refusal as its reason, when nobody wants the work any more. */
  readonly signal: AbortSignal
  /** The memory account of the request, charged with its bytes. */
  readonly memory?: Pick<MemoryAccount, 'take'>
}

/** Milliseconds that work may keep the event loop before all other work has its turn. */
const SLICE = 4

/** The slices of all budgets: in each turn of the event loop, one of them goes on. */
let slices: Promise<void> = Promise.resolve()

/**
 * The rest of what a request may cost. The work charges it as it goes on. It ends with an error
 * once nothing is left, and it yields to other work after each slice of time.
 */
export class Budget {
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
  get isSliceOver(): boolean {
    return performance.now() >= this.#end
  }

  /** Lets other work have its turn if the slice of time is over. */
  readonly pause = async (): Promise<void> => {
    if (this.isSliceOver) await this.nextSlice()
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
    this.#request.signal.throwIfAborted()
    slices = slices.then(() => setImmediate())
    await slices
    this.#request.signal.throwIfAborted()
    this.#end = performance.now() + SLICE
  }
}
