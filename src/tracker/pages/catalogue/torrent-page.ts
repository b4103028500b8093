import { renderIfKnown } from '../../../page-parts/time.js'
import { awaitOr } from '../../../base/errors.js'
import { setTimeout } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import { readRegular } from '../../../disk/look/read-bounded.js'
import type { SwarmMonth } from '../../../metainfo/swarm-counts.js'
import type { Metainfo } from '../../../metainfo/metainfo.js'
import { FIELDS, labelledTexts } from '../../../metainfo/fields.js'
import { parseMetainfo } from '../../../metainfo/parse/metainfo.js'
import { type Page, renderCard, renderTop } from '../../../page-parts/layout.js'
import {
  describeItem,
  type Fact,
  hashFacts,
  renderActs,
  renderFacts,
  renderFileTree,
  renderCopied,
  renderItem,
  renderSwarm,
  type ShownFile,
  shownPath,
} from '../../../page-parts/item.js'
import { formatMarkdown, MAX_MARKDOWN } from '../../../page-parts/markdown.js'
import { renderFoldedQr } from '../../../page-parts/qr-code.js'
import { paged, renderPages } from '../../../page-parts/sorting.js'
import { capitalized, WORDS } from '../../../page-parts/words.js'
import { clipText, inShell } from '../../../base/text/escape.js'
import { hideSecrets } from '../../../base/text/secrets.js'
import { type Html, html, lines } from '../../../base/text/html.js'
import { naturalKey } from '../../../base/text/natural-order.js'
import { counted, formatBytes, formatNumber } from '../../../base/text/quantity.js'
import type { KnownSummary } from '../../allowed/allowed-torrent.js'
import { placeNames, stepsTo } from '../overview/category.js'
import { type Site, sitePage } from '../overview/site.js'
import type { TorrentLinks } from '../overview/torrent-links.js'
import type { SwarmRow } from '../overview/swarm-row.js'
import { trackerTiers } from '../../../metainfo/trackers.js'

/** Files on a page. */
const FILES = 200

interface TorrentPageParts {
  readonly site: Site
  readonly row: SwarmRow
  readonly month: SwarmMonth | null
  /** Null if they are unknown or must not be shown. */
  readonly details: CatalogueDetails | null
  /** The formatted comment; null if there is none. */
  readonly description: Html | null
  /** The page of its files, from 1. */
  readonly filesPage: number
  readonly links: TorrentLinks
}

/** The page of one torrent. */
export function torrentPage(parts: TorrentPageParts): Page {
  const { site, row, month, details, description, links } = parts
  const title = row.name ?? row.infoHash
  const { torrent, summary, category, complete, downloading, downloaded } = row
  const current = category === null ? 'list' : category.isArchive ? 'archive' : 'catalogue'
  // Of private torrents nothing is known here
  const webSeeds = (summary?.private === false && torrent?.webSeeds.length) || 0
  const counts = { seeds: complete, webSeeds, leechers: downloading }
  const { size } = row
  const head = html`<link
    rel="alternate"
    type="application/json"
    href="torrent.json?info_hash=${row.infoHash}"
  />`
  const magnet = links.magnet(row)
  const isAlone = complete + downloading === 0
  const acts = renderActs({ magnet, torrent: links.file(row), isAlone })
  const readme =
    description !== null &&
    html`<section class="card readme" aria-labelledby="description">
      <h2 id="description">${WORDS.description}</h2>
      ${description}
    </section>`
  return sitePage(
    { title, site, current, description: describeItem(size, counts), head },
    html`${renderTop({ title, above: stepsTo(category, '') })} ${renderTags(row)}
    ${renderItem(
      acts,
      [
        readme,
        details && renderFiles(details, parts),
        details && details.trackers.length > 0 && renderUrls(WORDS.trackers, details.trackers),
        details && details.webSeeds.length > 0 && renderUrls(WORDS.webSeeds, [details.webSeeds]),
        terminalCard(parts),
      ],
      [
        renderSwarm({ ...counts, completed: downloaded, size, month }),
        renderCard(
          WORDS.facts,
          renderFacts([...factsOf(parts), ...(category ? moreOf(parts) : [])]),
        ),
        renderFoldedQr(magnet, ''),
      ],
    )}`,
  )
}

