/**
 * Milliseconds on a clock that never jumps. The same as `performance.now()`, but for what that takes
 * to load at the start of a command.
 */
export function monotonicNow(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
