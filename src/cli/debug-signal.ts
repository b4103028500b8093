import { close, url } from 'node:inspector'

/**
 * When to look again for a debugger, in milliseconds. Node opens it on a thread that may get its
 * turn long after the signal; Node 24 under load took 500 ms.
 */
const LATER_LOOKS = [100, 300, 1000, 3000]

/**
 * Has SIGUSR1 do nothing, until a command takes it. Left alone, Node opens its debugger on that
 * signal, to all users of the machine. To be called before anything else is loaded, which takes a
 * while.
 */
export function ignoreDebugSignal(): void {
  process.on('SIGUSR1', () => undefined)
  closeDebugger()
  for (const delay of LATER_LOOKS) setTimeout(closeDebugger, delay).unref()
}

/** Closes the debugger if a signal that came earlier than any of our code has opened it. */
export function closeDebugger(): void {
  if (url() !== undefined && !isWanted()) close()
}

/** Whether whoever started this process asked for the debugger. */
function isWanted(): boolean {
  const options = [...process.execArgv, process.env['NODE_OPTIONS'] ?? '']
  return options.some((option) => option.includes('--inspect'))
}
