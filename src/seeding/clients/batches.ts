import { mapLimited } from '../../base/concurrency.js'
import { type BtkitError, type ErrorCode, failureOf } from '../../base/errors.js'

/** Number of simultaneous calls to a client. */
export const CALLS_AT_ONCE = 4

/** Errors after which all further calls would fail, too. */
const FINAL: ReadonlySet<ErrorCode> = new Set(['unreachable', 'interrupted'])

/**
 * Makes a call for each item, several at once. Returns the error of each in order, or null. After a
 * client has stopped answering, no further call is made.
 * @throws BtkitError `unreachable`, `interrupted`
 */
export function failuresOfEach<T>(
  items: readonly T[],
  call: (item: T) => Promise<void>,
): Promise<(BtkitError | null)[]> {
  return mapLimited(items, CALLS_AT_ONCE, async (item) => {
    const failure = await failureOf(() => call(item))
    if (failure && FINAL.has(failure.code)) throw failure
    return failure
  })
}

/**
 * Divides items into groups, in order. A group is larger than the limit only if it has a single
 * item.
 */
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
