import type { ServerContext } from '../../server/context.js'
import type { TorrentList } from '../allowed/torrent-list.js'
import { Catalogue } from '../catalogue/catalogue.js'
import type { History } from '../history.js'
import type { PageAnswer } from '../page/page-answer.js'
import { Pages, type PageRequest } from '../page/pages.js'
import { RenderQueue } from '../page/render-queue.js'
import type { SwarmStore } from '../swarms/swarm-store.js'
import type { AnsweringSettings } from './settings.js'

export interface OpenPagesParts extends Pick<ServerContext, 'now' | 'monotonic'> {
  readonly settings: Pick<AnsweringSettings, 'page' | 'version'> & {
    readonly allowed: Pick<AnsweringSettings['allowed'], 'directories' | 'archives' | 'isFed'>
  }
  readonly store: Pick<SwarmStore, 'list' | 'scrape'>
  readonly torrents: TorrentList
  /** The counts of the past, for charts. */
  readonly history: Pick<History, 'samples'>
}

/** Opens the pages for people. The returned function answers null for a path that is none. */
export function openPages(
  parts: OpenPagesParts,
): (request: PageRequest) => Promise<PageAnswer | null> {
  const { page: options, version, allowed } = parts.settings
  const { directories, archives, isFed } = allowed
  const site = {
    hasCatalogue:
      options.catalogue !== 'off' && options.showNames && (directories.length > 0 || isFed),
    hasArchive: archives.length > 0,
    hasList: options.redirect === null,
  }
  const roots = [
    ...directories.map((path) => ({ path, isArchive: false })),
    ...archives.map((path) => ({ path, isArchive: true })),
  ]
  const common = { ...parts, options, site, queue: new RenderQueue() }
  const catalogue = new Catalogue({ ...common, roots })
  const pages = new Pages({ ...common, version })
  return async (request) => (await catalogue.answer(request)) ?? (await pages.answer(request))
}
