import { BtkitError } from '../../errors.js'
import { readStart } from '../../files/read-bounded.js'
import { CHECKSUMS, type ChecksumName } from './algorithms.js'

/** A file with its checksum. */
export interface ListedChecksum {
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
