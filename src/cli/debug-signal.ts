/**
 * How long to wait before each look for a debugger, in milliseconds. Not at once: to load what closes
 * it takes as long as a quick command. Node opens it on a thread that may get its turn long after the
 * signal; Node 24 under load took 500 ms.
 */
const LOOKS = [50, 50, 200, 700, 2000]

/**
 * Has SIGUSR1 do nothing, until a command takes it, and closes the debugger if a signal that came
 * earlier than any of our code has opened it. Left alone, Node opens its debugger on that signal, to
 * all users of the machine. To be called before anything else is loaded, which takes a while.
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

/** Whether whoever started this process asked for the debugger. */
function isWanted(): boolean {
  const options = [...process.execArgv, process.env['NODE_OPTIONS'] ?? '']
  return options.some((option) => option.includes('--inspect'))
}
