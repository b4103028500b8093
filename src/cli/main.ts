import { setMaxListeners } from 'node:events'
import { constants } from 'node:os'
import { asBtkitError } from '../base/errors.js'
import { loadNative } from '../base/native-addon.js'
import { monotonicNow } from '../base/process.js'
import { checkUtf8 } from './line/operands.js'
import { exitStatusOf, reportError, choosePaint } from './output/messages.js'
import { type Io, type Output, UNCAUGHT } from './io.js'
import { endsBySignal, run } from './program.js'
import { closeStandardInput, readStandardInput } from './standard-input.js'
import { fstatSync, writeSync } from 'node:fs'
import { isatty } from 'node:tty'

const ENDINGS = ['SIGINT', 'SIGTERM'] as const
const SIGNALS = [...ENDINGS, 'SIGHUP'] as const

/** Functions of the native addon; native/signals.h describes them. */
interface Signals {
  endAfterSignal(milliseconds: number): void
  endNow(status: number): void
  ignoreLeaseSignals(): void
}

/** Milliseconds to wait for readers of the output after the work was stopped. */
const LAST_WORDS = 500

/**
 * Milliseconds after a signal until the process ends whatever it still waits for. Some commands
 * have clients, peers or visitors to take leave of.
 */
const PATIENCE = { usual: 2500, long: 9500 }

/** Milliseconds that a command may take to end after an error that nobody caught. */
const ORDERLY = 10_000

/**
 * Runs btkit with the arguments, streams and signals of this process, and sets the exit status.
 * `program` is the name by which it was called. Under a legacy name, `subcommand` is the command it
 * stands for.
 */
export async function main(program: string, subcommand: string | null = null): Promise<void> {
  // All that waits for one end of the program is no leak, of which Node would warn
  setMaxListeners(0)
  const stop = new AbortController()
  const invocation = { program, subcommand, args: process.argv.slice(2) }
  const patience = PATIENCE[endsBySignal(invocation) ? 'long' : 'usual']
  let stopped: NodeJS.Signals | undefined
  for (const signal of SIGNALS) {
    const onSignal = () => {
      if (signal === 'SIGHUP' && process.listenerCount(signal) > 0) return
      // Node forgets that nohup ignored it. Services go on without a terminal, also while they
      // start
      if (signal === 'SIGHUP' && endsBySignal(invocation) && ![0, 1, 2].some(isatty)) {
        process.once(signal, onSignal)
        return
      }
      stopped = signal
      // A second one ends the process at once
      for (const ending of ENDINGS) process.removeAllListeners(ending)
      // A lock that another process holds, or a disk that hangs, must not keep it longer
      setTimeout(() => process.kill(process.pid, signal), patience).unref()
      stop.abort()
      closeStandardInput()
    }
    process.once(signal, onSignal)
  }
  // Ends it also while a call of the system keeps JavaScript from running
  loadNative<Signals>('endAfterSignal')?.endAfterSignal(patience)
  loadNative<Signals>('ignoreLeaseSignals')?.ignoreLeaseSignals()
  const io = await openIo(stop.signal)
  endOnUncaught(io, () => {
    stop.abort(UNCAUGHT)
    closeStandardInput()
  })
  const status = await start(invocation, io)
  process.exitCode ||= status
  const signal = stopped
  if (!signal) return
  // With status 0 the command had finished, so it was not interrupted
  if (status !== 0 && !endsBySignal(invocation)) dieOf(signal)
  // Neither unread output nor a thread that waits for a lock must keep a stopped process alive
  setTimeout(() => {
    const native = loadNative<Signals>('endNow')
    // Without the addon the end would wait for the thread, and only the signal ends it before
    process.once('exit', (code) => {
      if (native) native.endNow(code)
      else process.kill(process.pid, signal)
    })
    process.exit()
  }, LAST_WORDS).unref()
}

/**
 * Makes an error that nobody caught, a rejected promise included, end the process: it is reported
 * in one line, what runs is stopped as by a signal, and the exit status is 1. A second one, or work
 * that does not stop, ends it at once.
 */
