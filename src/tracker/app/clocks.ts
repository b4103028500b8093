/** Seconds that the store's clock begins at: the times of peers from before lie below. */
const CLOCK_START = 10_000_000

/** The clock of a store, from milliseconds since the tracker began. */
export function storeClock(monotonic: () => number): () => number {
  return () => CLOCK_START + Math.floor(monotonic() / 1000)
}
