import { isUtf8 } from 'node:buffer'
import { readdirSync } from 'node:fs'
import { BtkitError } from '../../errors.js'
import { escapeBadBytes } from '../../text/escape-bytes.js'
import { sortByBytes } from '../byte-order.js'

/** What Node puts in the place of bytes that are no UTF-8; also a character that a name may hold. */
const REPLACEMENT = '\uFFFD'

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
