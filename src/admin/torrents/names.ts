import { BtkitError } from '../../errors.js'
import { isSafeComponent } from '../../files/inside.js'
import { escapeText, quoteText } from '../../text/escape.js'

/** The longest name in bytes of UTF-8, which leaves room for temporary names. */
const LONGEST_NAME = 200

/** How the names of torrents end. */
export const SUFFIX = '.torrent'

/**
 * Checks a name of a category or torrent that somebody typed or sent.
 * @throws BtkitError `bad-name`
 */
export function checkName(name: string): string {
  const fault = faultOf(name)
  if (fault === null) return name
  throw new BtkitError('bad-name', `the name ${quoteText(name)} ${fault}; choose another`)
}

/**
 * Returns the file name for a torrent that somebody typed or sent, with its ending.
 * @throws BtkitError `bad-name`
 */
export function torrentName(typed: string): string {
  return checkName(typed.endsWith(SUFFIX) ? typed : `${typed}${SUFFIX}`)
}

function faultOf(name: string): string | null {
  if (name.trim() === '' || name === SUFFIX) return 'is empty'
  if (!isSafeComponent(name) || name.includes('\\')) return 'is a path'
  if (name.startsWith('.')) return 'begins with a dot, and hidden files are not tracked'
  if (escapeText(name) !== name || name.includes('\ufffd')) return 'has invisible characters'
  if (name.trim() !== name) return 'begins or ends with a space'
  if (Buffer.byteLength(name) > LONGEST_NAME) return `is longer than ${LONGEST_NAME} bytes`
  return null
}
