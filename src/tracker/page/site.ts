import { renderMasthead } from '../../server/views/layout.js'
import { html, type Html } from '../../text/html.js'

/** The pages that a tracker has. */
export interface Site {
  readonly hasCatalogue: boolean
  readonly hasArchive: boolean
  /** Whether the page of all torrents is here. */
  readonly hasList: boolean
  /** The name of the site. */
  readonly name: string
  /** The mirror in the same process; null for none. */
  readonly mirror: MirrorPlace | null
}

/** A mirror in the same process. */
export interface MirrorPlace {
  /** URL of its root, or how the announce URL of a client leads to it. */
  readonly url: string | ((address: string) => string)
  /** Whether it has pages of its files. */
  readonly hasFiles: boolean
}

/** URL of the mirror's root if that is at the host of these announce URLs; null otherwise. */
export function mirrorAt(mirror: MirrorPlace | null, announceUrls: readonly string[]) {
  const [address] = announceUrls
  return typeof mirror?.url === 'function' && address !== undefined ? mirror.url(address) : null
}

/** The mirror's pages in the menu: paths here that lead there, and paths there. */
export const MIRROR_PAGES = [
  { page: 'files', path: '-/files', there: './', title: 'Files' },
  { page: 'status', path: '-/status', there: './-/status', title: 'Status' },
] as const

/** A page of the menu. */
type SitePage = 'catalogue' | 'archive' | 'list' | 'activity'

const MENU = [
  { page: 'catalogue', path: 'catalogue/', title: 'Catalogue' },
  { page: 'archive', path: 'archive/', title: 'Archive' },
  { page: 'list', path: 'index.html', title: 'All torrents' },
  { page: 'activity', path: 'activity', title: 'Activity' },
] as const

/** The pages of the menu that a tracker has. */
function pagesOf({ hasCatalogue, hasArchive, hasList }: Site) {
  const has = {
    ...{ catalogue: hasCatalogue, archive: hasCatalogue && hasArchive },
    ...{ list: hasList, activity: true },
  }
  return MENU.filter(({ page }) => has[page])
}

/** Links from an error to the tracker's pages, as items of a list. */
export function siteLinks(site: Site, root: string): Html[] {
  return pagesOf(site).map(
    ({ path, title }) => html`<li><a href="${root}${path}">${title}</a></li>`,
  )
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

/** The head of a tracker's page; `root` is the way to the first page, such as `../`. */
export function siteHead(site: Site, root: string, current: SitePage | null): Html {
  const own = pagesOf(site).map(({ page, path, title }) => {
    return { path, title, isCurrent: page === current }
  })
  const menu = [...mirrorLinks(site, 'files'), ...own, ...mirrorLinks(site, 'status')]
  return renderMasthead(root, { name: site.name, menu, label: 'Pages' })
}
