import { Refusal } from '../../server/answers/refusal.js'
import type { Steps } from '../../core/digests/steps.js'
import type { MemoryAccount } from './memory-pool.js'
import type { TimeSlices } from './time-slices.js'
import type { Turn } from './turn.js'

/** What a request may cost at most. */
export interface BudgetLimits {
  /** Characters of names and patterns that are compared. */
  readonly steps: number
  /** Names in directories that are looked at. */
  readonly names: number
  /** Bytes of paths that are kept while the request is under way. */
  readonly bytes: number
}

const REASONS: Readonly<Record<keyof BudgetLimits, string>> = {
  steps: 'the patterns take too long to match',
  names: 'the patterns go through too many names',
  bytes: 'the paths come to too many bytes',
}

/** What a budget is bound to. */
export interface BudgetParts {
  readonly slices: TimeSlices
  /** Aborts, with a Refusal as its reason, when nobody wants the work any more. */
  readonly signal: AbortSignal
  /** The place among the works that run, if there is a queue for it. */
  readonly turn?: Pick<Turn, 'isOver' | 'next'>
  /** Where bytes are taken from that all requests share. */
  readonly memory?: Pick<MemoryAccount, 'take'>
}

/**
 * What a request may still cost. It is charged as the work goes on, which ends with an error when
 * there is nothing left, and which gives way to others after each slice of time.
 */
export class Budget {
  readonly #left: Record<keyof BudgetLimits, number>
  readonly #parts: BudgetParts
  #end: number
  #next: Promise<void> | null = null

  constructor(limits: BudgetLimits, parts: BudgetParts) {
    this.#left = { ...limits }
    this.#parts = parts
    this.#end = parts.slices.endOfSlice()
  }

  /** @throws Refusal when there is less left */
  charge(kind: keyof BudgetLimits, amount: number): void {
    this.#left[kind] -= amount
    if (this.#left[kind] < 0) throw new Refusal('too-many', REASONS[kind])
    if (kind === 'bytes') this.#parts.memory?.take(amount)
  }

  /** Whether the work has kept the event loop so long that it must wait for its next slice. */
  get isSliceOver(): boolean {
    return this.#parts.slices.isOver(this.#end)
  }

  /**
   * Resolves when the work may go on. Parts of it that run side by side wait for one slice.
   * @throws the reason why nobody wants it any more
   */
  nextSlice(): Promise<void> {
    this.#next ??= this.#wait().finally(() => {
      this.#next = null
    })
    return this.#next
  }

  async #wait(): Promise<void> {
    const { slices, signal, turn } = this.#parts
    signal.throwIfAborted()
    if (turn?.isOver) await turn.next()
    await slices.next()
    signal.throwIfAborted()
    this.#end = slices.endOfSlice()
  }

  /**
   * Does work in steps, within slices.
   * @throws the reason why nobody wants it any more
   */
  async runSteps<T>(steps: Steps<T>): Promise<T> {
    for (;;) {
      const { done, value } = steps.next()
      if (done) return value
      if (this.isSliceOver) await this.nextSlice()
    }
  }
}
