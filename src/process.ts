import { osCodeOf } from './errors.js'

/** Whether a process runs, also one of another user. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return osCodeOf(error) === 'EPERM'
  }
}
