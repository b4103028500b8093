import { workInTurn } from '../connections/turns.js'
import { Budget, type BudgetLimits, type MemoryAccount } from './memory.js'
import type { Queue, QueuedWork } from './queue.js'

/**
 * A request whose names are matched and whose files are looked up. Its size is about the number of
 * its paths, and much more for patterns.
 */
export interface PlannedWork extends QueuedWork {
  readonly signal: AbortSignal
  /** The account for the request's memory. */
  readonly memory: MemoryAccount
}

/** Plans a few requests at a time, small ones first, each within its own budget. */
export class Planner {
  /** Of the limits, each request has its own. */
  constructor(
    private readonly queue: Queue,
    private readonly limits: BudgetLimits,
  ) {}

  /**
   * Does the work when its turn has come.
   * @throws NotReady if too many requests wait, the signal's reason, and the errors of the work
   */
  run<T>(planned: PlannedWork, work: (budget: Budget) => Promise<T>): Promise<T> {
    return this.queue.run(planned, () => {
      return workInTurn(planned.client, () => work(new Budget(this.limits, planned)))
    })
  }
}
