import { Buffer } from 'node:buffer'
import { quoteText } from '../../text/escape.js'
import type { Metainfo } from '../metainfo.js'

/** Device names on Windows, with any extension. */
const RESERVED =
  /^(con|prn|aux|nul|com[1-9\u00b9\u00b2\u00b3]|lpt[1-9\u00b9\u00b2\u00b3])\s*(\.|$)/i

/**
 * Characters that Windows refuses in a name. Slashes and backslashes are missing, because the
 * parser warns of them.
 */
const FORBIDDEN = /[<>:"|?*\u0001-\u001f]/

/** Unicode marks, overrides and isolates of direction (UAX 9), which change how a name looks. */
const TURNING = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u

/** Invisible characters, except the control characters in FORBIDDEN. */
const INVISIBLE = /[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u

/** Joiners and variation selectors that are used correctly, in scripts and emoji that need them. */
const JOINING = /(?<=[^\0-\x7f])[\u200c\u200d\ufe00-\ufe0f\u{e0100}-\u{e01ef}]|\ufe0f(?=\u20e3)/gu

/** The limit of most file systems, in bytes. */
const LONGEST_NAME = 255

/** The limit of Linux in bytes: 4,096 including the final NUL. */
const LONGEST_PATH = 4095

/** Finds names that are devices on Windows. */
export function* findReservedNames(metainfo: Metainfo) {
  for (const name of namesOf(metainfo)) {
    if (RESERVED.test(name)) yield `name ${quoteText(name)} is that of a device on Windows`
  }
}

/** Finds names with a character that Windows refuses. */
export function* findForbiddenCharacters(metainfo: Metainfo) {
  for (const name of namesOf(metainfo)) {
    const [character] = FORBIDDEN.exec(name) ?? []
    if (character === undefined) continue
    yield `name ${quoteText(name)} has ${quoteText(character)}, which Windows refuses`
  }
}

/** Finds names with invisible characters, or characters that change the text direction. */
export function* findHiddenCharacters(metainfo: Metainfo) {
  for (const name of namesOf(metainfo)) {
    const [character] = INVISIBLE.exec(name.replace(JOINING, '')) ?? []
    if (character === undefined) continue
    const why = TURNING.test(character) ? 'changes the direction of text' : "can't be seen"
    yield `name ${quoteText(name)} has ${quoteText(character)}, which ${why}`
  }
}

/** Finds names whose end Windows removes. */
export function* findTrailingDotsAndSpaces(metainfo: Metainfo) {
  for (const name of namesOf(metainfo)) {
    if (/[. ]$/.test(name) && !/^\.\.?$/.test(name)) {
      yield `name ${quoteText(name)} ends with a dot or a space, which Windows drops`
    }
  }
}

/** Finds names of more than 255 bytes. */
export function* findLongNames(metainfo: Metainfo) {
  for (const name of namesOf(metainfo)) {
    const length = Buffer.byteLength(name)
    if (length > LONGEST_NAME) {
      yield `name ${quoteText(name)} has ${length} bytes, and file systems take ${LONGEST_NAME}`
    }
  }
}

/** Finds paths of more than 4,095 bytes, including the torrent's name. */
export function* findLongPaths({ name, isDirectory, files }: Metainfo) {
  for (const { path, padding } of files) {
    const whole = (isDirectory ? [name, ...path] : path).join('/')
    const length = Buffer.byteLength(whole)
    if (!padding && length > LONGEST_PATH) {
      yield `path ${quoteText(whole)} has ${length} bytes, and Linux takes ${LONGEST_PATH}`
    }
  }
}

/**
 * Returns each name once: first the torrent's, then those of directories and files in file order.
 */
function namesOf({ name, files }: Metainfo): Set<string> {
  const names = new Set([name])
  for (const { path, padding } of files) {
    if (!padding) for (const component of path) names.add(component)
  }
  return names
}
