import type { Fingerprint } from '../../files/fingerprint.js'

/** A torrent that can be sent at once, with the facts for a feed. */
export interface ReadyTorrent {
  /** Of version 1, in hexadecimal. */
  readonly infoHash: string
  /** Bytes of its `info`. */
  readonly infoLength: number
  /** Bytes of the operator's own torrent; absent for one made on demand. */
  readonly givenLength?: number
  /** Changes whenever the operator's torrents of the file change. */
  readonly stamp: string
}

/** The state of a file: its torrent is cached, or it still has to be prepared, or that failed. */
export type Readiness = 'ready' | 'waiting' | 'failed'

/** A file of the mirror whose torrent is prepared before anybody asks. */
export interface WarmFile {
  /** Its components below the root. */
  readonly path: readonly string[]
  /** Its state when it was last looked up. */
  readonly fingerprint: Fingerprint
  readiness: Readiness
  /** Null unless the file is ready. */
  torrent: ReadyTorrent | null
}

/** The key of a path in maps; names contain no slash. */
export function keyOf(path: readonly string[]): string {
  return path.join('/')
}
