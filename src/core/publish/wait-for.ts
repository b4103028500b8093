import { setTimeout } from 'node:timers/promises'
import { BtkitError } from '../../errors.js'

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

/**
 * Polls until the condition holds or the time is over. Returns the last result. The interval grows
 * unless `steadyMs` fixes it.
 * @throws BtkitError `interrupted`, and as `look` does
 */
export async function waitFor<T>(
  { limitMs, monotonic, sleep, signal }: Waiting,
  look: () => Promise<{ readonly value: T; readonly isOver: boolean }>,
  steadyMs?: number,
): Promise<T> {
  const end = monotonic() + limitMs
  for (let pause = steadyMs ?? FIRST_PAUSE; ; pause = steadyMs ?? Math.min(2 * pause, LAST_PAUSE)) {
    const { value, isOver } = await look()
    if (isOver || monotonic() >= end) return value
    await sleep(pause)
    if (signal.aborted) throw new BtkitError('interrupted', 'interrupted')
  }
}
