/** How long a call may take, and what else ends it. */
export interface CallLimits {
  /** In milliseconds. */
  readonly timeoutMs: number
  /** Ends the call before its time. */
  readonly signal?: AbortSignal
}

/** The longest time that a timer can count, in milliseconds: a longer one would end at once. */
const LONGEST_MS = 2 ** 31 - 1

/**
 * Makes a call that ends in time, even if the call does not heed the signal that it gets.
 *
 * On Node 20 garbage collection removes the timer of `AbortSignal.timeout` when only
 * `AbortSignal.any` refers to it. Such a call never ends. The timer here is held by its call.
 * @throws DOMException `TimeoutError` when the time is over, the reason of the signal when that
 * aborts, and as the call does
 */
export async function callWithin<T>(
  { timeoutMs, signal }: CallLimits,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted()
  const ending = new AbortController()
  let timer: NodeJS.Timeout | undefined
  let stop: () => void = () => undefined
  const over = new Promise<never>((_, reject) => {
    const end = (reason: Error) => {
      // Before the call itself fails, so that this is the error
      reject(reason)
      ending.abort(reason)
    }
    const late = () => {
      end(new DOMException(`no end within ${timeoutMs} ms`, 'TimeoutError'))
    }
    timer = setTimeout(late, Math.min(timeoutMs, LONGEST_MS))
    stop = () => {
      end(signal?.reason as Error)
    }
    signal?.addEventListener('abort', stop)
  })
  try {
    return await Promise.race([call(ending.signal), over])
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', stop)
  }
}

/** Whether a call failed because its time was over. */
export function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError'
}
