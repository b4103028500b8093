import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { executable, projectRoot } from './executable.js'

/** Starts and stops a program with sockets of its own, as systemd does. */
export interface Launcher {
  /** Of the sockets; 0 for Unix sockets. */
  readonly ports: readonly number[]
  readonly start: () => void
  /** Stops the program, and resolves with its exit status. */
  readonly stop: () => Promise<number>
  /** Resolves with the exit status of a program that ends by itself. */
  readonly ended: () => Promise<number>
  /** The output of the programs so far. */
  readonly output: () => string
}

export interface LaunchSetup {
  /** `tcp`, `tcp6`, `udp`, or the path of a Unix socket. */
  readonly sockets: readonly string[]
  readonly names?: readonly string[]
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

const SCRIPT = join(projectRoot, 'test/support/service-launcher.py')

/**
 * Opens sockets for `btkit ...args` until the test ends; `btkit` starts when the test asks for it.
 */
export async function launch(t: TestContext, setup: LaunchSetup): Promise<Launcher> {
  const { sockets, names = [], args, env = {} } = setup
  const command = [process.execPath, executable('btkit'), ...args]
  const python = spawn('python3', [SCRIPT, sockets.join(), names.join(':'), ...command], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], ...env },
  })
  t.after(() => python.stdin.end())
  let output = ''
  python.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const lines = createInterface({ input: python.stdout })[Symbol.asyncIterator]()
  const next = async () => {
    const line = await lines.next()
    if (line.done) throw new Error(`the launcher has ended: ${output}`)
    return JSON.parse(line.value) as unknown
  }
  return {
    ports: (await next()) as number[],
    start: () => python.stdin.write('start\n'),
    stop: () => {
      python.stdin.write('stop\n')
      return next() as Promise<number>
    },
    ended: () => {
      python.stdin.write('wait\n')
      return next() as Promise<number>
    },
    output: () => output,
  }
}
