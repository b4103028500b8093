import * as texts from '../../../browser/texts.js'
import {
  type Page,
  type PageFrame,
  type PageSite,
  renderMasthead,
  renderPage,
} from '../../../page-parts/layout.js'
import { PAGE_SCRIPT } from '../../../page-parts/page-script.js'
import { InlineStyle } from '../../../page-parts/policy.js'
import { type FilesWanted, type FileResults, MOST_SEARCHED } from '../../../page-parts/results.js'
import { renderSearch } from '../../../page-parts/search.js'
import { WORDS } from '../../../page-parts/words.js'
import { html, type Html } from '../../../base/text/html.js'

/** The pages that a tracker has. */
export interface Site extends PageSite {
  readonly hasCatalogue: boolean
  readonly hasArchive: boolean
  /** Whether the page of all torrents is here. */
  readonly hasList: boolean
  /** The mirror in the same process; null for none. */
  readonly mirror: MirrorPlace | null
}

/** A mirror in the same process. */
export interface MirrorPlace {
  /**
   * URL of its root, or how the announce URL of a client leads to it, null if the client cannot
   * reach it.
   */
  readonly url: string | ((address: string) => string | null)
  /** Whether it has pages of its files. */
  readonly hasFiles: boolean
  /** The search of its files once it runs; null before, and if it has no pages of them. */
  readonly search: { files: ((wanted: FilesWanted) => Promise<FileResults>) | null }
}

/** URL of the mirror's root if that is at the host of these announce URLs; null otherwise. */
export function mirrorAt(mirror: MirrorPlace | null, announceUrls: readonly string[]) {
  const [address] = announceUrls
  return typeof mirror?.url === 'function' && address !== undefined ? mirror.url(address) : null
}

/** URL of the mirror's root for a client with these announce URLs; null if it cannot reach it. */
export function mirrorRoot(mirror: MirrorPlace | null, announceUrls: readonly string[]) {
  return typeof mirror?.url === 'string' ? mirror.url : mirrorAt(mirror, announceUrls)
}

/** The mirror's pages in the menu: paths here that lead there, and paths there. */
export const MIRROR_PAGES = [
  { page: 'files', path: '-/files', there: './', title: WORDS.files },
  { page: 'status', path: '-/status', there: './-/status', title: WORDS.status },
] as const

/** The beginning of the addresses of the views of files there. */
export const MIRROR_VIEWS = './-/view'

/** The path of the search of files and torrents. */
export const SEARCH = '-/search'

/** The longest search of a list in UTF-16 units. */
export const MAX_SEARCH = 100

/** The lists of torrents, of which the first one is in the menu. */
const LISTS = [
  { page: 'catalogue', path: 'catalogue/', title: WORDS.catalogue },
  { page: 'archive', path: 'archive/', title: WORDS.archive },
  { page: 'list', path: 'index.html', title: WORDS.allTorrents },
] as const

type ListPage = (typeof LISTS)[number]['page']

/** A page that the menu or a list of torrents leads to. */
type SitePlace = ListPage | 'activity'

const ACTIVITY = { page: 'activity', path: 'activity', title: WORDS.activity } as const

/**
 * The lists that pages lead to. With a catalogue, programs that read bttrack's list know its
 * address.
 */
function listsOf({ hasCatalogue, hasArchive, hasList }: Site) {
  const has = {
    catalogue: hasCatalogue,
    archive: hasCatalogue && hasArchive,
    list: hasList && !hasCatalogue,
  }
  return LISTS.filter(({ page }) => has[page])
}

/** Links from an error to the tracker's pages, as items of a list. */
export function siteLinks(site: Site, root: string): Html[] {
  return [...listsOf(site), ACTIVITY].map(
    ({ path, title }) => html`<li><a href="${root}${path}">${title}</a></li>`,
  )
}

/** The title of a list, and the ways to the others. */
export function listTitle(site: Site, root: string, current: ListPage): Html {
  const others = listsOf(site).filter(({ page }) => page !== current)
  const title = html`<h1>${LISTS.find(({ page }) => page === current)?.title ?? ''}</h1>`
  if (others.length === 0) return title
  return html`<div class="title">
    ${title}
    <nav aria-label="Lists">
      ${others.map((each) => html`<a href="${root}${each.path}">${each.title}</a>`)}
    </nav>
  </div>`
}

