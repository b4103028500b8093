import { asBtkitError } from '../errors.js'
import { monotonicNow } from '../monotonic.js'
import { checkUtf8 } from './arguments/operands.js'
import { guardSignals } from './guard-signals.js'
import { FileOutput, kindOfOutput } from './output/file-output.js'
import { LateOutput, pipeWriter } from './output/late-output.js'
import { exitStatusOf, reportError } from './output/messages.js'
import type { Io, Output } from './io.js'
import { choosePaint } from './output/paint.js'
import { endsBySignal, run } from './program.js'

const SIGNAL_STATUS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const
type Signal = keyof typeof SIGNAL_STATUS

/**
 * How long to wait, once the work is stopped, for others to read what was written, in milliseconds.
 */
const LAST_WORDS = 1000

/**
 * Runs btkit in this process with its arguments, streams and signals, and sets the exit status.
 * `program` is the name it was called by; a legacy name stands for `subcommand`.
 */
export async function main(program: string, subcommand: string | null = null): Promise<void> {
  let controller: AbortController | null = null
  // Not at once: to make the first takes a while, and quick commands need none
  const stop = () => (controller ??= new AbortController())
  let stopped: Signal | undefined
  for (const signal of Object.keys(SIGNAL_STATUS) as Signal[]) {
    // Only once: a second signal ends the process at once, as the system does by itself
    process.once(signal, () => {
      noticeSignal()
      if (signal === 'SIGHUP' && process.listenerCount(signal) > 0) return
      stopped = signal
      stop().abort()
      process.stdin.destroy()
    })
  }
  const invocation = { program, subcommand, args: process.argv.slice(2) }
  const noticeSignal = guardSignals(endsBySignal(invocation))
  const io = await openIo(() => stop().signal)
  const status = await start(invocation, io)
  // Status 0: the command had finished; it was not interrupted
  const isInterrupted = status !== 0 && !endsBySignal(invocation)
  process.exitCode = stopped && isInterrupted ? SIGNAL_STATUS[stopped] : process.exitCode || status
  // Output that nobody reads must not keep a process alive that was asked to end
  if (stopped) setTimeout(() => process.exit(), LAST_WORDS).unref()
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
    // process.cwd() fails where the directory has been removed
    reportError(asBtkitError(error, 'current directory'), io)
    return 1
  }
}

async function openIo(signal: () => AbortSignal): Promise<Io> {
  const { env } = process
  // There is nowhere to report that standard error fails
  const stderr = openOutput('stderr', () => undefined)
  const stdout = openOutput('stdout', (error) => {
    failOutput(error, io)
  })
  const io: Io = {
    // Standard input is opened only when a command reads it
    stdin: { [Symbol.asyncIterator]: () => process.stdin[Symbol.asyncIterator]() },
    ...{ stdout, stderr, env },
    paint: await choosePaint(env, stderr),
    cwd: '',
    isRoot: process.getuid?.() === 0,
    onHangup: (act) => process.on('SIGHUP', act),
    onReopen: (act) => process.on('SIGUSR1', act),
    now: Date.now,
    monotonic: monotonicNow,
    get signal() {
      return signal()
    },
  }
  return io
}

const DESCRIPTORS = { stdout: 1, stderr: 2 } as const

/** A stream of the process, which for a file is written to by ourselves. */
function openOutput(
  name: keyof typeof DESCRIPTORS,
  onError: (error: NodeJS.ErrnoException) => void,
): Output {
  const descriptor = DESCRIPTORS[name]
  const kind = kindOfOutput(descriptor)
  if (kind === 'file') return new FileOutput(descriptor, onError)
  let isTold = false
  const open = () =>
    process[name].on('error', (error: NodeJS.ErrnoException) => {
      if (!isTold) onError(error)
      isTold = true
    })
  return kind === 'pipe' ? new LateOutput(open, pipeWriter(descriptor)) : open()
}

/**
 * When the reader of standard output is gone, as in `btkit … | head`, the work goes on and its
 * output is dropped. Any other failure to write is reported once.
 */
function failOutput(error: NodeJS.ErrnoException, io: Io): void {
  if (error.code === 'EPIPE') return
  process.exitCode = 1
  reportError(asBtkitError(error, 'standard output'), io)
}
