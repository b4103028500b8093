/** Start of the store's clock in seconds. Peers loaded from the state have earlier times. */
const CLOCK_START = 10_000_000

/** The store's clock in seconds. `monotonic` returns milliseconds since the tracker began. */
export function storeClock(monotonic: () => number): () => number {
  return () => CLOCK_START + Math.floor(monotonic() / 1000)
}
