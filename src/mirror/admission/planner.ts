import { Budget, type BudgetLimits } from './budget.js'
import type { MemoryAccount } from './memory-pool.js'
import type { TimeSlices } from './time-slices.js'
import type { QueuedWork } from './turn.js'
import type { WorkQueue } from './work-queue.js'

/** A request whose names are matched and whose files are looked up. */
export interface Planning extends Omit<QueuedWork, 'remaining'> {
  /** Estimated work: the number of its paths, and much more for patterns. */
  readonly effort: number
  /** The account for the request's memory. */
  readonly memory: MemoryAccount
}

export interface PlannerParts {
  readonly queue: WorkQueue
  readonly slices: TimeSlices
  /** The most that one request may cost. */
  readonly limits: BudgetLimits
}

/** Plans a few requests at a time, small ones first, each within its own budget. */
export class Planner {
  constructor(private readonly parts: PlannerParts) {}

  /**
   * Does the work when its turn has come.
   * @throws NotReady if too many requests wait, the signal's reason, and the errors of the work
   */
  run<T>(planning: Planning, work: (budget: Budget) => Promise<T>): Promise<T> {
    const { queue, slices, limits } = this.parts
    const { effort, memory, signal } = planning
    return queue.run({ ...planning, remaining: () => effort }, (turn) => {
      return work(new Budget(limits, { slices, signal, turn, memory }))
    })
  }
}
