import { turnOf } from '../connections/turns.js'
import type { Gate, GateUser } from './gate.js'
import { Budget, type BudgetLimits, type MemoryAccount } from './memory.js'

/** A request whose names are matched and whose files are looked up. */
export interface PlannedWork extends GateUser {
  readonly signal: AbortSignal
  /** About the number of its paths, and much more for patterns. */
  readonly size: number
  /** The account for the request's memory. */
  readonly memory: MemoryAccount
}

/** The effort of a large request, such as a search by a pattern. */
const SMALL_EFFORT = 500

/** Plans a few requests at a time, in the turns of their clients, each within its own budget. */
export class Planner {
  /** Small requests have places of their own. Of the budget's limits, each request has its own. */
  constructor(
    private readonly gates: { readonly small: Gate; readonly large: Gate },
    private readonly limits: BudgetLimits,
  ) {}

  /**
   * Does the work when its turn has come.
   * @throws NotReady if too many requests wait, the signal's reason, and the errors of the work
   */
  run<T>(planned: PlannedWork, work: (budget: Budget) => Promise<T>): Promise<T> {
    const { small, large } = this.gates
    const gate = planned.size <= SMALL_EFFORT ? small : large
    return gate.run(planned, async () => {
      await turnOf(planned.client)
      return work(new Budget(this.limits, planned))
    })
  }
}
