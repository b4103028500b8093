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
  /** URL of the files in the same process, or the path that leads there; null for none. */
  readonly filesUrl: string | null
}

/** The path that leads to the files if they are at the host of the request. */
export const FILES = '-/files'

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

/** Links from an error to what there is, as items of a list. */
export function siteLinks(site: Site, root: string): Html[] {
  return pagesOf(site).map(
    ({ path, title }) => html`<li><a href="${root}${path}">${title}</a></li>`,
  )
}

/** The head of a tracker's page; `root` is the way to the first page, such as `../`. */
export function siteHead(site: Site, root: string, current: SitePage | null): Html {
  const { name, filesUrl } = site
  const files = filesUrl === null ? [] : [{ path: filesUrl, title: 'Files', isCurrent: false }]
  const menu = pagesOf(site).map(({ page, path, title }) => {
    return { path, title, isCurrent: page === current }
  })
  return renderMasthead(root, { name, menu: [...files, ...menu], label: 'Pages' })
}
