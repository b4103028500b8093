/** Limits the bytes a second that all threads read together. Its state is in shared memory. */
export interface Throttle {
  readonly bytesPerSecond: number
  /** The earliest time of the next read, in nanoseconds on the clock of process.hrtime. */
  readonly nextTurn: BigInt64Array
}

/** Largest read in bytes with a throttle, so that reads are spread evenly at a low rate. */
export const THROTTLED_READ = 256 * 1024

/** Creates a throttle. All threads that use it share its rate. */
export function createThrottle(bytesPerSecond: number): Throttle {
  return { bytesPerSecond, nextTurn: new BigInt64Array(new SharedArrayBuffer(8)) }
}

/**
 * Reserves the time for a read of `bytes` bytes. Returns how long to wait before it, in
 * milliseconds.
 */
export function takeTurn({ bytesPerSecond, nextTurn }: Throttle, bytes: number): number {
  const now = process.hrtime.bigint()
  const duration = BigInt(Math.ceil((bytes / bytesPerSecond) * 1e9))
  for (;;) {
    const next = Atomics.load(nextTurn, 0)
    const turn = next > now ? next : now
    if (Atomics.compareExchange(nextTurn, 0, next, turn + duration) === next) {
      return Number(turn - now) / 1e6
    }
  }
}
