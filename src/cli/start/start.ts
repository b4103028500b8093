import { ignoreDebugSignal } from '../debug-signal.js'
import { bundleOf } from './bundles.js'

/** The status with which Node itself ends a module that waits for something that never comes. */
const NEVER_FINISHED = 13

/**
 * Runs btkit in this process: what the executables in bin/ call, with the name they are called by
 * and the subcommand that a legacy name stands for.
 */
export async function start(program: string, subcommand: string | null = null): Promise<void> {
  ignoreDebugSignal()
  let isFinished = false
  process.once('exit', (status) => {
    if (!isFinished && status === 0) process.exitCode = NEVER_FINISHED
  })
  // Only now: to load it takes a while, in which the signal may come
  const { loadProgram } = await import('./load-program.js')
  const { main, keepCode } = loadProgram(bundleOf(subcommand ?? process.argv[2]))
  await main(program, subcommand)
  isFinished = true
  try {
    keepCode()
  } catch {
    // No room, or nobody may write there: the next start takes some milliseconds more again
  }
}
