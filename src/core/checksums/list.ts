import { BtkitError } from '../../errors.js'
import { readStart } from '../../files/read-bounded.js'

/** The checksums that can be asked for, each with its name in node:crypto and its length in bytes. */
export const CHECKSUMS = {
  sha256: { algorithm: 'sha256', length: 32 },
  sha1: { algorithm: 'sha1', length: 20 },
  md5: { algorithm: 'md5', length: 16 },
  blake2b: { algorithm: 'blake2b512', length: 64 },
} as const

/** A file with its checksum. */
interface ListedChecksum {
  /** The path in the list, with slashes. */
  readonly path: string
  readonly digest: Uint8Array
}

/** A list in the form of sha256sum(1), which that program checks with `-c`. */
export function formatChecksums(checksums: readonly ListedChecksum[]): Uint8Array {
  const lines = checksums.map(({ path, digest }) => {
    const escaped = escapePath(path)
    const mark = escaped === path ? '' : '\\'
    return `${mark}${Buffer.from(digest).toString('hex')}  ${escaped}\n`
  })
  return Buffer.from(lines.join(''))
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r' }

function escapePath(path: string): string {
  return path.replaceAll(/[\\\n\r]/g, (character) => ESCAPES[character] ?? character)
}

/**
 * Makes sure that writing a list to `path` destroys nothing but an older one, or an empty file.
 * @throws BtkitError `exists` for anything else, `not-found`, `not-permitted` or `io`
 */
export function checkReplaceableList(path: string, name: ChecksumName): void {
  const digits = 2 * CHECKSUMS[name].length
  const start = Buffer.from(readStart(path, digits + 3)).toString('latin1')
  if (start === '' || new RegExp(`^\\\\?[0-9a-f]{${digits}} [ *]`).test(start)) return
  const why = `already exists and is no list of ${name} checksums (--force replaces it)`
  throw new BtkitError('exists', `${path}: ${why}`)
}

export type ChecksumName = keyof typeof CHECKSUMS

/** Whether a text is the name of a checksum. */
export function isChecksumName(text: string): text is ChecksumName {
  return Object.hasOwn(CHECKSUMS, text)
}
