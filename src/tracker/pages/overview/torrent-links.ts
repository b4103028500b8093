import { type Html, html } from '../../../base/text/html.js'
import { magnetLink } from '../../../metainfo/magnet.js'
import type { InfoHashes } from '../../../metainfo/values.js'
import { WORDS } from '../../../page-parts/words.js'
import { hasSecret } from '../../../base/text/secrets.js'
import type { AllowedTorrent, KnownSummary } from '../../allowed/allowed-torrent.js'
import { MIRROR_VIEWS, mirrorAt, mirrorRoot, type MirrorPlace } from './site.js'
import { pathOf } from './category.js'
import { type SwarmRow, transferredOf } from './swarm-row.js'

/** URLs for a torrent. URLs on the tracker are relative to the page. */
export class TorrentLinks {
  /**
   * `announceUrls` are for magnet links; `root` is the way from the page to the tracker's first
   * page, such as `../`; `allowGet` says whether .torrent files can be downloaded.
   */
  constructor(
    private readonly announceUrls: readonly string[],
    private readonly root: string,
    private readonly options: Readonly<{ allowGet: boolean; mirror: MirrorPlace | null }>,
  ) {}

  /** URL of the torrent's own page. */
  page({ infoHash }: SwarmRow): string {
    return `${this.root}torrent?info_hash=${infoHash}`
  }

  /**
   * URL of the .torrent file: here, or at the mirror in this process. Null if there is none or
   * downloads are off.
   */
  file({ infoHash, summary }: SwarmRow): string | null {
    if (!summary) return null
    if (summary.path === null) {
      return this.#mirrorView(summary, `torrent${formOf(summary)}`)
    }
    return this.options.allowGet ? `${this.root}file?info_hash=${infoHash}` : null
  }

  /**
   * URL of the page of a torrent's only file at the mirror in this process; null if there is none.
   */
  details({ summary }: SwarmRow): string | null {
    return summary && this.#mirrorView(summary, 'details')
  }

  /**
   * URL of a view of a torrent's only file at the mirror in this process; null if there is none.
   */
  #mirrorView({ place }: KnownSummary, view: string): string | null {
    const root = mirrorRoot(this.options.mirror, this.announceUrls)
    if (root === null || place === null || place.endsWith('/')) return null
    return new URL(`${MIRROR_VIEWS}/${pathOf(place)}.${view}`, root).href
  }

  /**
   * A magnet link with this tracker first. Of a public torrent whose name is shown, it has all
   * other trackers, web seeds and the .torrent, but no key of a user.
   */
  magnet(row: SwarmRow): string {
    const { infoHash, torrent, summary, name, size } = row
    const isPublic = name !== null && summary?.private === false
    const own = (isPublic && torrent) || { trackers: [], webSeeds: [], metainfo: null }
    const trackers = [...this.announceUrls, ...own.trackers.filter((url) => !hasSecret(url))]
    const exactSource = isPublic ? this.#exactSource(row) : null
    return magnetLink({
      ...(summary ?? { infoHash, infoHashV2: null }),
      name,
      size: size ?? 0,
      announce: null,
      announceList: trackers.map((url) => [url]),
      webSeeds: [...this.#mirrorSeeds(own), ...own.webSeeds.filter((url) => !hasSecret(url))],
      ...(exactSource === null ? {} : { exactSource }),
    })
  }

  /** The link by which people get a torrent, in the rows of all tables. */
  render(row: SwarmRow): Html {
    const name = row.name ?? row.infoHash
    return html`<a
      class="button"
      href="${this.file(row) ?? this.magnet(row)}"
      aria-label="${WORDS.get} ${name}"
      >${WORDS.get}</a
    >`
  }

  /** The web seed at the mirror in this process, unless the torrent names it itself. */
  #mirrorSeeds({ metainfo }: Pick<AllowedTorrent, 'metainfo'>): string[] {
    const root = mirrorAt(this.options.mirror, this.announceUrls)
    const place = metainfo?.place ?? null
    return root === null || place === null ? [] : [new URL(place, root).href]
  }

  /** The URL of the .torrent for programs that have no page. */
  #exactSource(row: SwarmRow): string | null {
    const file = this.file(row)
    if (file === null || URL.canParse(file)) return file
    const announce = this.announceUrls.find((url) => /^https?:.*\/announce$/.test(url))
    if (announce === undefined) return null
    return `${announce.slice(0, -'announce'.length)}file?info_hash=${row.infoHash}`
  }
}

/** The end of the address of a torrent at the mirror, which makes those of version 1. */
function formOf({ infoHash, infoHashV2 }: InfoHashes): string {
  if (infoHashV2 === null) return ''
  return infoHash === null ? '?v2' : '?hybrid'
}

/** The JSON form of a row. */
export function jsonOfRow(row: SwarmRow, links: TorrentLinks) {
  const { infoHash, name, size, complete, downloading, downloaded } = row
  return {
    infoHash,
    name,
    size,
    complete,
    downloading,
    downloaded,
    transferred: transferredOf(row),
    magnet: links.magnet(row),
    file: links.file(row),
  }
}
