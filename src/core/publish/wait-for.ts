import { setTimeout } from 'node:timers/promises'
import { BtkitError } from '../../base/errors.js'

/** How to wait for a client. */
export interface Waiting {
  /** Time limit in milliseconds. */
  readonly limitMs: number
  /** Milliseconds on a monotonic clock. */
  readonly monotonic: () => number
  /** Resolves after this many milliseconds, or earlier if the work must stop. */
  readonly sleep: (ms: number) => Promise<void>
  readonly signal: AbortSignal
}

/** How to wait for at most `limitMs` milliseconds. */
export function waitingFor(
  limitMs: number,
  { monotonic, signal }: Pick<Waiting, 'monotonic' | 'signal'>,
): Waiting {
  const sleep = async (ms: number) => {
    await setTimeout(ms, undefined, { signal }).catch(() => undefined)
  }
  return { limitMs, monotonic, sleep, signal }
}

/** The first and the longest polling interval, in milliseconds. */
const FIRST_PAUSE = 50
const LAST_PAUSE = 1000

/** The longest interval for each thing that is asked about, if these are many. */
const PAUSE_OF_EACH = 5

/**
 * Polls until the condition holds or the time is over. Returns the last result. The interval grows,
 * and further if many things are `left` to ask about.
 * @throws BtkitError `interrupted`, and as `look` does
 */
export async function waitFor<T>(
  { limitMs, monotonic, sleep, signal }: Waiting,
  look: () => Promise<{ readonly value: T; readonly isOver: boolean; readonly left?: number }>,
): Promise<T> {
  const end = monotonic() + limitMs
  for (let pause = FIRST_PAUSE; ;) {
    const { value, isOver, left = 0 } = await look()
    const now = monotonic()
    if (isOver || now >= end) return value
    await sleep(Math.min(pause, Math.max(FIRST_PAUSE, end - now)))
    if (signal.aborted) throw new BtkitError('interrupted', 'interrupted')
    pause = Math.min(2 * pause, Math.max(LAST_PAUSE, PAUSE_OF_EACH * left))
  }
}
