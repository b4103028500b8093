/** Files that are looked at at once: together, as a rule, by one of the system's few threads. */
const LOOKS_AT_ONCE = 32

/** Looks at each of many files, some at once, and keeps their order. Ends at the first failure. */
export async function mapConcurrently<T, R>(
  items: readonly T[],
  look: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = []
  let next = 0
  const work = async () => {
    while (next < items.length) {
      const i = next++
      results[i] = await look(items[i] as T)
    }
  }
  const end = (error: unknown): never => {
    next = items.length
    throw error
  }
  const count = Math.min(LOOKS_AT_ONCE, items.length)
  await Promise.all(Array.from({ length: count }, () => work().catch(end)))
  return results
}
