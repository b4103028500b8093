import { createHash } from 'node:crypto'
import { badRequest } from '../refusal.js'

/** Files that a torrent is asked for, as the pkgtorrent protocol names them. */
export interface FileSet {
  /** Whether one match makes a torrent of a single file: `single` does so, a POSTed set never. */
  readonly isSingle: boolean
  /** Paths and simple globs, in the order asked for. */
  readonly paths: readonly string[]
}

/** The digest of a set: the SHA-1, in hex, of its paths joined by newlines. */
export function digestOfSet({ paths }: FileSet): string {
  return createHash('sha1').update(paths.join('\n')).digest('hex')
}

/**
 * Reads a digest from an address.
 * @throws Refusal
 */
export function parseDigest(text: string): string {
  if (!/^[0-9a-f]{40}$/i.test(text)) throw badRequest('a digest has 40 hexadecimal digits')
  return text.toLowerCase()
}
