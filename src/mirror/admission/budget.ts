import { Refusal } from '../../server/answers/refusal.js'
import type { Steps } from '../../core/digests/steps.js'
import type { MemoryAccount } from './memory-pool.js'
import type { TimeSlices } from './time-slices.js'
import type { Turn } from './turn.js'

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

/** The parts that a budget depends on. */
export interface BudgetParts {
  readonly slices: TimeSlices
  /** Aborts, with a Refusal as its reason, when nobody wants the work any more. */
  readonly signal: AbortSignal
  /** The work's place in its queue, if there is one. */
  readonly turn?: Pick<Turn, 'isOver' | 'next'>
  /** The memory account of the request, charged with its bytes. */
  readonly memory?: Pick<MemoryAccount, 'take'>
}

/**
 * The rest of what a request may cost. The work charges it as it goes on. It ends with an error
 * once nothing is left, and it yields to other work after each slice of time.
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

  /** @throws Refusal if less than `amount` is left */
  charge(kind: keyof BudgetLimits, amount: number): void {
    this.#left[kind] -= amount
    if (this.#left[kind] < 0) throw new Refusal('too-many', REASONS[kind])
    if (kind === 'bytes') this.#parts.memory?.take(amount)
  }

  /** Whether the work has used its slice of time and must wait for the next one. */
  get isSliceOver(): boolean {
    return this.#parts.slices.isOver(this.#end)
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
    const { slices, signal, turn } = this.#parts
    signal.throwIfAborted()
    if (turn?.isOver) await turn.next()
    await slices.next()
    signal.throwIfAborted()
    this.#end = slices.endOfSlice()
  }

  /**
   * Does work in steps, within slices.
   * @throws the signal's reason if nobody wants the work any more
   */
  async runSteps<T>(steps: Steps<T>): Promise<T> {
    for (;;) {
      const { done, value } = steps.next()
      if (done) return value
      if (this.isSliceOver) await this.nextSlice()
    }
  }
}
