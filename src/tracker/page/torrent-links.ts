import { magnetLink } from '../../metainfo/magnet.js'
import type { SwarmRow } from './swarm-row.js'

export interface TorrentLinksParts {
  /** The addresses that clients announce to. */
  readonly announceUrls: readonly string[]
  /** Whether .torrent files are handed out. */
  readonly allowGet: boolean
}

/** Where things about a torrent are; relative to the tracker's root where they are its own. */
export class TorrentLinks {
  readonly #parts: TorrentLinksParts

  constructor(parts: TorrentLinksParts) {
    this.#parts = parts
  }

  /** The torrent's own page. */
  page({ infoHash }: SwarmRow): string {
    return `torrent?info_hash=${infoHash}`
  }

  /** Its .torrent file; null where there is none to be had. */
  file({ infoHash, torrent }: SwarmRow): string | null {
    return this.#parts.allowGet && torrent?.metainfo?.path ? `file?info_hash=${infoHash}` : null
  }

  magnet({ infoHash, torrent, name, size }: SwarmRow): string {
    const { announceUrls } = this.#parts
    return magnetLink({
      infoHash: torrent?.metainfo ? torrent.metainfo.infoHash : infoHash,
      infoHashV2: torrent?.metainfo?.infoHashV2 ?? null,
      name,
      size: size ?? 0,
      announce: null,
      announceList: announceUrls.map((url) => [url]),
      webSeeds: null,
    })
  }
}
