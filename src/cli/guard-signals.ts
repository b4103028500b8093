import { loadNative } from '../native-addon.js'

/** SIGINT and SIGTERM by their POSIX numbers, because loading node:os takes time. */
const ENDING = [2, 15]

/**
 * Seconds that the main thread may take to notice a signal. Servers get more, because they must
 * save data from memory. Our service unit kills the process after 30 seconds.
 */
const PATIENCE_SECONDS = 5
const PATIENCE_OF_SERVERS = 25

/** The functions of the native addon for signals. */
interface SignalGuard {
  readonly guardSignals: (signals: readonly number[], seconds: number) => void
  readonly noticeSignal: () => void
}

/**
 * Makes sure that SIGINT and SIGTERM end this process even if its main thread is blocked, for
 * example by a pipe that nobody writes to. The process ends after a few seconds, or at once on a
 * second signal.
 * Signal handlers must exist before the call. Without the native addon nothing happens.
 *
 * @returns a function that a handler must call to confirm that it saw the signal
 */
export function guardSignals(isServer: boolean): () => void {
  const addon = loadNative<SignalGuard>('guardSignals', 'noticeSignal')
  if (!addon) return () => undefined
  addon.guardSignals(ENDING, isServer ? PATIENCE_OF_SERVERS : PATIENCE_SECONDS)
  return addon.noticeSignal
}
