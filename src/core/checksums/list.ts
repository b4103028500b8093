import { BtkitError } from '../../errors.js'
import { readStart } from '../../files/read-bounded.js'

/** The name of a checksum. */
export type ChecksumName = 'sha256' | 'sha1' | 'md5' | 'blake2b'

/** The available checksums with their names in node:crypto and lengths in bytes. */
export const CHECKSUMS = {
  sha256: { algorithm: 'sha256', length: 32 },
  sha1: { algorithm: 'sha1', length: 20 },
  md5: { algorithm: 'md5', length: 16 },
  blake2b: { algorithm: 'blake2b512', length: 64 },
} as const satisfies Record<ChecksumName, { algorithm: string; length: number }>

/** A file with its checksum. */
interface ListedChecksum {
  /** The path in the list, with '/' as separator. */
  readonly path: string
  readonly digest: Uint8Array
}

/** Formats a list as sha256sum(1) does, for checks with `sha256sum -c`. */
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
