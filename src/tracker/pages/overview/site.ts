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
import type { Html } from '../../../base/text/html.js'

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

/** A list of torrents, of which the first that is there is in the menu. */
const LISTS = [
  { page: 'catalogue', path: 'catalogue/', title: WORDS.torrents },
  { page: 'archive', path: 'archive/', title: WORDS.archive },
  { page: 'list', path: 'index.html', title: WORDS.torrents },
] as const

type ListPage = (typeof LISTS)[number]['page']

/** The lists that pages lead to. */
export function listsOf({ hasCatalogue, hasArchive, hasList }: Site) {
  const has = {
    catalogue: hasCatalogue,
    archive: hasCatalogue && hasArchive,
    list: hasList && !hasCatalogue,
  }
  return LISTS.filter(({ page }) => has[page])
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

/** The place of a page on the site. */
interface PagePlace {
  /** The way to the first page, such as `../` (default: it is beside it). */
  readonly root?: string
  /** The list that it is or belongs to; null for none. */
  readonly current?: ListPage | null
  /** The search whose results it shows. */
  readonly search?: string
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
function siteHead(site: Site, { root = '', current = null, search = '' }: PagePlace): Html {
  const [first] = listsOf(site)
  const files = mirrorLinks(site, 'files')
  const isList = LISTS.some(({ page }) => page === current)
  const menu = [
    ...files,
    ...(first ? [{ path: first.path, title: WORDS.torrents, isCurrent: isList }] : []),
    ...mirrorLinks(site, 'status'),
  ]
  const [home] = files
  const ofAll = searchOf(site)
  const field = { id: 'search', name: 'q', value: search }
  return renderMasthead(root, {
    ...site,
    menu,
    label: 'Site',
    end: ofAll && renderSearch({ ...field, ...ofAll, action: root + ofAll.path }),
    ...(home && { home: home.path }),
  })
}
