import { Budget, type BudgetLimits } from './budget.js'
import type { Job, JobQueue } from './job-queue.js'
import type { MemoryAccount } from './memory-pool.js'

/** A request whose names are matched and whose files are looked up. */
export interface Planning extends Omit<Job, 'size'> {
  /** Estimated work: the number of its paths, and much more for patterns. */
  readonly effort: number
  /** The account for the request's memory. */
  readonly memory: MemoryAccount
}

/** Plans a few requests at a time, small ones first, each within its own budget. */
export class Planner {
  /** Of the limits, each request has its own. */
  constructor(
    private readonly queue: JobQueue,
    private readonly limits: BudgetLimits,
  ) {}

  /**
   * Does the work when its turn has come.
   * @throws NotReady if too many requests wait, the signal's reason, and the errors of the work
   */
  run<T>(
    { effort, client, memory, signal }: Planning,
    work: (budget: Budget) => Promise<T>,
  ): Promise<T> {
    return this.queue.run({ size: effort, client, signal }, () => {
      return work(new Budget(this.limits, { signal, memory }))
    })
  }
}
