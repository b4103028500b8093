import { setFlagsFromString } from 'node:v8'

/** Bytes of code that a function runs before V8 thinks of optimizing it: V8's own number, ours. */
const BUDGET = { usual: 67_584, late: 1_000_000 }

/** Files or jobs of one kind for which a program runs longer than it loads. */
export const MANY = 64

/**
 * Makes V8 optimize functions later, for the whole process. Work on some thousands of files of one
 * kind ends before that is worth it: of the processor time of 2,000 files of a server, V8's
 * compiler took half. Called when all is loaded, because code that was compiled before is refused
 * from then on.
 */
export function optimizeLate(): void {
  setBudget(BUDGET.late)
}

/** Restores V8's own rule. */
export function optimizeAsUsual(): void {
  setBudget(BUDGET.usual)
}

function setBudget(bytes: number): void {
  // Node 22 and later have a quick compiler before the slow one, and other flags
  if (Number.parseInt(process.versions.v8) < 12) setFlagsFromString(`--interrupt-budget=${bytes}`)
}
