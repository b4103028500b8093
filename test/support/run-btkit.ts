import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { BtkitError, type ErrorCode } from '../../src/base/errors.js'
import type { Io, Output } from '../../src/cli/io.js'
import type { Invocation } from '../../src/cli/context.js'
import { run } from '../../src/cli/program.js'
import { TEST_WORLD } from './test-directories.js'
import { until } from './until.js'

export interface RunResult {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
  /** The code of the first error; null if there was none, or only lines for several at once. */
  readonly code: ErrorCode | 'internal' | null
  /** Standard output as bytes. */
  readonly bytes: Buffer
}

/** The moment at which the world of the tests stands still, in seconds since 1970. */
export const NOW = 1_700_000_000

/**
 * Runs `btkit ...args` inside the test; `overrides` are parts of another world or another name.
 * Paths must be absolute, since the directory of this process is not btkit's to change.
 */
export async function runBtkit(
  args: readonly string[],
  overrides: Partial<Io & Invocation> = {},
): Promise<RunResult> {
  const stdout = new Captured()
  const stderr = new Captured()
  let code: RunResult['code'] = null
  const io: Io = {
    stdin: inputOf(''),
    stdout,
    stderr,
    onError: (error) => {
      if (typeof error === 'string') return
      code ??= error instanceof BtkitError ? error.code : 'internal'
    },
    paint: (_colour, text) => text,
    cwd: '/',
    isRoot: false,
    onHangup: () => undefined,
    onReopen: () => undefined,
    now: () => NOW * 1000,
    monotonic: () => performance.now(),
    signal: new AbortController().signal,
    ...overrides,
    env: { ...TEST_WORLD, ...overrides.env },
  }
  const status = await run({ program: 'btkit', subcommand: null, args, ...overrides }, io)
  return { status, stdout: stdout.text, stderr: stderr.text, code, bytes: stdout.bytes }
}

/** The exit statuses of errors, by btkit(1); 1 for all others. */
const STATUSES: Partial<Record<ErrorCode, number>> = { usage: 2, locked: 75 }

/**
 * Asserts that a run ended with the status of an error of this code, and printed only one line,
 * which has all of `things`: names of files, options, URLs. One test of them has the whole
 * sentence.
 */
export function assertError(
  { status, stdout, stderr, code }: RunResult,
  expected: ErrorCode,
  ...things: readonly string[]
): void {
  assert.deepEqual([status, code, stdout], [STATUSES[expected] ?? 1, expected, ''], stderr)
  assert.match(stderr, /^btkit: [^\n]+\n$/)
  for (const thing of things) assert.ok(stderr.includes(thing), `no ${thing} in ${stderr}`)
}

/** The end of a program, as far as people see it. */
type Ended = Pick<RunResult, 'stderr'> & { readonly status: number | null }

/** Asserts the exit status of a run, and returns its result. */
export function assertStatus<Result extends Ended>(result: Result, status: number): Result {
  assert.equal(result.status, status, result.stderr)
  return result
}

/** Asserts that a run did all, and had nothing to say to people; returns its result. */
export function assertQuiet<Result extends Ended>(result: Result): Result {
  assert.deepEqual([result.status, result.stderr], [0, ''])
  return result
}

/** A command that runs inside the test until it is stopped. */
export interface RunningCommand {
  /** Standard output and error so far. */
  readonly stdout: Captured
  readonly stderr: Captured
  /** Sends SIGHUP and SIGUSR1. */
  readonly hangUp: () => void
  readonly reopen: () => void
  /** Sends SIGTERM, and resolves with what the program came to. */
  readonly stop: () => Promise<RunResult>
  /** Waits for its words, and returns the first group of the pattern. */
  readonly said: (words: RegExp) => Promise<string>
}

/** Starts `btkit ...args` inside the test, which stops it at its end. */
export function startBtkit(
  t: TestContext,
  args: readonly string[],
  overrides: Partial<Io & Invocation> = {},
): RunningCommand {
  const [stdout, stderr] = [new Captured(), new Captured()]
  const stopping = new AbortController()
  const on: Record<'hangUp' | 'reopen', () => void> = { hangUp: String, reopen: String }
  let hasEnded = false
  const ended = runBtkit(args, {
    onHangup: (act) => (on.hangUp = act),
    onReopen: (act) => (on.reopen = act),
    ...overrides,
    ...{ stdout, stderr, signal: stopping.signal },
  }).finally(() => (hasEnded = true))
  const stop = async () => {
    stopping.abort()
    const { status, code } = await ended
    return { status, stdout: stdout.text, stderr: stderr.text, code, bytes: stdout.bytes }
  }
  t.after(stop)
  const find = (words: RegExp) => words.exec(stdout.text) ?? words.exec(stderr.text)
  const said = async (words: RegExp) => {
    await until(`it says ${String(words)}`, () => hasEnded || find(words) !== null)
    const found = find(words)
    if (!found) throw new Error(`${args.join(' ')} ended: ${stdout.text}${stderr.text}`)
    return found[1] ?? ''
  }
  const hangUp = () => {
    on.hangUp()
  }
  const reopen = () => {
    on.reopen()
  }
  return { stdout, stderr, hangUp, reopen, stop, said }
}

/** Standard input that holds `content`. */
export async function* inputOf(content: string | Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(Buffer.from(content))
}

/** A stream that keeps what is written to it. */
export class Captured implements Output {
  readonly #chunks: Buffer[] = []

  write(chunk: string | Uint8Array): void {
    this.#chunks.push(Buffer.from(chunk))
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks)
  }

  get text(): string {
    return this.bytes.toString()
  }
}

/** The result of `--json` for a single torrent. */
export function parseJson({ stdout }: { readonly stdout: string }): Record<string, unknown> {
  return JSON.parse(stdout) as Record<string, unknown>
}

/** The results of `--json` for several torrents, one a line. */
export function jsonLines<T = Record<string, unknown>>(text: string): T[] {
  const lines = text.trimEnd().split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as T)
}
