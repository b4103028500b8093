import { setImmediate } from 'node:timers/promises'

/** Rows processed before other work has its turn: about a millisecond. */
export const SLICE = 1000

/** Lets other work have its turn if enough time has passed. */
export type Pause = () => Promise<unknown>

/** Filters values in slices. */
export async function filterInSlices<T>(
  values: readonly T[],
  test: (value: T) => boolean,
  pause: Pause = setImmediate,
): Promise<T[]> {
  const passed: T[] = []
  for (let start = 0; start < values.length; start += SLICE) {
    for (const value of values.slice(start, start + SLICE)) if (test(value)) passed.push(value)
    await pause()
  }
  return passed
}

/** Sorts values as toSorted does, but lets other work have its turn meanwhile. */
export async function sortInSlices<T>(
  values: readonly T[],
  compare: (a: T, b: T) => number,
  pause: Pause = setImmediate,
): Promise<T[]> {
  let runs: T[][] = []
  for (let start = 0; start < values.length; start += SLICE) {
    runs.push(values.slice(start, start + SLICE).sort(compare))
    await pause()
  }
  while (runs.length > 1) {
    const merged: T[][] = []
    for (let i = 0; i < runs.length; i += 2) {
      merged.push(await mergeInSlices([runs[i] ?? [], runs[i + 1] ?? []], compare, pause))
      await pause()
    }
    runs = merged
  }
  return runs[0] ?? []
}

/** Merges two sorted lists in slices. */
async function mergeInSlices<T>(
  [left, right]: readonly [T[], T[]],
  compare: (a: T, b: T) => number,
  pause: Pause = setImmediate,
): Promise<T[]> {
  const [last, first] = [left.at(-1), right[0]]
  // Usually names are almost sorted
  if (last === undefined || first === undefined || compare(last, first) <= 0)
    return left.concat(right)
  const merged: T[] = []
  let [i, j] = [0, 0]
  while (i < left.length || j < right.length) {
    const [a, b] = [left[i], right[j]]
    const isLeft = j >= right.length || (a !== undefined && b !== undefined && compare(a, b) <= 0)
    merged.push((isLeft ? a : b) as T)
    if (isLeft) i++
    else j++
    if (merged.length % (4 * SLICE) === 0) await pause()
  }
  return merged
}
