import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { startExecutable } from '../../support/executable.js'
import { collect, type ExecutableResult, type SpawnOptions } from '../../support/programs.js'
import { makeScratch } from '../../support/scratch.js'
import { until } from '../../support/until.js'

/** A service in its own process. */
export interface ServeProcess {
  readonly child: ChildProcessWithoutNullStreams
  /** The first of its addresses. */
  readonly address: string
  readonly port: number
  readonly ended: Promise<ExecutableResult>
  /** Its output so far. */
  readonly stdout: () => string
  readonly stderr: () => string
  /** Stops it by a signal. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<ExecutableResult>
}

/** Arguments of the service, and how to run it. */
export interface ServeSetup extends SpawnOptions {
  readonly args?: readonly string[]
  /** Whether these arguments contain trackers. */
  readonly hasTrackers?: boolean
}

/**
 * Starts `btkit serve` on a free port and waits until it prints its address. By default it has no
 * access log and no trackers; other arguments come later, so they can override that.
 */
export async function startServe(
  t: { after: (act: () => void) => void },
  root: string,
  { args = [], hasTrackers = false, ...options }: ServeSetup = {},
): Promise<ServeProcess> {
  const standard = ['--cache-dir', makeScratch(t), '--log', 'off', '--port', '0']
  const trackers = hasTrackers ? [] : ['--trackerless']
  const child = startExecutable(
    'btkit',
    ['serve', root, ...standard, ...trackers, ...args],
    options,
  )
  t.after(() => child.kill('SIGKILL'))
  const stdout = record(child.stdout)
  const stderr = record(child.stderr)
  const ended = collect(child)
  const address = await findAddress(child, stdout, stderr)
  const stop = (signal: NodeJS.Signals = 'SIGTERM') => {
    child.kill(signal)
    return ended
  }
  return { child, address, port: Number(address.split(':').at(-1)), ended, stdout, stderr, stop }
}

function record(stream: NodeJS.ReadableStream): () => string {
  let text = ''
  stream.on('data', (chunk: Buffer) => (text += chunk.toString()))
  return () => text
}

async function findAddress(
  child: ChildProcessWithoutNullStreams,
  stdout: () => string,
  stderr: () => string,
): Promise<string> {
  return until('the greeting is complete', () => {
    if (child.exitCode !== null) throw new Error(`serve ended: ${stdout()}${stderr()}`)
    return /^address: +(.+)\n[^]*^try:/m.exec(stdout())?.[1]
  })
}