/** The command that downloads a torrent. */
function terminalCard({ row, links }: TorrentPageParts): Html {
  const command = `aria2c ${inShell(links.magnet(row))}`
  return renderCard(WORDS.terminal, renderCopied('command', WORDS.commandLine, command))
}

function renderTags({ torrent, category }: SwarmRow): Html {
  return html`${category?.isArchive === true && html`<p class="note">Retired: kept in the archive.</p>`}
  ${torrent?.failure != null && html`<p class="note"><b>Not tracked:</b> ${torrent.failure}</p>`}
  ${torrent?.warning != null && html`<p class="note"><b>Note:</b> ${torrent.warning}</p>`}`
}

/**
 * The comment of a torrent, as Markdown unless it is very long. Nothing in it is markup of the
 * page.
 */
export async function formatComment(comment: string): Promise<Html> {
  const markdown = comment.length <= MAX_MARKDOWN ? await formatMarkdown(comment) : null
  return markdown ?? html`<pre>${lines(comment)}</pre>`
}

function factsOf({ row, details, links }: TorrentPageParts): (Fact | false)[] {
  const file = links.details(row)
  const summary = row.category && row.summary
  const names = placeNames(row.summary?.place ?? '')
  return [
    ...hashFacts(summary ?? { infoHash: row.infoHash, infoHashV2: null }),
    file !== null && [WORDS.file, html`<a href="${file}">/${names.join('/')}</a>`],
    summary?.private === true && ['Private', 'yes'],
    row.size !== null && [WORDS.size, counted(row.size, 'byte')],
    summary?.private === false && !details && [WORDS.files, formatNumber(summary.fileCount)],
    summary !== null && [WORDS.added, renderIfKnown(summary.addedMs)],
  ]
}

/** The facts that few people need. */
function moreOf({ row, details }: TorrentPageParts): (Fact | false | null)[] {
  const { infoHash = null, infoHashV2 = null } = row.summary ?? {}
  const isHybrid = infoHash !== null && infoHashV2 !== null
  return [
    ['Version', isHybrid ? '1 and 2 (hybrid)' : infoHash === null ? '2' : '1'],
    details && [
      'Pieces',
      `${formatNumber(details.pieceCount)} of ${formatBytes(details.pieceLength)} each`,
    ],
    details && ['Created', renderIfKnown(1000 * (details.creationDate ?? 0))],
    ...(details?.texts ?? []).map(([label, text]): Fact => [capitalized(label), text]),
  ]
}

function renderFiles(
  { files, fileCount, isDirectory }: CatalogueDetails,
  { filesPage, row, links }: TorrentPageParts,
): Html | false {
  if (!isDirectory) return false
  const shown = paged(files, filesPage, FILES)
  const address = (page: number) => `${links.page(row)}&files=${page}#files`
  const left = fileCount - files.length
  return html`<section class="card" aria-labelledby="files">
    <h2 id="files">${counted(fileCount, 'file')}</h2>
    ${renderFileTree(shown.items)} ${renderPages(shown, address, 'Pages of files')}
    ${left > 0 && html`<p class="muted">Not listed here: ${counted(left, 'more file')}.</p>`}
  </section>`
}

/** URLs as text, in groups that clients try in turn. */
function renderUrls(title: string, groups: readonly (readonly string[])[]): Html {
  const lists = groups.map((urls) => {
    return html`<ul class="urls">
      ${urls.map((url) => html`<li>${url}</li>`)}
    </ul>`
  })
  return renderCard(title, lists)
}

/**
 * The largest .torrent that is read for its page, in bytes, and the most files and bencoded values
 * that it may have.
 */
const MAX_SIZE = 16 * 1024 * 1024
const MAX_READ_FILES = 20_000
const MAX_VALUES = 300_000

/** The most files, trackers and web seeds of a torrent that are listed. */
const MAX_FILES = 10_000
const MAX_URLS = 100

/** The longest texts, in UTF-16 units. */
const MAX_COMMENT = 20_000
const MAX_TEXT = 1000

/** The most files of all details that are kept: some 10 MB. */
const MAX_KEPT_FILES = 50_000

/** After a read, the next waits this many times as long as it took. */
const REST = 4

/** The content of a .torrent, for its page. Texts and lists are cut to bounded lengths. */
export interface CatalogueDetails extends Pick<
  Metainfo,
  'pieceLength' | 'pieceCount' | 'creationDate' | 'isDirectory'
