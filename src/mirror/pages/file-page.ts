import { isRaw } from '../../base/text/raw-path.js'
import type { KnownCounts } from '../../metainfo/swarm-counts.js'
import { fileAddress } from '../../metainfo/trackers.js'
import type { InfoHash } from '../../metainfo/values.js'
import { linksOf, type RowLinks } from './listing.js'
import { MOST_V2_BYTES, viewsBelow, viewsOf } from '../tree/address.js'
import { type HeaderOptions, mirrorPage, stepsAbove } from './site-header.js'
import { type Page, renderPath } from '../../page-parts/layout.js'
import { renderFoldedQr } from '../../page-parts/qr-code.js'
import {
  describeItem,
  hashFacts,
  renderActs,
  renderCopied,
  renderFacts,
  renderFigures,
  renderMore,
  renderSize,
  countFigures,
} from '../../page-parts/item.js'
import { renderTime } from '../../page-parts/time.js'
import { WORDS } from '../../page-parts/words.js'
import { html, type Html } from '../../base/text/html.js'
import { formatNumber } from '../../base/text/quantity.js'

/** A published file with everything that its page shows. */
export interface PagedFile {
  readonly components: readonly string[]
  /** In bytes. */
  readonly size: number
  /** In milliseconds since 1970. */
  readonly modified: number
  /** The digest of the file; null if it is not known without reading. */
  readonly sha256: Uint8Array | null
  /** Whether a list beside it has that digest, in words; null if there is none. */
  readonly stated: Html | null
  /** The counts of its swarm; null if there is none. */
  readonly counts: KnownCounts | null
  /** The tracker's page of the swarm, with its charts; null if there is none. */
  readonly swarmPage: string | null
  /** The info hash of its torrent of version 1; null if it is not known without reading. */
  readonly infoHash: InfoHash | null
  /** URL of the mirror's root; null if another server serves the files. */
  readonly base: string | null
}

/** The page of a file, or of the magnet link of a directory or of chosen files. */
export interface FilePage {
  /** The path of the file or directory. */
  readonly components: readonly string[]
  /** The way to the root of the mirror, such as `../`. */
  readonly root: string
  readonly file: PagedFile | null
  /** Null if the torrent was not asked for yet. */
  readonly made: MadeTorrent | null
}

/** A torrent that was asked for. */
interface MadeTorrent {
  readonly magnet: string
  /** URL of the .torrent. */
  readonly address: string
  /** The number of its files, and their size in bytes. */
  readonly files: number
  readonly size: number
}

/** Answers with the page of a file or magnet link. */
export function filePage(page: FilePage, options: HeaderOptions): Page {
  const { components, root, file, made } = page
  const name = components.at(-1) ?? ''
  const magnet = made?.magnet ?? null
  const counts = file?.counts ?? null
  return mirrorPage(
    options,
    {
      title: file ? name : `Magnet link of ${name}`,
      root,
      description: describeItem(file?.size ?? made?.size ?? null, counts),
    },
    html`${renderPath(stepsAbove(components, root), name)}
    ${file ? actsOf(file, root, magnet) : renderActs({ magnet, torrent: made?.address ?? null })}
    ${counts && renderFigures(countFigures(counts.seeds, counts.leechers))}
    ${
      file
        ? factsOf(file, root)
        : made &&
          renderFacts([
            [WORDS.size, renderSize(made.size)],
            [WORDS.files, formatNumber(made.files)],
          ])
    }
    ${file && renderMore(moreOf(file, root, magnet))}
    ${magnet !== null && renderFoldedQr(magnet, `${root}-/`)}`,
  )
}

/** The links of a file on a page from which `root` leads to the root of the mirror. */
function linksOfFile({ components, size }: PagedFile, root: string): RowLinks {
  const row = { name: components.at(-1) ?? '', isDirectory: false, size, modified: 0 }
  const links = linksOf(row, viewsBelow(root, components.slice(0, -1)))
  return { ...links, address: fileAddress(`${root}.`, components) }
}

/** The buttons of a file. */
function actsOf(file: PagedFile, root: string, link: string | null): Html {
  const { address, torrent, magnet } = linksOfFile(file, root)
  return renderActs({
    magnet: link,
    torrent: torrent ?? null,
    download: file.base === null ? null : address,
    more: link === null && magnet && html`<a class="button" href="${magnet}">Magnet</a>`,
  })
}

/** The links and the command that few people need. */
function moreOf(file: PagedFile, root: string, link: string | null): Html {
  const { components, size } = file
  const { torrent } = linksOfFile(file, root)
  const view = viewsOf(root, components)
  const hybrid = torrent && size <= MOST_V2_BYTES && `${torrent}?hybrid`
  // aria2 does not read the peer in a magnet link
  const given = file.base !== null && torrent ? linksOfFile(file, `${file.base}/`).torrent : link
  const aria2 = given && `aria2c '${given.replaceAll("'", '%27')}'`
  return html`<p class="get">
      ${hybrid && html`<a href="${hybrid}">Hybrid .torrent</a>`}
      ${!components.some(isRaw) && html`<a href="${view}.meta4">Metalink</a>`}
      <a href="${view}.sha256">Checksum file</a>
    </p>
    ${renderFacts([aria2 !== null && [WORDS.withTorrents, renderCopied('aria2', WORDS.withTorrents, aria2)]])}`
}

/**
 * The URL of a file, without quotes that end those of a shell; null if another server serves the
 * files.
 */
function urlOf({ components, base }: PagedFile): string | null {
  return base === null ? null : fileAddress(base, components).replaceAll("'", '%27')
}

function factsOf(file: PagedFile, root: string): Html {
  const { components, size, modified, sha256, stated, infoHash, swarmPage } = file
  const digest = sha256 && Buffer.from(sha256).toString('hex')
  const page = `${viewsOf(root, components)}.details?sha256`
  const shown = html`<a href="${page}" rel="nofollow">Show the checksum</a>`
  const url = urlOf(file)
  return renderFacts([
    [WORDS.size, renderSize(size)],
    [WORDS.changed, renderTime(modified, 'second')],
    swarmPage !== null && ['Swarm', html`<a href="${swarmPage}">Charts of the last month</a>`],
    ...hashFacts({ infoHash, infoHashV2: null }),
    [
      WORDS.sha256,
      digest === null ? shown : html`${renderCopied('sha256', WORDS.sha256, digest)} ${stated}`,
    ],
    url !== null && [
      WORDS.commandLine,
      renderCopied('command', WORDS.commandLine, html`curl -fO '${url}'`),
    ],
  ])
}
