import { html, type Html } from '../../base/text/html.js'
import { listsOf, mirrorRoot, type Site, siteFrame } from './overview/site.js'
import type { SiteLook } from '../../page-parts/layout.js'
import { clipText, escapeText } from '../../base/text/escape.js'
import { errorPage } from '../../page-parts/error-page.js'
import { QR_PATH, qrAnswer } from '../../page-parts/qr-code.js'
import { type Answer, robotsAnswer } from '../../server/headers/answer.js'
import { errorFor, Refusal } from '../../server/headers/refusal.js'
import type { SearchResults, TorrentsWanted } from '../../page-parts/results.js'
import type { AllowedSettings } from '../allowed/access-lists.js'
import { Catalogue } from './catalogue/catalogue.js'
import { nowhere, type PageRequest, PageTurns, type SiteRequest } from './overview/page-answer.js'
import { type PageOptions, Pages, type PageSources } from './overview/pages.js'
import { FreshSnapshot } from './overview/snapshot.js'

/** The pages for people. */
export interface TrackerPages {
  /** @throws what is no Refusal */
  readonly answer: (request: PageRequest) => Promise<Answer>
  /** Finds torrents for the page of a search that is not the tracker's. */
  readonly search: (wanted: TorrentsWanted) => Promise<SearchResults>
}

/** Opens the pages for people. */
export function openPages(
  parts: Pick<PageSources, 'store' | 'torrents' | 'history' | 'now' | 'monotonic'> & {
    readonly settings: {
      readonly look: SiteLook
      readonly page: PageOptions
      readonly allowed: Pick<AllowedSettings, 'directories' | 'archives' | 'isFed'>
    }
  },
): TrackerPages {
  const { page: options, allowed, look } = parts.settings
  const { directories, archives, isFed } = allowed
  const site = {
    hasCatalogue:
      options.catalogue !== 'off' && options.showNames && (directories.length > 0 || isFed),
    hasArchive: archives.length > 0,
    hasList: options.redirect === null,
    name: options.siteName ?? 'btkit',
    ...look,
    mirror: options.mirror,
  }
  const roots = [
    ...directories.map((path) => ({ path, isArchive: false })),
    ...archives.map((path) => ({ path, isArchive: true })),
  ]
  const { showNames } = options
  const source = { ...parts, showNames, roots: site.hasCatalogue ? roots : null }
  const snapshots = new FreshSnapshot(source, parts)
  const sources = { ...parts, options, site, snapshots, turns: new PageTurns() }
  const catalogue = new Catalogue(sources)
  const pages = new Pages(sources)
  const answerAt = async (request: SiteRequest) => {
    const { path, raw } = request
    if (path === `/${QR_PATH}`)
      return sources.turns.run(request.client, () => qrAnswer(raw.url ?? ''))
    // Crawlers come from the mirror for its files: lists have any number of orders and pages
    if (path === '/robots.txt' && isFed) return robotsAnswer('/')
    // A page without the torrents that are still read would be wrong
    await parts.torrents.started()
    const answer = (await catalogue.answer(request)) ?? (await pages.answer(request))
    if (answer) return answer
    throw nowhere()
  }
  const answer = async (given: PageRequest) => {
    // The pages that a client with these announce URLs can reach
    const mirror = mirrorRoot(site.mirror, given.announceUrls) === null ? null : site.mirror
    const request = { ...given, site: { ...site, mirror } }
    try {
      return await answerAt(request)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      return errorFor(
        given.raw,
        error,
        options.showInfoPage ? (line) => asPage(line, request) : null,
      )
    }
  }
  return { answer, search: (wanted) => catalogue.search(wanted) }
}

/** Links from an error to the lists. */
function linksFrom(site: Site, root: string): Html[] {
  return listsOf(site).map(({ path, title }) => html`<a href="${root}${path}">${title}</a>`)
}

/** An error as a page with ways to the others. */
function asPage({ status, body }: Answer, { path, site }: SiteRequest): Answer {
  const root = '../'.repeat(Math.max(0, path.split('/').length - 2))
  const place = status === 404 ? `${clipText(escapeText(path), 200)}: ` : ''
  return errorPage(
    { body: place + String(body) },
    { ...siteFrame(site, { root }), links: linksFrom(site, root) },
  )
}