> {
  readonly comment: string | null
  /** The other texts beside `info`, with their labels. */
  readonly texts: readonly (readonly [label: string, text: string])[]
  /** In tiers. */
  readonly trackers: readonly (readonly string[])[]
  readonly webSeeds: readonly string[]
  /** The first files in the order of their paths. */
  readonly files: readonly ShownFile[]
  /** The number of all files. */
  readonly fileCount: number
}

/**
 * Reads what .torrent files say, one after the other and with pauses, so that pages of large
 * torrents do not keep announces waiting. A second view of a torrent of 10,000 files would wait for
 * 0.2 s, so what they say is kept.
 */
export class DetailsReader {
  readonly #kept = new LRUCache<string, { state: string; details: CatalogueDetails }>({
    maxSize: MAX_KEPT_FILES,
    sizeCalculation: ({ details }) => 100 + details.files.length,
  })
  #turn: Promise<unknown> = Promise.resolve()

  /**
   * The details of a torrent; null if its file is gone, holds another torrent now, or would take
   * too long to read.
   */
  async read(summary: KnownSummary): Promise<CatalogueDetails | null> {
    const { path, fileCount } = summary
    if (path === null || fileCount > MAX_READ_FILES) return null
    const reading = this.#turn.then(() => awaitOr(NONE_READ, this.#read(path, summary)))
    this.#turn = reading.then(
      ({ took }) => (took > 1 ? setTimeout(REST * took) : undefined),
      () => undefined,
    )
    return (await reading).details
  }

  async #read(path: string, hashes: Pick<KnownSummary, 'infoHash' | 'infoHashV2'>) {
    const kept = this.#kept.get(path)
    const file = await readRegular(path, MAX_SIZE, kept?.state ?? null)
    if (!file) return { details: kept?.details ?? null, took: 0 }
    const begun = performance.now()
    const details = detailsOf(file.bytes, hashes)
    if (details) this.#kept.set(path, { state: file.state, details })
    return { details, took: performance.now() - begun }
  }
}

const NONE_READ = { details: null, took: 0 }

function detailsOf(
  bytes: Uint8Array,
  { infoHash, infoHashV2 }: Pick<KnownSummary, 'infoHash' | 'infoHashV2'>,
): CatalogueDetails | null {
  const metainfo = parseMetainfo(bytes, { maxSize: MAX_SIZE, maxValues: MAX_VALUES })
  const isSame = metainfo.infoHash === infoHash && metainfo.infoHashV2 === infoHashV2
  // The file may have become one of a private torrent
  if (!isSame || metainfo.private) return null
  const { pieceLength, pieceCount, creationDate, isDirectory, comment } = metainfo
  const texts = labelledTexts(metainfo).filter(([label]) => label !== FIELDS.comment.label)
  const files = metainfo.files.filter(({ padding }) => !padding)
  return {
    pieceLength,
    pieceCount,
    creationDate,
    isDirectory,
    comment: comment === null ? null : clipText(comment, MAX_COMMENT),
    texts: texts.map(([label, text]) => [label, clipText(text, MAX_TEXT)] as const),
    trackers: tiersOf(metainfo),
    webSeeds: [...(metainfo.webSeeds ?? []), ...(metainfo.httpSeeds ?? [])]
      .slice(0, MAX_URLS)
      .map(shownUrl),
    files: byPath(files.map(({ path, length }) => ({ path: shownPath(path), length }))).slice(
      0,
      MAX_FILES,
    ),
    fileCount: files.length,
  }
}

/** A URL as strangers may see it, without the key of a user. */
function shownUrl(url: string): string {
  return clipText(hideSecrets(url), MAX_TEXT)
}

/** The trackers that clients use, the first tiers. */
function tiersOf(metainfo: Metainfo): string[][] {
  let room = MAX_URLS
  return trackerTiers(metainfo).flatMap((tier) => {
    const urls = tier.slice(0, room).map(shownUrl)
    room -= urls.length
    return urls.length === 0 ? [] : [urls]
  })
}

/** Sorts files as people expect, so that those of a directory are together. */
function byPath(files: readonly ShownFile[]): ShownFile[] {
  // No name has the character between components, which precedes all others
  const keyed = files.map((file) => ({ file, key: file.path.map(naturalKey).join('\0') }))
  return keyed.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ file }) => file)
}
