import { renderPage } from '../../server/pages/layout.js'
import { paged, renderPages } from '../../server/pages/sorting.js'
import { type Html, type HtmlValue, html, lines } from '../../text/html.js'
import { count, formatBytes } from '../../text/quantity.js'
import type { CatalogueEntry } from './catalogue-index.js'
import { openGraph } from './category-page.js'
import { CATALOGUE_STYLE, renderDay, renderPath } from './category.js'
import type { ListedFile, TorrentDetails } from './torrent-details.js'
import { type Site, siteHead } from '../page/site.js'
import { type SwarmRow, type TorrentLinks, transferredOf } from '../page/torrent-rows.js'

/** Files on a page. */
const FILES = 200

interface TorrentPageParts {
  readonly site: Site
  readonly row: SwarmRow
  /** Its place in the catalogue; null if it has none. */
  readonly entry: CatalogueEntry | null
  /** Null if they are unknown or must not be shown. */
  readonly details: TorrentDetails | null
  /** The page of its files, from 1. */
  readonly filesPage: number
  readonly links: TorrentLinks
}

/** The page of one torrent. */
export function renderTorrentPage(parts: TorrentPageParts): string {
  const { site, row, entry, details, links } = parts
  const title = row.name ?? row.infoHash
  const page = entry === null ? 'list' : entry.category.isArchive ? 'archive' : 'catalogue'
  const swarm = `${count(row.complete, 'seed')}, ${count(row.downloading, 'leecher')}`
  const size = row.size === null ? '' : `${formatBytes(row.size)}, `
  return renderPage(
    {
      title: `${title} - btkit`,
      style: CATALOGUE_STYLE,
      head: openGraph(title, size + swarm),
      header: html`${siteHead(site, '', page)} ${entry && renderPath(entry.category, '', title)}`,
      footer: html`Times are in UTC.
        <a href="torrent.json?info_hash=${row.infoHash}">The same as JSON</a>`,
    },
    html`<h1>${title}</h1>
      ${renderTags(row, entry)} ${renderGet(row, links)} ${renderFigures(row)}
      ${details !== null && details.comment !== null && renderComment(details.comment)}
      ${renderFacts(row, entry, details)} ${details && renderFiles(details, parts)}
      ${details && renderSources(details)}`,
  )
}

function renderTags({ torrent }: SwarmRow, entry: CatalogueEntry | null): Html {
  return html`${entry?.category.isArchive === true && html`<p class="note">Retired: kept in the archive.</p>`}
  ${torrent?.failure != null && html`<p class="note"><b>Not tracked:</b> ${torrent.failure}</p>`}
  ${torrent?.warning != null && html`<p class="note"><b>Note:</b> ${torrent.warning}</p>`}`
}

function renderGet(row: SwarmRow, links: TorrentLinks): Html {
  const file = links.file(row)
  return html`<p class="actions">
    <a class="button" href="${links.magnet(row)}">Open magnet link</a>
    ${file && html`<a class="button" href="${file}">Download .torrent</a>`}
  </p>`
}

/** The figures of the moment. */
function renderFigures(row: SwarmRow): Html {
  const transferred = transferredOf(row)
  const figure = (name: string, value: HtmlValue, style = '') => {
    return html`<div class="${style}">
      <dt>${name}</dt>
      <dd>${value}</dd>
    </div>`
  }
  return html`<dl class="figures">
    ${row.size !== null && figure('size', formatBytes(row.size))}
    ${figure('seeds', row.complete, 'complete')}
    ${figure('leechers', row.downloading, 'downloading')} ${figure('completed', row.downloaded)}
    ${transferred !== null && figure('transferred', formatBytes(transferred))}
  </dl>`
}

/** The comment as text: nothing in it is a link or markup. */
function renderComment(comment: string): Html {
  return html`<section aria-labelledby="description">
    <h2 id="description">Description</h2>
    <pre>${lines(comment)}</pre>
  </section>`
}

