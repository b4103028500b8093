import { magnetLink } from '../../metainfo/magnet.js'
import type { SwarmRow } from './swarm-row.js'

export interface TorrentLinksParts {
  /** The announce URLs for clients. */
  readonly announceUrls: readonly string[]
  /** Whether .torrent files can be downloaded. */
  readonly allowGet: boolean
  /** The way from the page to the tracker's first page, such as `../`; '' for none. */
  readonly root: string
}

/** URLs for a torrent. URLs on the tracker are relative to the page. */
export class TorrentLinks {
  constructor(private readonly parts: TorrentLinksParts) {}

  /** URL of the torrent's own page. */
  page({ infoHash }: SwarmRow): string {
    return `${this.parts.root}torrent?info_hash=${infoHash}`
  }

  /** URL of the .torrent file; null if there is none or downloads are off. */
  file({ infoHash, torrent }: SwarmRow): string | null {
    const { allowGet, root } = this.parts
    return allowGet && torrent?.metainfo?.path ? `${root}file?info_hash=${infoHash}` : null
  }

  magnet({ infoHash, torrent, name, size }: SwarmRow): string {
    const { announceUrls } = this.parts
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
