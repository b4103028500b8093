import { createHash } from 'node:crypto'
import type { SetRecord } from '../../cache/records/set.js'
import type { MetainfoVersion } from '../../metainfo/metainfo.js'
import { malformed } from '../../server/answers/refusal.js'

/** A set of files, and its digest. */
export interface PathSet extends SetRecord {
  readonly digest: string
  /** The version of the torrent; v1 when absent, which is that of the protocol. */
  readonly version?: MetainfoVersion
  /** That of the protocol when absent. */
  readonly pieceLength?: PieceLength
}

/** A piece length in bytes, or `auto` for the one that suits the size. */
export type PieceLength = number | 'auto'

/**
 * The set of one file, as its views have it, which are no part of the protocol: with pieces of the
 * length that `makemetafile` would choose, unless the operator asks for another.
 */
export function viewSet(
  components: readonly string[],
  version: MetainfoVersion,
  pieceLength: PieceLength,
): PathSet {
  return { ...singleSet(`/${components.join('/')}`, version), pieceLength }
}

/** The set of one path or pattern, with a slash first: of one file, the torrent is one of that file. */
export function singleSet(path: string, version: MetainfoVersion): PathSet {
  const paths = [path]
  return { isSingle: true, paths, digest: digestOfSet({ paths }), version }
}

/** The digest of a set: the SHA-1, in hex, of its paths joined by newlines. */
export function digestOfSet({ paths }: Pick<SetRecord, 'paths'>): string {
  return createHash('sha1').update(paths.join('\n')).digest('hex')
}

/**
 * Reads a digest from an address.
 * @throws Refusal
 */
export function parseDigest(text: string): string {
  if (!/^[0-9a-f]{40}$/i.test(text)) throw malformed('a digest has 40 hexadecimal digits')
  return text.toLowerCase()
}
