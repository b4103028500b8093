import { BtkitError } from '../../base/errors.js'
import { readStart } from '../../disk/look/read-bounded.js'

/**
 * The available checksums: their names in node:crypto, their lengths in bytes, the usual name of a
 * list of a whole directory, and about how many seconds a gigabyte takes.
 */
export const CHECKSUMS = {
  sha256: { algorithm: 'sha256', length: 32, ofAll: 'SHA256SUMS', cost: 0.9 },
  sha512: { algorithm: 'sha512', length: 64, ofAll: 'SHA512SUMS', cost: 4 },
  sha384: { algorithm: 'sha384', length: 48, ofAll: 'SHA384SUMS', cost: 4 },
  sha224: { algorithm: 'sha224', length: 28, ofAll: 'SHA224SUMS', cost: 0.9 },
  sha1: { algorithm: 'sha1', length: 20, ofAll: 'SHA1SUMS', cost: 1.3 },
  md5: { algorithm: 'md5', length: 16, ofAll: 'MD5SUMS', cost: 3.2 },
  blake2b: { algorithm: 'blake2b512', length: 64, ofAll: 'B2SUMS', cost: 2 },
} as const

/** The name of a checksum. */
export type ChecksumName = keyof typeof CHECKSUMS

/** The names of all checksums, the usual one first. */
export const CHECKSUM_NAMES = Object.keys(CHECKSUMS) as ChecksumName[]

/**
 * Formats a list of paths, with '/' as separator, as sha256sum(1) does, for checks with `sha256sum
 * -c`.
 */
export function formatChecksums(
  checksums: readonly { readonly path: string; readonly digest: Uint8Array }[],
): Uint8Array {
  const lines = checksums.map(({ path, digest }) => {
    const escaped = path.replaceAll(/[\\\n\r]/g, (character) => ESCAPES[character] ?? character)
    const mark = escaped === path ? '' : '\\'
    return `${mark}${Buffer.from(digest).toString('hex')}  ${escaped}\n`
  })
  return Buffer.from(lines.join(''))
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r' }

/**
 * Checks that a new list at `path` replaces only an older list or an empty file.
 * @throws BtkitError `exists` for other content, `not-found`, `not-permitted` or `io`
 */
export function checkReplaceableList(path: string, name: ChecksumName): void {
  const digits = 2 * CHECKSUMS[name].length
  const start = Buffer.from(readStart(path, digits + 3)).toString('latin1')
  if (start === '' || new RegExp(`^\\\\?[0-9a-f]{${digits}} [ *]`).test(start)) return
  const why = `already exists and is not a list of ${name} checksums (--force replaces it)`
  throw new BtkitError('exists', `${path}: ${why}`)
}

/** Whether a text is the name of a checksum. */
export function isChecksumName(text: string): text is ChecksumName {
  return Object.hasOwn(CHECKSUMS, text)
}
