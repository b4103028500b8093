import type { MetainfoVersion } from '../../metainfo/metainfo.js'

/**
 * Bytes of a torrent of version 2, at most: what was read of a file's tree is lost when nobody waits for
 * it any more, so that a larger one might begin again and again.
 */
export const MOST_V2_BYTES = 2 ** 36

/** What a query may hold to ask for another version than 1. */
const ASKED: Readonly<Record<string, MetainfoVersion>> = { v2: 'v2', hybrid: 'hybrid' }

/**
 * The version of a torrent that an address asks for by its query, `?v2` or `?hybrid`: where it has
 * both, the first; v1 where it has none. Other parameters are ignored.
 */
export function askedVersion(url: string): MetainfoVersion {
  const end = url.indexOf('?')
  if (end < 0) return 'v1'
  const names = url.slice(end + 1).split('&')
  return names.flatMap((name) => (Object.hasOwn(ASKED, name) ? (ASKED[name] ?? []) : []))[0] ?? 'v1'
}