function endOnUncaught(io: Io, stop: () => void): void {
  let isEnding = false
  process.on('uncaughtException', (error) => {
    process.exitCode = 1
    reportError(error, io)
    if (isEnding) process.exit()
    isEnding = true
    setTimeout(() => process.exit(), ORDERLY).unref()
    stop()
  })
}

/**
 * Ends the process by the signal itself, after all else. A shell stops a script or a loop only if
 * its command died of Ctrl-C; with a status of 130 it goes on to the next command.
 */
function dieOf(signal: NodeJS.Signals): void {
  process.once('exit', () => {
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
  // The first process of a container gets no signal that it does not handle
  process.exitCode = 128 + constants.signals[signal]
}

async function start(invocation: Parameters<typeof run>[0], io: Io): Promise<number> {
  try {
    checkUtf8(invocation.args)
  } catch (error) {
    reportError(error, io)
    return exitStatusOf(error)
  }
  try {
    return await run(invocation, Object.assign(io, { cwd: process.cwd() }))
  } catch (error) {
    // process.cwd() fails if the directory was removed
    reportError(asBtkitError(error, 'current directory'), io)
    return 1
  }
}

async function openIo(signal: AbortSignal): Promise<Io> {
  const { env } = process
  // Errors of standard error cannot be reported anywhere
  const stderr = openOutput('stderr', () => undefined)
  const stdout = openOutput('stdout', (error) => {
    failOutput(error, io)
  })
  const io: Io = {
    // Standard input is opened only when a command reads it
    stdin: { [Symbol.asyncIterator]: readStandardInput },
    stdout,
    stderr,
    env,
    get askSecret() {
      if (!isatty(0)) return undefined
      // Most commands ask for nothing
      return async (prompt: string) =>
        (await import('./open/ask-secret.js')).askOnTerminal(prompt, io)
    },
    paint: await choosePaint(env, stderr),
    cwd: '',
    isRoot: process.getuid?.() === 0,
    onHangup: (act) => process.on('SIGHUP', act),
    onReopen: (act) => process.on('SIGUSR1', act),
    now: Date.now,
    monotonic: monotonicNow,
    signal,
  }
  return io
}

const DESCRIPTORS = { stdout: 1, stderr: 2 } as const

/** Opens a standard stream. Output to a file is written synchronously. */
function openOutput(
  name: keyof typeof DESCRIPTORS,
  onError: (error: NodeJS.ErrnoException) => void,
): Output {
  const descriptor = DESCRIPTORS[name]
  if (isFile(descriptor)) return new FileOutput(descriptor, onError)
  let isTold = false
  return process[name].on('error', (error: NodeJS.ErrnoException) => {
    if (!isTold) onError(error)
    isTold = true
  })
}

/**
 * Handles a failure of standard output. If its reader is gone, as in `btkit … | head`, the work
 * continues without output. Any other failure is reported once.
 */
function failOutput(error: NodeJS.ErrnoException, io: Io): void {
  if (error.code === 'EPIPE') return
  process.exitCode = 1
  reportError(asBtkitError(error, 'standard output'), io)
}

/**
 * Output that is redirected to a file.
 * On a nearly full disk Node's own stream treats incomplete writes as complete. This class writes
 * everything or reports why not. After a failure it writes nothing more, so that there is no gap.
 */
export class FileOutput implements Output {
  #error: Error | null = null

  /** `onError` is called with the first error, which is a system error. */
  constructor(
    private readonly descriptor: number,
    private readonly onError: (error: Error) => void,
  ) {}

  get errored(): Error | null {
    return this.#error
  }

  write(chunk: string | Uint8Array): void {
    if (this.#error !== null) return
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(this.descriptor, bytes, at)
    } catch (error) {
      if (!(error instanceof Error)) throw error
      this.#error = error
      this.onError(error)
    }
  }
}

/**
 * Whether a descriptor is a file or a device such as /dev/null, and no pipe, socket or terminal.
 * A closed descriptor counts as a file. Node opens /dev/null in its place, and so do Python and
 * others for their children, so it cannot be distinguished.
 */
export function isFile(descriptor: number): boolean {
  const stats = fstatSync(descriptor)
  if (stats.isFile() || !stats.isCharacterDevice()) return stats.isFile()
  return !isatty(descriptor)
}
