import { mirrorRoot } from './overview/site.js'
import type { SiteLook } from '../../page-parts/layout.js'
import { withStyle } from '../../page-parts/policy.js'
import type { SearchResults, TorrentsWanted } from '../../page-parts/results.js'
import type { AllowedSettings } from '../allowed/access-lists.js'
import { Catalogue } from './catalogue/catalogue.js'
import {
  answerUnknown,
  type PageAnswer,
  type PageRequest,
  PageTurns,
  qrAnswer,
} from './overview/page-answer.js'
import { type PageOptions, Pages, type PageSources } from './overview/pages.js'
import { FreshSnapshot } from './overview/snapshot.js'

/** The pages for people. */
export interface TrackerPages {
  readonly answer: (request: PageRequest) => Promise<PageAnswer>
  /** Finds torrents for the page of a search that is not the tracker's. */
  readonly search: (wanted: TorrentsWanted) => Promise<SearchResults>
}

/** Opens the pages for people. */
export function openPages(
  parts: Pick<PageSources, 'store' | 'torrents' | 'history' | 'now' | 'monotonic'> & {
    readonly settings: {
      readonly version: string
      readonly look: SiteLook
      readonly page: PageOptions
      readonly allowed: Pick<AllowedSettings, 'directories' | 'archives' | 'isFed'>
    }
  },
): TrackerPages {
  const { page: options, version, allowed, look } = parts.settings
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
  const sources = { ...parts, options, version, site, snapshots, turns: new PageTurns() }
  const catalogue = new Catalogue(sources)
  const pages = new Pages(sources)
  const answer = async (given: PageRequest) => {
    const code = qrAnswer(given, sources.turns)
    if (code) return code
    // A page without the torrents that are still read would be wrong
    await parts.torrents.started()
    // The pages that a client with these announce URLs can reach
    const mirror = mirrorRoot(site.mirror, given.announceUrls) === null ? null : site.mirror
    const request = { ...given, site: { ...site, mirror } }
    const found = (await catalogue.answer(request)) ?? (await pages.answer(request))
    const page = found?.status === 404 ? null : found
    const answered = page ?? answerUnknown(options.showInfoPage, request)
    return { ...answered, headers: withStyle(answered.headers, look) }
  }
  return { answer, search: (wanted) => catalogue.search(wanted) }
}
