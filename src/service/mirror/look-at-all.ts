/** Files that are looked at at once; the system's own pool of threads is small. */
const LOOKS_AT_ONCE = 16

/** Looks at each of many files, some at once, and keeps their order. */
export async function mapConcurrently<T, R>(
  items: readonly T[],
  look: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = []
  const entries = items.entries()
  const runLane = async () => {
    for (const [i, item] of entries) results[i] = await look(item)
  }
  await Promise.all(Array.from({ length: Math.min(LOOKS_AT_ONCE, items.length) }, runLane))
  return results
}
