/** A limit on the bytes that all threads together read a second, in memory that they share. */
export interface Throttle {
  readonly bytesPerSecond: number
  /** The moment, on process.hrtime's clock in nanoseconds, from which the next read may begin. */
  readonly nextTurn: BigInt64Array
}

/** The most that is read in one turn, so that a slow rate is an even one. */
export const THROTTLED_READ = 256 * 1024

export function createThrottle(bytesPerSecond: number): Throttle {
  return { bytesPerSecond, nextTurn: new BigInt64Array(new SharedArrayBuffer(8)) }
}

/** Takes a turn for a read of `bytes` and returns how long to wait for it, in milliseconds. */
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
