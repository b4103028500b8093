import { BtkitError } from '../errors.js'
import { ConcurrencyLimit } from '../files/concurrency-limit.js'

/** Calls to a client in flight at once. */
const CALLS_AT_ONCE = 4

/** Makes a call for each item, several at once, and returns the answers in order. */
export function callForEach<T, R>(
  items: readonly T[],
  call: (item: T) => Promise<R>,
): Promise<R[]> {
  const limit = new ConcurrencyLimit(CALLS_AT_ONCE)
  return Promise.all(items.map((item) => limit.run(() => call(item))))
}

/**
 * Makes a call for each item, several at once, and returns why each failed, in order; null where it
 * did not.
 * @throws BtkitError `interrupted`
 */
export function failuresOfEach<T>(
  items: readonly T[],
  call: (item: T) => Promise<void>,
): Promise<(BtkitError | null)[]> {
  return callForEach(items, async (item) => {
    try {
      await call(item)
      return null
    } catch (error) {
      if (!(error instanceof BtkitError) || error.code === 'interrupted') throw error
      return error
    }
  })
}

/** Parts items, whose order stays, so that no part is larger than a limit unless it is one item. */
export function partBySize<T>(
  items: readonly T[],
  sizeOf: (item: T) => number,
  limit: number,
): T[][] {
  const parts: T[][] = []
  let left = 0
  for (const item of items) {
    const size = sizeOf(item)
    if (size > left || parts.length === 0) {
      parts.push([])
      left = limit
    }
    parts.at(-1)?.push(item)
    left -= size
  }
  return parts
}
