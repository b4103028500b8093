import { createHash } from 'node:crypto'
import type { SetRecord } from '../../cache/records/bodies.js'
import type { MetainfoVersion } from '../../metainfo/metainfo.js'
import { malformed } from '../../server/answers/refusal.js'

/** A set of files and its digest. */
export interface PathSet extends SetRecord {
  readonly digest: string
  /** The version of the torrent; v1 if absent, as in the protocol. */
  readonly version?: MetainfoVersion
}

/**
 * The set of one path or pattern, which begins with a slash. If it matches one file, the torrent is
 * single-file.
 */
export function singleSet(path: string, version: MetainfoVersion): PathSet {
  const paths = [path]
  return { isSingle: true, paths, digest: digestOfSet({ paths }), version }
}

/** The digest of a set: the SHA-1, in hexadecimal, of its paths joined by newlines. */
export function digestOfSet({ paths }: Pick<SetRecord, 'paths'>): string {
  return createHash('sha1').update(paths.join('\n')).digest('hex')
}

/**
 * Reads a digest from an address.
 * @throws Refusal
 */
export function parseDigest(text: string): string {
  if (!/^[0-9a-f]{40}$/i.test(text)) throw malformed('not a digest; it has 40 hexadecimal digits')
  return text.toLowerCase()
}
