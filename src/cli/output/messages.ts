import { BtkitError } from '../../base/errors.js'
import { escapeText } from '../../base/text/escape.js'
import { hideSecrets } from '../../base/text/secrets.js'
import type { Io, Output, Paint } from '../io.js'

/** Reports an error as one line on standard error: `btkit: <what>: <why>`. */
export function reportError(error: unknown, io: Io): void {
  io.onError?.(error)
  io.stderr.write(`${io.paint('red', 'btkit:')} ${printable(describeError(error))}\n`)
  if (io.env['BTKIT_DEBUG'] === '1' && error instanceof Error) {
    io.stderr.write(`${error.stack ?? ''}\n`)
  }
}

/** Reports a warning as one line on standard error. */
export function reportWarning(message: string, io: Io): void {
  io.stderr.write(`${io.paint('yellow', 'btkit: warning:')} ${printable(hideSecrets(message))}\n`)
}

/** Reports a note as one line on standard error. */
export function reportNote(message: string, io: Io): void {
  io.stderr.write(`btkit: ${printable(hideSecrets(message))}\n`)
}

/** The longest message in characters; two of the longest paths fit. Its end has the advice. */
const LONGEST = 10_000
const END = 1000

/** Returns a message that is safe to print. A name of any length may be in its middle. */
function printable(message: string): string {
  const text = escapeText(message)
  return text.length > LONGEST ? `${text.slice(0, LONGEST - END)}…${text.slice(-END)}` : text
}

/** The exit status for an error: 2 for wrong usage, 75 for a held lock, else 1. */
export function exitStatusOf(error: unknown): number {
  if (!(error instanceof BtkitError)) return 1
  if (error.code === 'usage') return 2
  return error.code === 'locked' ? 75 : 1
}

/** Returns the message for an error in one line, without passkeys. */
export function describeError(error: unknown): string {
  if (typeof error === 'string') return hideSecrets(error)
  if (error instanceof BtkitError) return hideSecrets(error.message)
  const reason = error instanceof Error ? error.message : String(error)
  if (isOutOfMemory(error)) return 'not enough memory'
  return `internal error: ${reason} (set BTKIT_DEBUG=1 for details)`
}

/** Whether an error of V8 says that the memory or the limit of `ulimit -v` is used up. */
export function isOutOfMemory(error: unknown): boolean {
  return error instanceof RangeError && error.message === 'Array buffer allocation failed'
}

/**
 * Chooses how to colour text. chalk is used if standard error is a terminal, unless NO_COLOR or
 * FORCE_COLOR are set. Without colours chalk is not loaded.
 */
export async function choosePaint(
  env: Readonly<Record<string, string | undefined>>,
  stderr: Output,
): Promise<Paint> {
  if (!wantsColour(env, stderr)) return (_colour, text) => text
  const { Chalk } = await import('chalk')
  const chalk = new Chalk({ level: 1 })
  return (colour, text) => chalk[colour](text)
}

function wantsColour(env: Readonly<Record<string, string | undefined>>, stderr: Output): boolean {
  if (env['NO_COLOR']) return false
  const forced = env['FORCE_COLOR']
  if (forced !== undefined) return forced !== '0' && forced !== 'false'
  return isScreen(stderr, env)
}

/** Whether output goes to a terminal that supports colours and cursor movement. */
export function isScreen(output: Output, env: Io['env']): boolean {
  return output.isTTY === true && env['TERM'] !== 'dumb'
}

/** A line for a value; none if it is null. */
export function optional(label: string, value: string | null): string[] {
  return value === null ? [] : [`${label}: ${value}`]
}
