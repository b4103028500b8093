import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { BtkitError, usageError } from '../../errors.js'
import { statIfThere } from '../../files/stat-files.js'
import { escapeBadBytes } from '../../text/escape.js'
import { looksLikeUrl, parseTrackers } from '../../metainfo/trackers.js'
import type { TrackerUrl } from '../../metainfo/values.js'
import { Buffer } from 'node:buffer'
import { existsSync, readFileSync } from 'node:fs'
import { count } from '../../text/quantity.js'

/** The character that replaces invalid UTF-8 in decoded text. */
const REPLACEMENT = '\ufffd'

/** The arguments of this process, each ended by a NUL. */
const COMMAND_LINE = '/proc/self/cmdline'

/** The meaning of makemetafile's positional arguments. */
export interface Operands {
  /** The tracker, or tiers of trackers; null if none is named. */
  readonly tiers: readonly (readonly TrackerUrl[])[] | null
  readonly sources: readonly string[]
}

/**
 * Separates the tracker from the files. The tracker is the one argument that is a URL, or a list of
 * URLs, in any position.
 * @throws BtkitError `usage` if a URL is wrong, there are two, or there is no file
 */
export function sortOperands(operands: readonly string[]): Operands {
  requireNames(operands, 'file')
  const urls = operands.filter(looksLikeUrl)
  const sources = operands.filter((operand) => !looksLikeUrl(operand))
  const lists = urls.map(parseTrackers)
  if (urls.length > 1) {
    throw usageError(`${urls[1] ?? ''}: only one tracker can be an argument; give each with -a`)
  }
  const bare = sources.find((source) => isBareTracker(source) && !existsSync(source))
  if (bare !== undefined) {
    const fix = `a tracker begins with http:// or udp://, as in ${spelledTracker(bare)}`
    throw usageError(`${bare}: no such file; ${fix}`)
  }
  if (sources.length === 0) throw usageError('no file or directory given; name at least one')
  return { tiers: lists[0] ?? null, sources }
}

/** Whether an operand may be a tracker whose `http://` is missing or has too few slashes. */
function isBareTracker(text: string): boolean {
  const isHost = /^[\p{L}\p{N}_-]+(\.[\p{L}\p{N}_-]+)+(:\d+\/\S*|\/\S*announce\S*|:\d+)$/iu.test(
    text,
  )
  return isHost || SHORT_SCHEME.test(text)
}

/** The beginning of a tracker's URL with too few slashes, and the scheme in it. */
const SHORT_SCHEME = /^(https?|udp|wss?):\/?(?=[^/])/i

function spelledTracker(bare: string): string {
  return SHORT_SCHEME.test(bare) ? bare.replace(SHORT_SCHEME, '$1://') : `http://${bare}`
}

/** Reports operands that are missing or too many, before any mistake in a configuration. */
export function requireOperands(command: CommandUnknownOpts, operands: readonly string[]): void {
  const { registeredArguments: all } = command
  const missing = all[operands.length]
  if (missing?.required) command.error(`error: missing required argument '${missing.name()}'`)
  if (operands.length <= all.length || all.at(-1)?.variadic) return
  const expected = `Expected ${count(all.length, 'argument')}`
  const of = command.parent ? ` for '${command.name()}'` : ''
  command.error(`error: too many arguments${of}. ${expected} but got ${operands.length}.`)
}

/**
 * Refuses an empty name, for example from an unset variable in a script. As a directory it would
 * mean the current one.
 * @throws BtkitError `usage`
 */
export function requireNames(
  names: readonly string[],
  what: 'file' | 'torrent' | 'directory',
): void {
  if (names.includes(''))
    throw usageError(`the name of a ${what} is empty; a variable may be unset`)
}

/** Whether a path leads to a directory now. */
export function isDirectory(path: string): boolean {
  return statIfThere(path)?.isDirectory() ?? false
}

/**
 * Returns the path of a directory that must exist.
 * @throws BtkitError `not-found`, with the path or its `name`
 */
export function requireDirectory(path: string, name = path): string {
  const stats = statIfThere(path)
  if (stats?.isDirectory()) return path
  throw new BtkitError('not-found', `${name}: ${stats ? 'not a directory' : 'no such directory'}`)
}

/**
 * Checks that arguments were valid UTF-8 before Node decoded them, if the system shows this.
 * Otherwise a file name could lead to another file, or create one.
 * @throws BtkitError `usage`
 */
export function checkUtf8(args: readonly string[], commandLine = COMMAND_LINE): void {
  if (!args.some((arg) => arg.includes(REPLACEMENT))) return
  const raw = readArguments(commandLine)?.slice(-args.length)
  if (raw?.length !== args.length) return
  const wrong = raw.find((bytes, i) => bytes.compare(Buffer.from(args[i] ?? '')) !== 0)
  if (wrong === undefined) return
  const what = `argument ${escapeBadBytes(wrong)}: the name is not valid UTF-8`
  throw usageError(`${what}; nothing was done`)
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
