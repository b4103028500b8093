import { renderMasthead } from '../../server/pages/layout.js'
import type { Html } from '../../text/html.js'
import type { ServiceOptions } from '../options.js'

/** The options that decide what the header of all pages leads to. */
export type HeaderOptions = Pick<
  ServiceOptions,
  'files' | 'listings' | 'warm' | 'tracker' | 'publicUrl'
>

/** Whether directories have pages. */
export function hasListings({ files, listings }: Pick<HeaderOptions, 'files' | 'listings'>) {
  return files && listings
}

/**
 * The header of all pages: files, torrents, status and feed, as far as they are there. `root` is the
 * way to the root of the mirror, such as `../`.
 */
export function renderSiteHeader(
  options: HeaderOptions,
  root: string,
  current: 'files' | 'status' | null,
): Html {
  const { warm, tracker, publicUrl } = options
  const page = (title: string, path: string, isCurrent = false) => ({ title, path, isCurrent })
  const menu = [
    ...(hasListings(options) ? [page('Files', './', current === 'files')] : []),
    ...(tracker?.page ? [page('Torrents', tracker.page)] : []),
    page('Status', './-/status', current === 'status'),
    ...(warm ? [page('Feed', './-/feed.xml')] : []),
  ]
  const name = publicUrl === null ? 'btkit mirror' : new URL(publicUrl).host
  return renderMasthead(root, { name, menu, label: 'Site' })
}
