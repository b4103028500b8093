import { setFlagsFromString } from 'node:v8'

/** How far the heap may grow beyond what was left by the last collection, in percent. */
const GROWTH = 40

/**
 * Has garbage collected before it comes to more than a part of what is in use. By itself V8 lets it
 * come to a multiple on a large machine, and what strangers ask for, or what is made for each of very
 * many files, is garbage soon. It takes a little more of the processor. It holds for all of the
 * process.
 */
export function boundHeapGrowth(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH}`)
}

/** Has the heap grow again as V8 has it by itself. */
export function unboundHeapGrowth(): void {
  setFlagsFromString('--heap-growing-percent=0')
}
