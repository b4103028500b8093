import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'

/** The growth of the heap after a garbage collection that starts the next one, in percent. */
const GROWTH = 40

/** Bytes of the space for new objects from which more of it makes a run no faster. */
export const YOUNG_HEAP = 16 * 1024 * 1024

/**
 * Makes V8 collect garbage before the heap has grown by so many percent. On large machines V8
 * otherwise lets the heap grow to a multiple. Requests, and the objects for very many files, are
 * short-lived. This costs a little processor time, and applies to the whole process.
 */
export function boundHeapGrowth(percent = GROWTH): void {
  setFlagsFromString(`--heap-growing-percent=${percent}`)
}

/** Restores V8's own rules for the growth of the heap. */
export function unboundHeapGrowth(): void {
  setFlagsFromString('--heap-growing-percent=0')
  growYoungHeap(Infinity)
}

/**
 * Lets V8 enlarge the space for new objects if it has fewer bytes than `most`: 0 for a start that
 * makes much garbage and is done once, Infinity for V8's own rule. V8 would take 32 MiB, and half
 * as much again for a while.
 */
export function growYoungHeap(most: number): void {
  const spaces = most === Infinity ? [] : getHeapSpaceStatistics()
  const size = spaces.find(({ space_name }) => space_name === 'new_space')?.space_size ?? 0
  setFlagsFromString(`--semi-space-growth-factor=${size < most ? 2 : 1}`)
}
