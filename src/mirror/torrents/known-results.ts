import { LRUCache } from 'lru-cache'
import type { Metainfo } from '../../metainfo/metainfo.js'
import type { Refusal } from '../../server/headers/refusal.js'
import type { ServedTorrent } from './served-torrent.js'

/** A torrent that was right at a certain time. */
export interface CurrentTorrent {
  readonly torrent: ServedTorrent
  /** When its files were last looked up, in milliseconds of the monotonic clock. */
  checkedAt: number
  /**
   * Whether its only file is still in that state, found without waiting. Absent if nobody can tell.
   */
  isSameNow?: (() => boolean) | undefined
}

/** A digest of a file that was read, at a time in milliseconds since 1970. */
export interface ReadDigest {
  readonly digest: Uint8Array
  readonly readAt: number
}

/** A result of work on files. */
type Known =
  | CurrentTorrent
  /** A refusal at a certain time. */
  | (Pick<CurrentTorrent, 'checkedAt'> & { readonly refusal: Refusal })
  | ReadDigest
  /** Null for a file that is no torrent. */
  | { readonly metainfo: Metainfo | null }

/**
 * The results of work on files: torrents by their source, which are right as long as their files
 * are in the same state; refusals of torrents that are too large; digests and the operator's
 * torrents by the state of their file. Without it, each request for a torrent is another look into
 * the cache on disk, and a mirror without that cache reads the files for each request.
 */
export type KnownThings = LRUCache<string, Known, () => Promise<Known>>

/** Bytes of memory; those for torrents of the operator are taken only if there are any. */
const MEMORY = 16 * 2 ** 20
const MEMORY_FOR_GIVEN = 64 * 2 ** 20

/** Bytes that an entry takes beside the bytes and paths of its torrent. */
const ENTRY_COST = 1000

/** Creates the memory. `fetch` calls the function in its `context`, once for all who wait. */
export function openKnown({ hasGiven }: { readonly hasGiven: boolean }): KnownThings {
  return new LRUCache({
    maxSize: hasGiven ? MEMORY + MEMORY_FOR_GIVEN : MEMORY,
    sizeCalculation: (known, key) => ENTRY_COST + key.length + bytesOf(known),
    fetchMethod: (_key, _old, { context }) => context(),
    // Requests that wait get it, whatever happens to the entry meanwhile
    ignoreFetchAbort: true,
  })
}

function bytesOf(known: Known): number {
  if ('metainfo' in known) return known.metainfo?.bytes.length ?? 0
  if (!('torrent' in known)) return 0
  const { info, pieceLayers, directory, omitted } = known.torrent
  const paths = [...(directory ?? []), ...omitted]
  return info.length + (pieceLayers?.length ?? 0) + paths.join().length
}
