/** Concurrent lookups of files; usually one of the system's few threads does them together. */
const LOOKS_AT_ONCE = 32

/** Maps items with some calls at once, and keeps their order. Stops at the first failure. */
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
