import { Buffer } from 'node:buffer'
import { readFileSync } from 'node:fs'
import { BtkitError } from '../../errors.js'

/** What stands for bytes that are no UTF-8 once these are decoded. */
const REPLACEMENT = '\ufffd'

/** The arguments of this process, each ended by a NUL. */
const COMMAND_LINE = '/proc/self/cmdline'

/**
 * Makes sure that arguments were UTF-8 before Node decoded them, where the system tells: the name of
 * a file that is not leads to another file, or makes one.
 * @throws BtkitError `usage`
 */
export function checkUtf8(args: readonly string[], commandLine = COMMAND_LINE): void {
  if (!args.some((arg) => arg.includes(REPLACEMENT))) return
  const raw = readArguments(commandLine)?.slice(-args.length)
  if (raw?.length !== args.length) return
  const wrong = args.find((arg, i) => Buffer.from(arg).compare(raw[i] ?? Buffer.of()) !== 0)
  if (wrong === undefined) return
  throw new BtkitError('usage', `argument '${wrong}': not UTF-8, so nothing was done`)
}

function readArguments(commandLine: string): Buffer[] | null {
  try {
    const bytes = readFileSync(commandLine)
    const parts = bytes.toString('latin1').split('\0').slice(0, -1)
    return parts.map((part) => Buffer.from(part, 'latin1'))
  } catch {
    return null
  }
}
