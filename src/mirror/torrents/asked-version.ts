import type { MetainfoVersion } from '../../metainfo/metainfo.js'

/**
 * Most bytes of a torrent of version 2. If nobody waits any more, the progress within a file's tree
 * is lost, so the hashing of a larger file might never end.
 */
export const MOST_V2_BYTES = 2 ** 36

/** The words of a query that ask for another version than 1. */
const ASKED: Readonly<Record<string, MetainfoVersion>> = { v2: 'v2', hybrid: 'hybrid' }

/**
 * The version that an address asks for by its query, `?v2` or `?hybrid`: the first of them, v1 if
 * there is none. Other parameters are ignored.
 */
export function askedVersion(url: string): MetainfoVersion {
  const end = url.indexOf('?')
  if (end < 0) return 'v1'
  const names = url.slice(end + 1).split('&')
  return names.flatMap((name) => (Object.hasOwn(ASKED, name) ? (ASKED[name] ?? []) : []))[0] ?? 'v1'
}
