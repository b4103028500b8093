/** Node's exit status for a module that waits forever. */
const NEVER_FINISHED = 13

/**
 * Runs btkit in this process. The executables in bin/ call it with their name and, for a legacy
 * name, the subcommand.
 */
export async function start(program: string, subcommand: string | null = null): Promise<void> {
  ignoreDebugSignal()
  let isFinished = false
  process.once('exit', (status) => {
    if (!isFinished && status === 0) process.exitCode = NEVER_FINISHED
  })
  // Loaded only now, because a signal may arrive while it loads
  const { loadProgram } = await import('./load-program.js')
  const { main, keepCode } = loadProgram()
  await main(program, subcommand)
  isFinished = true
  try {
    await keepCode()
  } catch {
    // No space or no permission: the next start is some milliseconds slower
  }
}

/**
 * Milliseconds to wait before each check for an open debugger. There is no check at once, because
 * loading node:inspector takes as long as a quick command. Node opens the debugger on a thread that
 * may run long after the signal; under load Node 24 took 500 ms.
 */
const LOOKS = [50, 50, 200, 700, 2000]

/**
 * Ignores SIGUSR1 until a command handles it, and closes the debugger if an earlier signal opened
 * it.
 * By default Node opens its debugger on this signal, to all users of the machine. Call this before
 * anything else is loaded, because loading takes time.
 */
export function ignoreDebugSignal(): void {
  process.on('SIGUSR1', () => undefined)
  if (!isWanted()) lookLater(LOOKS)
}

function lookLater([pause, ...later]: readonly number[]): void {
  if (pause === undefined) return
  const look = () => {
    lookLater(later)
    void closeDebugger()
  }
  setTimeout(look, pause).unref()
}

async function closeDebugger(): Promise<void> {
  const { close, url } = await import('node:inspector')
  if (url() !== undefined) close()
}

/** Whether the debugger was requested when this process was started. */
function isWanted(): boolean {
  const options = [...process.execArgv, process.env['NODE_OPTIONS'] ?? '']
  return options.some((option) => option.includes('--inspect'))
}
