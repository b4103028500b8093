import { Budget, type BudgetLimits } from '../../src/server/admission/memory.js'

const PLENTY = { steps: 1e9, names: 1e9, bytes: 1e9 }

/** A budget that no test spends. */
export function plentifulBudget(): Budget {
  return limitedBudget({})
}

/** A budget with given limits, for work that is always wanted. */
export function limitedBudget(limits: Partial<BudgetLimits>): Budget {
  const signal = new AbortController().signal
  return new Budget({ ...PLENTY, ...limits }, { signal })
}
