import { writeFileSync, writeSync } from 'node:fs'

declare const BUNDLED_VERSION: string

/** Node's exit status for a module that waits forever. */
const NEVER_FINISHED = 13

/**
 * Runs btkit in this process. The executables in bin/ call it with their name and, for a legacy
 * name, the subcommand.
 */
export async function start(program: string, subcommand: string | null = null): Promise<void> {
  // Node opens its debugger on this signal, to all users of the machine. Until a command handles
  // it, it is ignored, from before anything else is loaded.
  process.on('SIGUSR1', () => undefined)
  if (printVersion()) return
  let isFinished = false
  process.once('exit', (status) => {
    if (!isFinished && status === 0) process.exitCode = NEVER_FINISHED
  })
  nameProcess(program)
  // Loaded only now, because a signal may arrive while it loads
  const { loadProgram } = await import('./load-program.js')
  const { main, keepCode } = loadProgram(subcommand ?? process.argv[2])
  await main(program, subcommand)
  isFinished = true
  try {
    await keepCode()
  } catch {
    // No space or no permission: the next start is some milliseconds slower
  }
}

/** Makes `killall`, `pidof` and `ps -C` find the process by this name, not as `node`. */
function nameProcess(program: string): void {
  try {
    writeFileSync('/proc/self/comm', program)
  } catch {
    // Another system, or no /proc: the process keeps Node's name
  }
}

/**
 * Prints the version if nothing else is asked for, and returns whether it did. Without it scripts
 * that check for btkit would load the whole program, which takes longer than Node's own start.
 */
function printVersion(): boolean {
  const [, , first, ...others] = process.argv
  if (first !== '--version' || others.length > 0) return false
  try {
    writeSync(1, `${BUNDLED_VERSION}\n`)
    return true
  } catch {
    // The program explains why
    return false
  }
}
