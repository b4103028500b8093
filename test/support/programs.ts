import { spawn, type ChildProcess, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { TEST_WORLD } from './test-directories.js'

/** Where package.json lies; tests run from below dist. */
export const projectRoot = findProjectRoot(dirname(fileURLToPath(import.meta.url)))

export interface SpawnOptions {
  readonly cwd?: string
  /** Variables beside PATH and the place of the piece cache. */
  readonly env?: Readonly<Record<string, string>>
  /** The user and group to run as. */
  readonly uid?: number
  readonly gid?: number
}

export interface ExecutableResult {
  /** As a shell has it in `$?`: 128 and the signal's number if the program died of one. */
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  /** Standard output as bytes. */
  readonly bytes: Buffer
}

/** Runs any program to its end. */
export function runProgram(
  command: string,
  args: readonly string[],
  options: SpawnOptions & { readonly input?: string | Uint8Array } = {},
): Promise<ExecutableResult> {
  const child = startProgram(command, args, options)
  child.stdin.on('error', () => undefined).end(options.input ?? '')
  return collect(child)
}

/** Starts any program and lets it run. */
export function startProgram(
  command: string,
  args: readonly string[],
  { env, ...options }: SpawnOptions,
) {
  const PATH = process.env['PATH'] ?? ''
  return spawn(command, args, {
    ...options,
    env: { PATH, ...TEST_WORLD, ...env },
    stdio: 'pipe',
  })
}

/**
 * Resolves with the output and status of a started process when it ends; kills it after so many
 * milliseconds.
 */
export function collect(child: ChildProcess, most?: number): Promise<ExecutableResult> {
  const tooLong = most === undefined ? most : setTimeout(() => child.kill('SIGKILL'), most)
  const out: Buffer[] = []
  const err: Buffer[] = []
  child.stdout?.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr?.on('data', (chunk: Buffer) => err.push(chunk))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      clearTimeout(tooLong)
      const status = signal === null ? code : 128 + constants.signals[signal]
      const bytes = Buffer.concat(out)
      const stderr = Buffer.concat(err).toString()
      resolve({ status, signal, stdout: bytes.toString(), stderr, bytes })
    })
  })
}

/** Resolves when a program reads its standard input: it has taken more than a pipe holds. */
export function whenReading({ stdin }: Pick<ChildProcessWithoutNullStreams, 'stdin'>) {
  // A program that ends meanwhile reads nothing
  stdin.on('error', () => undefined)
  return new Promise<void>((resolve) => {
    stdin.write(Buffer.alloc(1024 * 1024, 'd'), (error) => {
      if (!error) resolve()
    })
  })
}

function findProjectRoot(directory: string): string {
  const manifest = join(directory, 'package.json')
  if (existsSync(manifest)) {
    const { name } = JSON.parse(readFileSync(manifest, 'utf8')) as { name?: string }
    if (name === 'btkit') return directory
  }
  if (dirname(directory) === directory) throw new Error('no package.json of btkit above the tests')
  return findProjectRoot(dirname(directory))
}
