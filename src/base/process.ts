import { osCodeOf } from './errors.js'
import { createRequire } from 'node:module'

/** Whether a process runs, also one of another user. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return osCodeOf(error) === 'EPERM'
  }
}

/**
 * Returns milliseconds on the system's monotonic clock, which all threads share. Faster than
 * `performance.now()`, both at startup and at each call.
 */
export function monotonicNow(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return 1000 * seconds + nanoseconds / 1e6
}

/** Set in the bundles: to find package.json takes three milliseconds. */
declare const BUNDLED_VERSION: string | undefined

/** The version in package.json. */
export function version(): string {
  if (typeof BUNDLED_VERSION === 'string') return BUNDLED_VERSION
  return (createRequire(import.meta.url)('#package.json') as { version: string }).version
}
