/**
 * Returns milliseconds on the system's monotonic clock, which all threads share. Faster than
 * `performance.now()`, both at startup and at each call.
 */
export function monotonicNow(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return 1000 * seconds + nanoseconds / 1e6
}
