import type { Fingerprint } from '../../files/fingerprint.js'

/** A torrent that can be given away at once, as far as a feed tells of it. */
export interface ReadyTorrent {
  /** Of version 1, in hexadecimal. */
  readonly infoHash: string
  /** Bytes of its `info`. */
  readonly infoLength: number
  /** Bytes of a torrent that is given as it is; absent for one that is made on demand. */
  readonly givenLength?: number
  /** Another text whenever the torrents that lie there for the file change. */
  readonly stamp: string
}

/** How far a file is: its torrent is in the cache, or it is to be looked at, or can't be had. */
export type Readiness = 'ready' | 'waiting' | 'failed'

/** A file of the mirror that is to have its torrent before anybody asks. */
export interface WarmFile {
  /** Its components below the root. */
  readonly path: readonly string[]
  /** What it was when it was last looked at. */
  readonly fingerprint: Fingerprint
  readiness: Readiness
  /** Of a file that is ready. */
  torrent: ReadyTorrent | null
}

/** A path as it is kept in maps: no name holds a slash. */
export function keyOf(path: readonly string[]): string {
  return path.join('/')
}
