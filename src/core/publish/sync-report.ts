/** A torrent that was handed to a client or taken out. */
export interface Publication {
  readonly client: string
  readonly torrent: string
  readonly infoHash: string
}

/** What a client was told about the torrents of a directory. */
export interface SyncReport {
  readonly published: Publication[]
  /** In place of another version of the same torrent, whose info hash is the old one. */
  readonly republished: (Publication & { readonly oldInfoHash: string })[]
  readonly withdrawn: Publication[]
  /** What the client does not seed though it should; with no torrent, nothing at all. */
  readonly unpublished: Unpublished[]
}

export interface Unpublished {
  readonly client: string
  readonly torrent: string | null
  readonly reason: string
}

/** The report of a client that was told nothing. */
export function createSyncReport(): SyncReport {
  return { published: [], republished: [], withdrawn: [], unpublished: [] }
}
