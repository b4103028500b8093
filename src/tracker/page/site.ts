import { renderMasthead } from '../../server/pages/layout.js'
import type { Html } from '../../text/html.js'

/** The pages that a tracker has. */
export interface Site {
  readonly hasCatalogue: boolean
  readonly hasArchive: boolean
  /** Whether the page of all torrents is here. */
  readonly hasList: boolean
}

/** A page of the menu. */
type SitePage = 'catalogue' | 'archive' | 'list' | 'activity'

const MENU = [
  { page: 'catalogue', path: 'catalogue/', title: 'Catalogue' },
  { page: 'archive', path: 'archive/', title: 'Archive' },
  { page: 'list', path: 'index.html', title: 'All torrents' },
  { page: 'activity', path: 'activity', title: 'Activity' },
] as const

/** The head of a tracker's page; `root` is the way to the first page, such as `../`. */
export function siteHead(
  { hasCatalogue, hasArchive, hasList }: Site,
  root: string,
  current: SitePage | null,
): Html {
  const has = {
    ...{ catalogue: hasCatalogue, archive: hasCatalogue && hasArchive },
    ...{ list: hasList, activity: true },
  }
  const menu = MENU.filter(({ page }) => has[page]).map(({ page, path, title }) => {
    return { path, title, isCurrent: page === current }
  })
  return renderMasthead(root, { name: 'btkit', menu, label: 'Pages' })
}
