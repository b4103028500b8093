import {
  type Page,
  type PageFrame,
  type PageSite,
  renderMasthead,
  renderPage,
  type Step,
} from '../../page-parts/layout.js'
import { PAGE_SCRIPT } from '../../page-parts/page-script.js'
import { MOST_SEARCHED } from '../../page-parts/results.js'
import { renderSearch } from '../../page-parts/search.js'
import { WORDS } from '../../page-parts/words.js'
import { html, type Html, type HtmlValue } from '../../base/text/html.js'
import { directoryAddress } from '../../metainfo/trackers.js'
import type { InfoHash } from '../../metainfo/values.js'
import type { ServiceOptions } from '../options.js'

/** The options that decide what the header of all pages leads to. */
export type HeaderOptions = Pick<
  ServiceOptions,
  'files' | 'listings' | 'warm' | 'ownTracker' | 'publicUrl' | 'siteName' | 'look'
>

/** Whether directories have pages. */
export function hasListings({ files, listings }: Pick<HeaderOptions, 'files' | 'listings'>) {
  return files && listings
}

/** The path of the icon for the browser's tab, from the root. */
export const ICON_PATH = '-/icon.svg'

/** The address of the search of the whole mirror. */
export const SEARCH = '/-/search'

/** The address that leads to the tracker's pages if they are at the host of the request. */
export const TORRENTS = '/-/torrents'

/** The list of torrents below the tracker's first page. */
export const TRACKER_LIST = 'catalogue/'

/** The site that all pages are part of. */
export function siteOf(options: Pick<HeaderOptions, 'siteName' | 'publicUrl' | 'look'>): PageSite {
  const { siteName, publicUrl, look } = options
  const host = publicUrl === null ? 'btkit mirror' : new URL(publicUrl).host
  return { ...look, name: siteName ?? host }
}

/** The address of the tracker's page of a torrent, from `root`; null if there is none. */
export function torrentPage(
  { ownTracker }: Pick<HeaderOptions, 'ownTracker'>,
  infoHash: InfoHash,
  root: string,
): string | null {
  const query = `?info_hash=${infoHash}`
  if (ownTracker?.announceAt) return `${root}.${TORRENTS}${query}`
  return ownTracker?.page ? `${ownTracker.page}torrent${query}` : null
}

/** The list of the tracker in the menu, if it is there. */
function trackerPages({ ownTracker }: Pick<HeaderOptions, 'ownTracker'>) {
  const { announceAt = null, page = null } = ownTracker ?? {}
  if (!announceAt && page === null) return []
  const path = announceAt ? `.${TORRENTS}` : `${page ?? ''}${TRACKER_LIST}`
  return [{ title: WORDS.torrents, path, isCurrent: false }]
}

/** The place of a page on the site. */
export interface SitePlace {
  /** The way to the root of the mirror, such as `../`. */
  readonly root: string
  /** The page that the header marks (default: files), and what was searched. */
  readonly current?: CurrentPage
}

type CurrentPage = 'status' | { readonly folder?: readonly string[]; readonly searched?: string }

/** Answers with a page of the mirror. */
export function mirrorPage(
  options: HeaderOptions,
  frame: SitePlace & PageFrame,
  ...content: readonly HtmlValue[]
): Page {
  return renderPage({ script: PAGE_SCRIPT, ...frame, ...siteFrame(options, frame) }, ...content)
}

/** The parts around the content of all pages of the mirror. */
export function siteFrame(options: HeaderOptions, { root, current }: SitePlace) {
  const header = renderSiteHeader(options, root, current)
  return { site: siteOf(options), icon: root + ICON_PATH, header }
}

/** The header of all pages: files, the tracker's pages and the status, as far as they are there. */
function renderSiteHeader(
  options: HeaderOptions,
  root: string,
  current: CurrentPage | undefined,
): Html {
  const { folder = null, searched = '' } = current === 'status' ? {} : (current ?? {})
  const page = (title: string, path: string, isCurrent: boolean) => ({ title, path, isCurrent })
  const menu = [
    ...(hasListings(options) ? [page(WORDS.files, './', current !== 'status')] : []),
    ...trackerPages(options),
    page(WORDS.status, './-/status', current === 'status'),
  ]
  const end =
    hasListings(options) &&
    renderSearch({
      id: 'search',
      action: `${root}.${SEARCH}`,
      name: 'q',
      value: searched,
      most: MOST_SEARCHED,
      // The page of results leads back to the folder
      kept:
        folder && html`<input type="hidden" name="in" value="${directoryAddress('', folder)}" />`,
      placeholder: options.ownTracker ? WORDS.filesAndTorrents : WORDS.searchMirror,
    })
  return renderMasthead(root, { ...siteOf(options), menu, label: 'Site', end })
}

/** The name of the root. */
export const INDEX = 'Index'

/**
 * The directories above a directory or file; `root` is the way from the page to the root of the
 * mirror.
 */
export function stepsAbove(components: readonly string[], root: string): Step[] {
  return [INDEX, ...components].slice(0, components.length).map((title, i) => {
    return { address: directoryAddress(`${root}.`, components.slice(0, i)), title }
  })
}

/** The way from the page of a directory to the root of the mirror, such as `../`. */
export function wayUp(directory: readonly string[]): string {
  return '../'.repeat(directory.length)
}
