import { setMaxListeners } from 'node:events'

/** Limits the duration of a call. */
export interface CallLimits {
  /** In milliseconds. */
  readonly timeoutMs: number
  /** Ends the call early. */
  readonly signal?: AbortSignal
}

/** The longest delay that a timer supports, in milliseconds. A longer one would fire at once. */
const LONGEST_MS = 2 ** 31 - 1

/**
 * Makes a call that ends in time, even if the call ignores its signal.
 *
 * On Node 20 garbage collection removes the timer of `AbortSignal.timeout` if only
 * `AbortSignal.any` refers to it. Such a call never ends. Therefore the call holds its own timer
 * here.
 * @throws DOMException `TimeoutError` when the time is over; the reason of the signal when that
 *   aborts; every error of the call
 */
export async function callWithin<T>(
  { timeoutMs, signal }: CallLimits,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted()
  // Of a signal that many calls share, Node would warn
  if (signal) setMaxListeners(0, signal)
  const ending = new AbortController()
  let timer: NodeJS.Timeout | undefined
  let stop: () => void = () => undefined
  const over = new Promise<never>((_, reject) => {
    const end = (reason: Error) => {
      // Rejects before the call itself fails, so that this error is the one reported
      reject(reason)
      ending.abort(reason)
    }
    const late = () => {
      end(new DOMException(`did not finish within ${timeoutMs} ms`, 'TimeoutError'))
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

/** Whether a call failed because of its time limit. */
export function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError'
}
