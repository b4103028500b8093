import { BtkitError, usageError } from '../../base/errors.js'
import { statIfThere } from '../../disk/look/stat-files.js'
import { inShell } from '../../base/text/escape.js'
import {
  INVISIBLE_END,
  isSeed,
  isTracker,
  looksLikeUrl,
  parseTrackers,
} from '../../metainfo/trackers.js'
import type { TrackerUrl } from '../../metainfo/values.js'
import { existsSync } from 'node:fs'
import type { Io } from '../io.js'
import { reportNote } from '../output/messages.js'

/** The character that replaces invalid UTF-8 in decoded text. */
const REPLACEMENT = '\ufffd'

/** The meaning of makemetafile's positional arguments. */
export interface Operands {
  /** The tracker, or tiers of trackers; null if none is named. */
  readonly tiers: readonly (readonly TrackerUrl[])[] | null
  /** Files and directories, or addresses of content. */
  readonly sources: readonly string[]
}

/**
 * Separates the tracker from the content. The tracker is the one argument that is a URL, or a list
 * of URLs, in any position. Addresses of content, those that are no tracker's, may stand for files
 * if `takesUrls`. `isNamed` says that an option names the content; `advice` follows if nothing
 * does.
 * @throws BtkitError `usage` if a URL is wrong, there are two, or there is no content
 */
export function sortOperands(
  operands: readonly string[],
  takesUrls = false,
  isNamed = false,
  advice = '',
): Operands {
  requireNames(operands, 'file')
  const urls = trackerOperands(operands, takesUrls && !isNamed)
  const sources = operands.filter((operand) => !urls.includes(operand))
  const lists = urls.map(parseTrackers)
  if (urls.length > 1) {
    const content = isNamed ? undefined : urls.find(isContentUrl)
    const why = content === undefined ? ONE_TRACKER : MIXED
    throw usageError(`${content ?? urls[1] ?? ''}: ${why}`)
  }
  const bare = sources.find((source) => !existsSync(source) && isBareTracker(source))
  if (bare !== undefined) {
    const isShort = SHORT_SCHEME.test(bare)
    const url = isShort ? bare.replace(SHORT_SCHEME, '$1://') : `http://${bare}`
    const fix = `a tracker begins with http:// or udp://, as in ${url}`
    throw usageError(`${bare}: no such file; ${fix}`)
  }
  if (sources.length === 0 && !isNamed)
    throw usageError(`no file or directory given; name at least one${advice}`)
  return { tiers: lists[0] ?? null, sources }
}

const ONE_TRACKER = 'only one tracker can be an argument; give each with -a'
const MIXED = 'files and a URL cannot be content of one run; if it is a tracker, give each with -a'

/** The operands that are trackers: all URLs, but no address of content if `takesUrls`. */
export function trackerOperands(operands: readonly string[], takesUrls: boolean): string[] {
  const urls = operands.filter(looksLikeUrl)
  const isMixed = urls.length < operands.length
  return urls.filter((url) => isMixed || !takesUrls || !isContentUrl(url))
}

/** Whether an operand is the URL of a tracker. */
export function isTrackerUrl(text: string): boolean {
  return isTracker(text) && !isContentUrl(text)
}

/**
 * Whether a URL is that of content: of HTTP, and no tracker's, whose path has `announce` in its
 * end.
 */
function isContentUrl(url: string): boolean {
  return isSeed(url) && /^http/i.test(url) && !/announce[^/]*$/i.test(new URL(url).pathname)
}

/** Whether an operand may be a tracker whose `http://` is missing or has too few slashes. */
function isBareTracker(text: string): boolean {
  const isHost = /^[\p{L}\p{N}_-]+(\.[\p{L}\p{N}_-]+)+(:\d+\/\S*|\/\S*announce\S*|:\d+)$/iu.test(
    text,
  )
  return isHost || SHORT_SCHEME.test(text)
}

/** The beginning of a tracker's URL with too few slashes, and the scheme in it. */
const SHORT_SCHEME = /^(https?|udp|wss?)(?::\/?|\/\/)(?=[^/])/i

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

/** The refusal of a command line without a torrent. `advice` follows it. */
export function noTorrent(advice = ''): BtkitError {
  return usageError(`no torrent given; name at least one${advice}`)
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

/** A URL without the invisible characters at its end that pages copy with it; a note says so. */
export function withoutInvisible(word: string, io: Io): string {
  const visible = word.includes('://') ? word.replace(INVISIBLE_END, '') : word
  if (visible !== word) reportNote(`${visible}: invisible characters at its end are left out`, io)
  return visible
}

/**
 * Refuses arguments that may not have been UTF-8 before Node decoded them: with their bytes
 * replaced, a name could lead to another file, or create one.
 * @throws BtkitError `usage`
 */
export function checkUtf8(args: readonly string[]): void {
  const wrong = args.find((arg) => arg.includes(REPLACEMENT))
  if (wrong === undefined) return
  const pattern = inShell(wrong.replaceAll(REPLACEMENT, '?'))
  const advice = existsSync(wrong)
    ? `; if it is the file of this name, give the pattern ${pattern}`
    : ''
  throw usageError(`argument ${wrong}: not valid UTF-8; nothing was done${advice}`)
}

/** Advice for a missing source among several, if no tracker is named. */
export const MAY_BE_TRACKER = 'nothing was written; if it is the tracker, give it with -a'

/** The error for a missing source, which may be a mistyped tracker. */
export function missingSource(source: string): BtkitError {
  return new BtkitError('not-found', `${source}: no such file or directory; ${MAY_BE_TRACKER}`)
}
