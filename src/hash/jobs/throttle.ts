/** A limit on the bytes that all threads together read a second, in memory that they share. */
export interface Throttle {
  readonly bytesPerSecond: number
  /** The moment, on process.hrtime's clock in nanoseconds, from which the next read may begin. */
  readonly nextTurn: BigInt64Array
}

/** Bytes to read at once at most, so that at a low rate reads are spread evenly. */
export const THROTTLED_READ = 256 * 1024

/** Makes a throttle; threads that are given it share its rate. */
export function createThrottle(bytesPerSecond: number): Throttle {
  return { bytesPerSecond, nextTurn: new BigInt64Array(new SharedArrayBuffer(8)) }
}

/** Reserves the time that a read of `bytes` takes. Returns how long to wait before it, in ms. */
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
