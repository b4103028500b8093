import { Buffer } from 'node:buffer'
import { quoteText } from '../../text/escape.js'
import type { Metainfo } from '../metainfo.js'

/** Names that stand for devices on Windows, with any extension. */
const RESERVED =
  /^(con|prn|aux|nul|com[1-9\u00b9\u00b2\u00b3]|lpt[1-9\u00b9\u00b2\u00b3])\s*(\.|$)/i

/** What Windows refuses in a name; slashes and backslashes are paths that the reader warns of. */
const FORBIDDEN = /[<>:"|?*\u0001-\u001f]/

/** Marks of direction, overrides and isolates (Unicode, UAX 9): they change what a name looks like. */
const TURNING = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u

/** What can't be seen, but for the control characters that Windows refuses. */
const INVISIBLE = /[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u

/** Joiners and variation selectors in their place: in scripts and emoji that are written so. */
const JOINING = /(?<=[^\0-\x7f])[\u200c\u200d\ufe00-\ufe0f\u{e0100}-\u{e01ef}]|\ufe0f(?=\u20e3)/gu

/** In bytes: what most file systems hold. */
const LONGEST_NAME = 255

/** In bytes: Linux takes 4,096 with the NUL at the end. */
const LONGEST_PATH = 4095

/** Names that Windows takes for a device. */
export function* findReservedNames(metainfo: Metainfo) {
  for (const name of namesOf(metainfo)) {
    if (RESERVED.test(name)) yield `name ${quoteText(name)} is that of a device on Windows`
  }
}

/** Names with a character that Windows refuses. */
export function* findForbiddenCharacters(metainfo: Metainfo) {
  for (const name of namesOf(metainfo)) {
    const [character] = FORBIDDEN.exec(name) ?? []
    if (character === undefined) continue
    yield `name ${quoteText(name)} has ${quoteText(character)}, which Windows refuses`
  }
}

/** Names that are not what they look like: with characters that turn text around or are not seen. */
export function* findHiddenCharacters(metainfo: Metainfo) {
  for (const name of namesOf(metainfo)) {
    const [character] = INVISIBLE.exec(name.replace(JOINING, '')) ?? []
    if (character === undefined) continue
    const why = TURNING.test(character) ? 'changes the direction of text' : "can't be seen"
    yield `name ${quoteText(name)} has ${quoteText(character)}, which ${why}`
  }
}

/** Names whose end Windows drops. */
export function* findTrailingDotsAndSpaces(metainfo: Metainfo) {
  for (const name of namesOf(metainfo)) {
    if (/[. ]$/.test(name) && !/^\.\.?$/.test(name)) {
      yield `name ${quoteText(name)} ends with a dot or a space, which Windows drops`
    }
  }
}

/** Names of more than 255 bytes. */
export function* findLongNames(metainfo: Metainfo) {
  for (const name of namesOf(metainfo)) {
    const length = Buffer.byteLength(name)
    if (length > LONGEST_NAME) {
      yield `name ${quoteText(name)} has ${length} bytes, and file systems take ${LONGEST_NAME}`
    }
  }
}

/** Paths of more than 4,095 bytes, from the torrent's name down. */
export function* findLongPaths({ name, isDirectory, files }: Metainfo) {
  for (const { path, padding } of files) {
    const whole = (isDirectory ? [name, ...path] : path).join('/')
    const length = Buffer.byteLength(whole)
    if (!padding && length > LONGEST_PATH) {
      yield `path ${quoteText(whole)} has ${length} bytes, and Linux takes ${LONGEST_PATH}`
    }
  }
}

/** Each name once: the torrent's, then those of its directories and files as they come. */
function namesOf({ name, files }: Metainfo): Set<string> {
  const names = new Set([name])
  for (const { path, padding } of files) {
    if (!padding) for (const component of path) names.add(component)
  }
  return names
}
