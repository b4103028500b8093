import { setFlagsFromString } from 'node:v8'

/** The growth of the heap after a garbage collection that starts the next one, in percent. */
const GROWTH = 40

/**
 * Makes V8 collect garbage before the heap has grown by GROWTH percent. On large machines V8
 * otherwise lets the heap grow to a multiple. Requests, and the objects for very many files, are
 * short-lived. This costs a little processor time, and applies to the whole process.
 */
export function boundHeapGrowth(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH}`)
}

/** Restores V8's own rules for the growth of the heap. */
export function unboundHeapGrowth(): void {
  setFlagsFromString('--heap-growing-percent=0')
  unboundYoungHeap()
}

/** Restores V8's own rule for the space for new objects. */
export function unboundYoungHeap(): void {
  setFlagsFromString('--semi-space-growth-factor=2')
}

/**
 * Keeps V8 from enlarging the space for new objects, of which three copies may be in memory. For a
 * start that makes much garbage and is done once.
 */
export function boundYoungHeap(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
}
