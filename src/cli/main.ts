import type { Io } from './io.js'
import { choosePaint } from './paint.js'
import { run } from './program.js'

const SIGNAL_STATUS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const

/**
 * Runs btkit in this process with its arguments, streams and signals, and sets the exit status.
 * `program` is the name it was called by; a legacy name stands for `subcommand`.
 */
export async function main(program: string, subcommand: string | null = null): Promise<void> {
  const stop = new AbortController()
  let stopped: keyof typeof SIGNAL_STATUS | undefined
  for (const signal of Object.keys(SIGNAL_STATUS) as (keyof typeof SIGNAL_STATUS)[]) {
    // Once: whoever asks a second time gets the system's own way to end a process
    process.once(signal, () => {
      stopped = signal
      stop.abort()
    })
  }
  ignoreClosedPipe(process.stdout)
  ignoreClosedPipe(process.stderr)
  const io: Io = {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    paint: await choosePaint(process.env, process.stderr),
    env: process.env,
    cwd: process.cwd(),
    isRoot: process.getuid?.() === 0,
    now: Date.now,
    signal: stop.signal,
  }
  const status = await run({ program, subcommand, args: process.argv.slice(2) }, io)
  process.exitCode = stopped ? SIGNAL_STATUS[stopped] : status
}

/** `btkit … | head` is no failure of ours: the work goes on, what nobody reads is dropped. */
function ignoreClosedPipe(stream: NodeJS.WriteStream): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
}