/** The links to the mirror's pages. If their host is that of the request, paths here lead there. */
function mirrorLinks({ mirror }: Site, wanted: 'files' | 'status') {
  if (!mirror || (wanted === 'files' && !mirror.hasFiles)) return []
  const pages = MIRROR_PAGES.filter(({ page }) => page === wanted)
  return pages.map(({ path, there, title }) => {
    const address = typeof mirror.url === 'string' ? new URL(there, mirror.url).href : path
    return { path: address, title, isCurrent: false }
  })
}

/** The search of all pages: of files and torrents, or else of the first list. */
function searchOf({ mirror, hasCatalogue, hasList }: Site) {
  if (mirror?.search.files)
    return { path: SEARCH, most: MOST_SEARCHED, placeholder: WORDS.filesAndTorrents }
  const list = { most: MAX_SEARCH, placeholder: WORDS.nameOrHash }
  if (hasCatalogue) return { path: 'catalogue/', ...list }
  return hasList ? { path: 'index.html', ...list } : null
}

/** The address of a search of all from a page; null if there is none. */
export function searchAddress(site: Site, root: string, text: string): string | null {
  const path = searchOf(site)?.path
  return path === undefined ? null : `${root}${path}?${new URLSearchParams({ q: text }).toString()}`
}

/** Whether the search of all pages is that of a list. */
export function hasOwnSearch(site: Site, list: SitePlace): boolean {
  return searchOf(site)?.path === LISTS.find(({ page }) => page === list)?.path
}

/** The place of a page on the site. */
interface PagePlace {
  /** The way to the first page, such as `../` (default: it is beside it). */
  readonly root?: string
  /** The page of the menu that it is or belongs to; null for none. */
  readonly current?: SitePlace | null
  /** The search whose results it shows. */
  readonly search?: string
  /** Hidden fields for the search of this list, such as its order. */
  readonly kept?: Html
  /** The search of this list in place of that of all pages. */
  readonly ownSearch?: OwnSearch | false
}

/** The search of one list: its words in the empty field, and its address from the page. */
interface OwnSearch {
  readonly placeholder: string
  readonly action: string
}

/** The style of the tracker's pages. */
const STYLE = new InlineStyle(texts.TRACKER_STYLE)

/** Answers with a page of the tracker. */
export function sitePage(
  { site, ...frame }: PagePlace & PageFrame & { readonly site: Site },
  content: Html,
): Page {
  const own = { style: STYLE, script: PAGE_SCRIPT, headers: CACHED }
  return renderPage({ ...own, ...frame, ...siteFrame(site, frame) }, content)
}

const CACHED = { 'Cache-Control': 'max-age=10' }

/** The parts around the content of all pages of the tracker. */
export function siteFrame(site: Site, place: PagePlace) {
  return { site, icon: `${place.root ?? ''}favicon.ico`, header: siteHead(site, place) }
}

/** The head of a tracker's page, which has the menu of the mirror in the same process. */
function siteHead(
  site: Site,
  { root = '', current = null, search: searched = '', kept, ownSearch }: PagePlace,
): Html {
  const [first] = listsOf(site)
  const isList = LISTS.some(({ page }) => page === current)
  const files = mirrorLinks(site, 'files')
  const menu = [
    ...files,
    ...(first ? [{ path: first.path, title: WORDS.torrents, isCurrent: isList }] : []),
    { path: ACTIVITY.path, title: ACTIVITY.title, isCurrent: current === ACTIVITY.page },
    ...mirrorLinks(site, 'status'),
  ]
  const [home] = files
  const ofAll = searchOf(site)
  const isOwn = ownSearch || (current && hasOwnSearch(site, current))
  const search = ownSearch
    ? { ...ownSearch, most: MAX_SEARCH }
    : ofAll && { ...ofAll, action: root + ofAll.path }
  const end =
    search &&
    renderSearch({ id: 'search', name: 'q', value: searched, ...search, ...(isOwn && { kept }) })
  return renderMasthead(root, {
    name: site.name,
    menu,
    label: 'Site',
    end,
    ...(home && { home: home.path }),
  })
}
