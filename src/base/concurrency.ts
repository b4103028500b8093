import pLimit, { type LimitFunction } from 'p-limit'

/** Items that wait at a time: p-limit has several promises for each. */
const TOGETHER = 1024

/**
 * Calls for each item, `atOnce` at a time, and returns the answers in order. `limit.map` of p-limit
 * would go on after a failed call, and would let all items wait at a time.
 */
export async function mapLimited<T, R>(
  items: readonly T[],
  atOnce: number,
  call: (item: T) => Promise<R>,
): Promise<R[]> {
  const limit = pLimit(atOnce)
  const answers: R[] = []
  const callUnlessFailed = async (item: T) => {
    try {
      return await call(item)
    } catch (error) {
      limit.clearQueue()
      throw error
    }
  }
  for (let i = 0; i < items.length; i += TOGETHER) {
    answers.push(...(await limit.map(items.slice(i, i + TOGETHER), callUnlessFailed)))
  }
  return answers
}

/** Number of tasks that run or wait. */
export function unfinished(limit: LimitFunction): number {
  return limit.activeCount + limit.pendingCount
}
