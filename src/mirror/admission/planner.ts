import { Budget, type BudgetLimits } from './budget.js'
import type { MemoryAccount } from './memory-pool.js'
import type { TimeSlices } from './time-slices.js'
import type { QueuedWork } from './turn.js'
import type { WorkQueue } from './work-queue.js'

/** A request for which names are matched and files are looked at. */
export interface Planning extends Omit<QueuedWork, 'remaining'> {
  /** How much work that is, about: the paths that it names, and much more for patterns. */
  readonly effort: number
  /** What is kept in memory for it is on this account. */
  readonly memory: MemoryAccount
}

export interface PlannerParts {
  readonly queue: WorkQueue
  readonly slices: TimeSlices
  /** What one request may cost. */
  readonly limits: BudgetLimits
}

/** Has requests planned a few at a time, small ones first, each within a budget of its own. */
export class Planner {
  readonly #parts: PlannerParts

  constructor(parts: PlannerParts) {
    this.#parts = parts
  }

  /**
   * Does the work when its turn has come.
   * @throws NotReady when too much waits already, the signal's reason, and as the work fails
   */
  run<T>(planning: Planning, work: (budget: Budget) => Promise<T>): Promise<T> {
    const { queue, slices, limits } = this.#parts
    const { effort, memory, signal } = planning
    return queue.run({ ...planning, remaining: () => effort }, (turn) => {
      return work(new Budget(limits, { slices, signal, turn, memory }))
    })
  }
}
