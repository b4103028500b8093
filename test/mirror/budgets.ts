import { Budget, type BudgetLimits } from '../../src/mirror/admission/budget.js'
import { realSlices } from './slices.js'

const PLENTY = { steps: 1e9, names: 1e9, bytes: 1e9 }

/** A budget that no test spends. */
export function plentifulBudget(): Budget {
  return limitedBudget({})
}

/** A budget that is limited in some respect, for work that nobody gives up. */
export function limitedBudget(limits: Partial<BudgetLimits>): Budget {
  const signal = new AbortController().signal
  return new Budget({ ...PLENTY, ...limits }, { slices: realSlices(), signal })
}
