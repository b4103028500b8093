import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { join } from 'node:path'
import { collect, projectRoot, runProgram, startProgram, type SpawnOptions } from './programs.js'
import type { ExecutableResult } from './programs.js'

// npm test builds the program before it runs a test that imports this file.

/** Runs the file that an executable's name stands for, to its end. */
export function runExecutable(
  name: string,
  args: readonly string[],
  options: SpawnOptions & { readonly input?: string | Uint8Array } = {},
): Promise<ExecutableResult> {
  return runProgram(process.execPath, [executable(name), ...args], options)
}

/** A test that can clean up. */
interface Scope {
  readonly after: (act: () => void) => void
}

/** Starts an executable and lets it run: until the end of the test, if that is given. */
export function startExecutable(
  name: string,
  args: readonly string[],
  { t, ...options }: SpawnOptions & { readonly t?: Scope } = {},
): ChildProcessWithoutNullStreams {
  const child = startProgram(process.execPath, [executable(name), ...args], options)
  t?.after(() => child.kill('SIGKILL'))
  return child
}

/** Does the same, and collects what it prints until it ends. */
export function startCollecting(...program: Parameters<typeof startExecutable>) {
  const child = startExecutable(...program)
  return { child, ended: collect(child) }
}

/** Starts a program with short times: of a name, and of its command if that is an old one. */
export function startQuick(
  [name, command = '']: readonly [name: string, command?: string],
  args: readonly string[],
  options: SpawnOptions = {},
): ChildProcessWithoutNullStreams {
  return startProgram(process.execPath, [QUICK_PROGRAM, name, command, ...args], options)
}

/** A program with short times. Its first arguments are a name and the command of an old one. */
export const QUICK_PROGRAM = join(projectRoot, 'dist/test/support/quick-program.js')

/** Loaded into a program, it ends that before one of its changes of files. */
export const KILLED_AT_STEP = join(projectRoot, 'dist/test/support/killed-at-step.js')

/** The path of `bin/<name>.js`. */
export function executable(name: string): string {
  return join(projectRoot, 'bin', `${name}.js`)
}
