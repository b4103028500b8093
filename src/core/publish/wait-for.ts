import { BtkitError } from '../../errors.js'

/** How long to wait for a client, and how. */
export interface Waiting {
  /** In milliseconds. */
  readonly limitMs: number
  /** Milliseconds on a clock that never jumps. */
  readonly monotonic: () => number
  /** Resolves after that many milliseconds, or earlier when the work is to stop. */
  readonly sleep: (ms: number) => Promise<void>
  readonly signal: AbortSignal
}

/** How often to look at first and at last, in milliseconds. */
const FIRST_PAUSE = 50
const LAST_PAUSE = 1000

/**
 * Looks again and again until it is over or the time is; returns what was seen last.
 * @throws BtkitError `interrupted`, and as `look` does
 */
export async function waitFor<T>(
  { limitMs, monotonic, sleep, signal }: Waiting,
  look: () => Promise<{ readonly value: T; readonly isOver: boolean }>,
): Promise<T> {
  const end = monotonic() + limitMs
  for (let pause = FIRST_PAUSE; ; pause = Math.min(2 * pause, LAST_PAUSE)) {
    const { value, isOver } = await look()
    if (isOver || monotonic() >= end) return value
    await sleep(pause)
    if (signal.aborted) throw new BtkitError('interrupted', 'interrupted')
  }
}
