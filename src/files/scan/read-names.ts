import { isUtf8 } from 'node:buffer'
import { readdirSync } from 'node:fs'
import { BtkitError } from '../../errors.js'
import { escapeBadBytes } from '../../text/escape.js'

/** What Node puts in the place of bytes that are no UTF-8; also a character that a name may hold. */
const REPLACEMENT = '\uFFFD'

const SURROGATE = /[\uD800-\uDFFF]/

/** The names in a directory, sorted by bytes. Those that are not UTF-8 come mangled: see below. */
export function readNames(directory: string): string[] {
  return sortByBytes(readdirSync(directory))
}

/** Whether Node may have mangled `text`, a name or a path, on reading it. */
export function isSuspect(text: string): boolean {
  return text.includes(REPLACEMENT)
}

/**
 * Makes sure that a suspect name is what the directory holds, by reading it again as bytes.
 *
 * @throws BtkitError `bad-name`, naming the file below `place` with the bad bytes as \xNN
 */
export function refuseMangledName(directory: string, name: string, place: string): void {
  const bad = readdirSync(directory, { encoding: 'buffer' }).find(
    (bytes) => !isUtf8(bytes) && bytes.toString() === name,
  )
  if (bad === undefined) return
  throw new BtkitError('bad-name', `${place}${escapeBadBytes(bad)}: the name is not valid UTF-8`)
}

/**
 * Sorts names in place by their bytes in UTF-8. JavaScript orders strings by UTF-16 units, which
 * is the same order unless characters beyond U+FFFF, written as surrogates, meet U+E000–U+FFFF.
 */
export function sortByBytes(names: string[]): string[] {
  return names.some((name) => SURROGATE.test(name)) ? names.sort(compareBytes) : names.sort()
}

/** Orders two names by their bytes in UTF-8. */
export function compareBytes(a: string, b: string): number {
  const end = Math.min(a.length, b.length)
  for (let at = 0; at < end; at++) {
    const x = a.charCodeAt(at)
    const y = b.charCodeAt(at)
    if (x !== y) return rankOf(x) - rankOf(y)
  }
  return a.length - b.length
}

/** Moves surrogates above all other UTF-16 units, where the characters they stand for belong. */
function rankOf(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x2800 : unit
}
