import { encodeName } from '../../../base/percent.js'
import { type Page, renderCard, renderTop } from '../../../page-parts/layout.js'
import { renderCopied } from '../../../page-parts/item.js'
import { renderSearch } from '../../../page-parts/search.js'
import { orderFields, type Paged, renderPages } from '../../../page-parts/sorting.js'
import { WORDS } from '../../../page-parts/words.js'
import { inShell } from '../../../base/text/escape.js'
import { html, type Html } from '../../../base/text/html.js'
import { counted, formatBytes, formatNumber, formatTime } from '../../../base/text/quantity.js'
import type { History } from '../charts/history.js'
import { renderAllFigures } from './figures.js'
import { type CatalogueCategory, categoryAddress, rootFrom, stepsTo, titleOf } from './category.js'
import { listsOf, MAX_SEARCH, type Site, sitePage } from './site.js'
import type { Snapshot } from './snapshot.js'
import type { SwarmRow } from './swarm-row.js'
import type { TorrentLinks } from './torrent-links.js'
import { formatListQuery, type ListedRows, type ListQuery, renderList } from './torrent-list.js'

/** A list of torrents, and what its page shows around it. */
export interface ListPage {
  readonly site: Site
  /** The category that is listed; null for all torrents of a tracker without a catalogue. */
  readonly category: CatalogueCategory | null
  readonly query: ListQuery
  /** The categories in this one, beside the first torrents only. */
  readonly children: Paged<CatalogueCategory>
  readonly rows: ListedRows
  readonly hasNames: boolean
  readonly links: TorrentLinks
  /** The first announce URL for the client; null if it is not known. */
  readonly announce: string | null
  readonly snapshot: Snapshot
  readonly history: Pick<History, 'samples'>
}

/** Torrents of a list that is longer than a screen. */
const SCREEN = 12

/** The page of a list of torrents; the first one has the figures of all. */
export function listPage(parts: ListPage): Page {
  const { site, category, query, rows, announce, snapshot, history } = parts
  const root = category ? rootFrom(category) : ''
  // The list of all leads to the catalogue, whose figures these are
  const isOwn = category === null ? !site.hasCatalogue : !category.isArchive
  const isTop = isOwn && (category?.path.length ?? 0) === 0
  const isFront = isTop && query.search === '' && query.page === 1
  const isLong = rows.total > SCREEN || query.search !== ''
  const title = category
    ? titleOf(category)
    : site.hasCatalogue
      ? WORDS.allTorrents
      : WORDS.torrents
  const { torrents, size } = category ?? snapshot.totals
  const here = root + (category ? categoryAddress(category, '') : 'index.html')
  const all = html`with “${query.search}”, <a href="${here}">${WORDS.showAll}</a>`
  const found = `${counted(rows.total, 'torrent')} · ${formatBytes(rows.totals.size)}`
  return sitePage(
    {
      site,
      root,
      title,
      current: category === null ? 'list' : category.isArchive ? 'archive' : 'catalogue',
      search: isTop ? query.search : '',
      description: `${counted(torrents, 'torrent')}, ${formatBytes(size)}`,
      head: alternates(here, title, parts),
      footer: footerOf(parts, root, here),
    },
    html`${renderTop({
      title,
      above: category ? stepsTo(category.parent, root) : [],
      sub: isFront ? null : html`${found} ${query.search !== '' && all}`,
      acts: [
        isLong &&
          renderSearch({
            id: 'filter',
            action: here,
            name: 'q',
            value: query.search,
            most: MAX_SEARCH,
            placeholder: WORDS.filterTorrents,
            kept: orderFields(query, 'added'),
          }),
        isFront &&
          announce !== null &&
          torrents > 0 &&
          renderCopied('announce', WORDS.announceUrl, announce, WORDS.copyAnnounce),
      ],
    })}
    ${isFront && torrents > 0 && renderAllFigures(snapshot, history.samples())}
    ${chips(parts, root)} ${rows.total > 0 ? torrentsOf(parts, root) : nothing(parts)}
    ${snapshot.isCut && html`<p>There are more torrents than this page can list. The totals count all of them.</p>`}`,
  )
}

/** The same for programs. */
function alternates(here: string, title: string, { category, query }: ListPage): Html {
  const way = category ? here : here.replace('index.html', '')
  return html`${
      category &&
      html`<link
        rel="alternate"
        type="application/atom+xml"
        title="New in ${title}"
        href="${way}feed.xml"
      />`
    }
    <link
      rel="alternate"
      type="application/json"
      href="${way}index.json${formatListQuery(query)}"
    />`
}

function footerOf({ site, category, snapshot }: ListPage, root: string, here: string): Html {
  const { torrents, size, transferred } = snapshot.totals
  const lists = listsOf(site).filter(({ page }) => page === 'archive' && !category?.isArchive)
  const given = transferred > 0 && ` · ${formatBytes(transferred)} given`
  return html`${category && html`<a href="${here}feed.xml">Feed of new torrents</a>`}
    ${lists.map((each) => html`<a href="${root}${each.path}">${each.title}</a>`)}
    <span>${counted(torrents, 'torrent')} · ${formatBytes(size)}${given}</span>
    <span>${formatTime(snapshot.time).slice(11)} UTC</span>`
}

/** The categories to choose from. */
function chips({ category, children, query }: ListPage, root: string): Html | false {
  if (!category || children.total === 0) return false
  const address = (categories: number) => formatListQuery({ ...query, categories })
  const here = root + categoryAddress(category, '')
  return html`<nav class="chips" aria-label="Categories">
      <a href="${here}" aria-current="page">All<span>${formatNumber(category.torrents)}</span></a>
      ${children.items.map(({ path, torrents }) => {
        const name = path.at(-1) ?? ''
        return html`<a href="${here}${encodeName(name)}/"
          >${name}<span>${formatNumber(torrents)}</span></a
        >`
      })}
    </nav>
    ${renderPages(children, address, 'Pages of categories')}`
}

function torrentsOf({ category, query, rows, hasNames, links }: ListPage, root: string): Html {
  const place = ({ category: own }: SwarmRow) => {
    const path = own?.path.slice(category?.path.length ?? 0) ?? []
    if (!own || path.length === 0) return null
    return html`<a href="${categoryAddress(own, root)}">${path.join(' / ')}</a>`
  }
  return renderList(query, rows, {
    label: WORDS.torrents,
    hasNames,
    place,
    page: (row) => links.page(row),
    get: (row) => links.render(row),
  })
}

/** The words of a page without torrents. */
function nothing({ query, announce, snapshot }: ListPage): Html {
  if (query.search !== '') return html`<p>No torrent has all these words in its name.</p>`
  if (snapshot.totals.torrents > 0 || announce === null) return html`<p>No torrents are here.</p>`
  return renderCard(
    'Nobody announces yet',
    html`<p>This is the announce URL of the tracker. Put it into a torrent:</p>
      ${renderCopied('announce', WORDS.announceUrl, announce)}
      ${renderCopied('command', WORDS.commandLine, `btkit makemetafile FILE -a ${inShell(announce)}`)}
      <p class="muted">Then seed the torrent. Its peers are listed here.</p>`,
  )
}
