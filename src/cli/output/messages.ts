import { BtkitError } from '../../errors.js'
import { escapeText } from '../../text/escape.js'
import type { Io } from '../io.js'

/** Reports an error as one line on standard error: `btkit: <what>: <why>`. */
export function reportError(error: unknown, io: Io): void {
  io.stderr.write(`${io.paint('red', 'btkit:')} ${escapeText(describe(error))}\n`)
  if (io.env['BTKIT_DEBUG'] === '1' && error instanceof Error) {
    io.stderr.write(`${error.stack ?? ''}\n`)
  }
}

/** Reports as a line on standard error what is probably not as it should be. */
export function reportWarning(message: string, io: Io): void {
  io.stderr.write(`${io.paint('yellow', 'btkit: warning:')} ${escapeText(message)}\n`)
}

/** Reports as a line on standard error what is worth knowing. */
export function reportNote(message: string, io: Io): void {
  io.stderr.write(`btkit: ${escapeText(message)}\n`)
}

/**
 * Does the work on each item in turn; one that fails is reported and does not stop the rest,
 * except that an interruption ends all. Returns the exit status.
 */
export async function tryEach<T>(
  items: readonly T[],
  io: Io,
  work: (item: T) => Promise<void>,
): Promise<number> {
  let status = 0
  for (const item of items) {
    try {
      await work(item)
    } catch (error) {
      if (io.signal.aborted) throw error
      reportError(error, io)
      status = 1
    }
  }
  return status
}

/** The exit status of a failure: 2 for wrong usage, 75 for a lock that is held, else 1. */
export function exitStatusOf(error: unknown): number {
  if (!(error instanceof BtkitError)) return 1
  if (error.code === 'usage') return 2
  return error.code === 'locked' ? 75 : 1
}

function describe(error: unknown): string {
  if (typeof error === 'string') return error
  if (error instanceof BtkitError) return error.message
  const reason = error instanceof Error ? error.message : String(error)
  return `internal error: ${reason} (BTKIT_DEBUG=1 shows where)`
}

/** Reports lines as notes, and a failure to get them as an error. */
export async function reportNotes(lines: Promise<readonly string[]>, io: Io): Promise<void> {
  try {
    for (const line of await lines) reportNote(line, io)
  } catch (error) {
    reportError(error, io)
  }
}
