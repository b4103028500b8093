import { isUtf8 } from 'node:buffer'
import { type Dirent, opendirSync, readdirSync } from 'node:fs'
import { opendir, readdir } from 'node:fs/promises'
import { BtkitError } from '../../base/errors.js'
import { escapeBadBytes } from '../../base/text/escape.js'

/** Node's replacement for bytes that are not UTF-8; a name may also contain it. */
const REPLACEMENT = '\uFFFD'

/** Entries of a directory that are read at a time. */
const SOME = 1024

const SURROGATE = /[\uD800-\uDFFF]/

/**
 * Lists the names in a directory, sorted by bytes, each once: some file systems (FUSE, NFS) list an
 * entry twice. Names that are not UTF-8 are mangled: see below.
 */
export function readNames(directory: string): string[] {
  return sortByBytes([...new Set(readdirSync(directory))])
}

/** Does the same off the event loop. */
export async function listNames(directory: string): Promise<string[]> {
  return sortByBytes([...new Set(await readdir(directory))])
}

/**
 * Returns some names of a directory, at most so many, in any order: all of them may be very many.
 */
export function readFirstNames(directory: string, most: number): string[] {
  const opened = opendirSync(directory, { bufferSize: 1024 })
  const names: string[] = []
  try {
    for (let entry = opened.readSync(); entry; entry = opened.readSync()) {
      if (names.push(entry.name) === most) break
    }
    return names
  } finally {
    opened.closeSync()
  }
}

/**
 * Lists the entries of a directory with their kinds, each once in any order, off the event loop.
 */
export async function readEntries(directory: string): Promise<Dirent[]> {
  const entries = await readdir(directory, { withFileTypes: true })
  return [...new Map(entries.map((each) => [each.name, each])).values()]
}

/**
 * The same, some at a time: of very many, one may come twice. For a small directory this takes
 * longer.
 */
export async function* someEntries(directory: string): AsyncGenerator<Dirent[], void> {
  let some: Dirent[] = []
  for await (const entry of await opendir(directory, { bufferSize: SOME })) {
    if (some.push(entry) < SOME) continue
    yield some
    some = []
  }
  yield some
}

/** Whether Node may have mangled a name or path while reading it. */
export function isSuspect(text: string): boolean {
  return text.includes(REPLACEMENT)
}

/**
 * Checks a suspect name by reading the directory again as bytes.
 *
 * @throws BtkitError `bad-name` if a name is not UTF-8, with the bad bytes as \xNN
 */
export function refuseMangledName(directory: string, name: string, place: string): void {
  const bad = findMangled(directory, name)
  if (bad === undefined) return
  throw new BtkitError('bad-name', `${place}${escapeBadBytes(bad)}: the name is not valid UTF-8`)
}

/** Returns a name in a directory for people: bytes that are not UTF-8 become \xNN. */
export function printableName(directory: string, name: string): string {
  const bad = isSuspect(name) ? findMangled(directory, name) : undefined
  return bad === undefined ? name : escapeBadBytes(bad)
}

function findMangled(directory: string, name: string): Buffer | undefined {
  return readMangled(directory).get(name)
}

/** Returns the bytes of the names that are not UTF-8, by what Node makes of them. */
export function readMangled(directory: string | Buffer): ReadonlyMap<string, Buffer> {
  const names = readdirSync(directory, { encoding: 'buffer' })
  return new Map(
    names.filter((bytes) => !isUtf8(bytes)).map((bytes) => [bytes.toString(), bytes] as const),
  )
}

/**
 * Sorts names in place by their UTF-8 bytes. JavaScript compares strings by UTF-16 units. The order
 * is the same unless characters above U+FFFF, stored as surrogates, meet U+E000–U+FFFF.
 */
export function sortByBytes(names: string[]): string[] {
  return names.some((name) => SURROGATE.test(name)) ? names.sort(compareBytes) : names.sort()
}

/** Compares two names by their UTF-8 bytes. */
export function compareBytes(a: string, b: string): number {
  const end = Math.min(a.length, b.length)
  for (let at = 0; at < end; at++) {
    const x = a.charCodeAt(at)
    const y = b.charCodeAt(at)
    if (x !== y) return rankOf(x) - rankOf(y)
  }
  return a.length - b.length
}

/** Ranks surrogates above all other UTF-16 units, because their characters are the highest. */
function rankOf(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x2800 : unit
}