function renderFacts(
  row: SwarmRow,
  entry: CatalogueEntry | null,
  details: TorrentDetails | null,
): Html {
  const { infoHash, infoHashV2 } = entry?.summary ?? { infoHash: row.infoHash, infoHashV2: null }
  const isHybrid = infoHash !== null && infoHashV2 !== null
  const version = isHybrid ? '1 and 2 (hybrid)' : infoHash === null ? '2' : '1'
  const fact = (name: string, value: HtmlValue) =>
    value !== null &&
    value !== false &&
    html`<dt>${name}</dt>
      <dd>${value}</dd>`
  const hash = (name: string, value: string | null) => fact(name, value && renderHash(value, name))
  return html`<dl class="facts">
    ${hash(isHybrid ? 'info hash, version 1' : 'info hash', infoHash)}
    ${hash(isHybrid ? 'info hash, version 2' : 'info hash', infoHashV2)}
    ${entry && fact('version', version)} ${entry && fact('private', entry.summary.private && 'yes')}
    ${row.size !== null && fact('size', `${formatBytes(row.size)} (${row.size} bytes)`)}
    ${entry && !entry.summary.private && !details && fact('files', entry.summary.fileCount)}
    ${details && fact('pieces', `${details.pieceCount} of ${formatBytes(details.pieceLength)}`)}
    ${entry && fact('added', renderDay(entry.summary.addedMs))}
    ${details && fact('created', renderDay(1000 * (details.creationDate ?? 0)))}
    ${details && fact('created by', details.createdBy)}
  </dl>`
}

/** An info hash in one line, which scrolls if it is wider than its place. */
function renderHash(hash: string, name: string): Html {
  return html`<code class="hash" tabindex="0" role="group" aria-label="${name}">${hash}</code>`
}

function renderFiles(
  { files, fileCount, isDirectory }: TorrentDetails,
  { filesPage, row, links }: TorrentPageParts,
): Html | false {
  if (!isDirectory) return false
  const shown = paged(files, filesPage, FILES)
  const address = (page: number) => `${links.page(row)}&files=${page}#files`
  const left = fileCount - files.length
  return html`<section aria-labelledby="files">
    <h2 id="files">${count(fileCount, 'file')}</h2>
    ${renderFileTree(shown.items)} ${renderPages(shown, address, 'Pages of files')}
    ${left > 0 && html`<p class="muted">${left} more files are not listed here.</p>`}
  </section>`
}

function renderSources({ trackers, webSeeds }: TorrentDetails): Html {
  return html`${trackers.length > 0 && renderUrls('Trackers', trackers)}
  ${webSeeds.length > 0 && renderUrls('Web seeds', [webSeeds])}`
}

/** URLs as text, in groups that clients try in turn. */
function renderUrls(title: string, groups: readonly (readonly string[])[]): Html {
  const id = title.toLowerCase().replace(' ', '-')
  return html`<section aria-labelledby="${id}">
    <h2 id="${id}">${title}</h2>
    ${groups.map((urls) => {
      return html`<ul class="urls">
        ${urls.map((url) => html`<li>${url}</li>`)}
      </ul>`
    })}
  </section>`
}

/** The files of a directory on the page, and what is below it. */
interface Branch {
  readonly name: string
  readonly branches: Map<string, Branch>
  readonly files: ListedFile[]
  size: number
}

/** Files as a tree of directories, which can be opened and closed. The sizes are of these files. */
function renderFileTree(files: readonly ListedFile[]): Html {
  const top = branch('')
  for (const file of files) {
    let at = top
    for (const name of file.path.slice(0, -1)) {
      const next = at.branches.get(name) ?? branch(name)
      at.branches.set(name, next)
      next.size += file.length
      at = next
    }
    at.files.push(file)
  }
  return html`<div class="tree">${renderBranch(top)}</div>`
}

function branch(name: string): Branch {
  return { name, branches: new Map(), files: [], size: 0 }
}

function renderBranch({ branches, files }: Branch): Html {
  return html`<ul>
    ${[...branches.values()].map((each) => {
      return html`<li>
        <details open>
          <summary>
            <span>${each.name}/</span> <data value="${each.size}">${formatBytes(each.size)}</data>
          </summary>
          ${renderBranch(each)}
        </details>
      </li>`
    })}
    ${files.map(({ path, length }) => {
      return html`<li>
        <span>${path.at(-1) ?? ''}</span> <data value="${length}">${formatBytes(length)}</data>
      </li>`
    })}
  </ul>`
}
