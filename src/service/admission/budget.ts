import { Refusal } from '../refusal.js'
import type { TimeSlices } from './time-slices.js'

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

/**
 * What a request may still cost. It is charged as the work goes on, which ends with an error when
 * there is nothing left, and which gives way to others after each slice of time.
 */
export class Budget {
  readonly #left: Record<keyof BudgetLimits, number>
  readonly #slices: TimeSlices
  readonly #signal: AbortSignal
  #end: number

  /** `signal` aborts, with a Refusal as its reason, when nobody wants the work any more. */
  constructor(limits: BudgetLimits, slices: TimeSlices, signal: AbortSignal) {
    this.#left = { ...limits }
    this.#slices = slices
    this.#signal = signal
    this.#end = slices.endOfSlice()
  }

  /** @throws Refusal when there is less left */
  charge(kind: keyof BudgetLimits, amount: number): void {
    this.#left[kind] -= amount
    if (this.#left[kind] < 0) throw new Refusal('too-many', REASONS[kind])
  }

  /** Whether the work has kept the event loop so long that it must wait for its next slice. */
  get isSliceOver(): boolean {
    return this.#slices.isOver(this.#end)
  }

  /**
   * Resolves when the work may go on.
   * @throws the reason why nobody wants it any more
   */
  async nextSlice(): Promise<void> {
    this.#signal.throwIfAborted()
    await this.#slices.next()
    this.#signal.throwIfAborted()
    this.#end = this.#slices.endOfSlice()
  }
}
