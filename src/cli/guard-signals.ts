import { loadNative } from '../native-addon.js'

/** SIGINT and SIGTERM, by numbers that POSIX lays down: node:os takes a while to load. */
const ENDING = [2, 15]

/**
 * How long this thread may take to see a signal, in seconds. Servers have what they must not lose in
 * memory, and a service manager ends them in the end: ours after 30 seconds.
 */
const PATIENCE_SECONDS = 5
const PATIENCE_OF_SERVERS = 25

/** The part of the native addon that is about signals. */
interface SignalGuard {
  readonly guardSignals: (signals: readonly number[], seconds: number) => void
  readonly noticeSignal: () => void
}

/**
 * Makes sure that SIGINT and SIGTERM end this process even if its main thread never comes to handle
 * them, as while it waits for a pipe that nobody writes to: after a few seconds, or at once when
 * another comes. Handlers must be there before. Without the native addon it does nothing.
 *
 * @returns what to call in a handler, to say that the signal was seen
 */
export function guardSignals(isServer: boolean): () => void {
  const addon = loadNative<SignalGuard>('guardSignals', 'noticeSignal')
  if (!addon) return () => undefined
  addon.guardSignals(ENDING, isServer ? PATIENCE_OF_SERVERS : PATIENCE_SECONDS)
  return addon.noticeSignal
}
