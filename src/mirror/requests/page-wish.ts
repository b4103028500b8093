import type { IncomingMessage } from 'node:http'
import { prefersHtml } from '../../server/answers/accept.js'
import { RESERVED } from '../tree/mirror.js'
import { askedView, namedView, type ViewName } from './asked-view.js'

/** Stands last in the query of addresses that a page asks for by itself while a torrent is made. */
const PROGRESS = 'progress'

/** Whether a request is a browser's, which shows a page while there is nothing else to show. */
export function wantsPage({
  method,
  headers,
}: Pick<IncomingMessage, 'method' | 'headers'>): boolean {
  return method === 'GET' && prefersHtml(headers.accept)
}

/** Whether an address is that of a page on the progress of what is at the address itself. */
export function isProgressAddress(url: string): boolean {
  return url.endsWith(`?${PROGRESS}`) || url.endsWith(`&${PROGRESS}`)
}

/**
 * What a page at an address is about, and addresses as it may name them: relative, so that they hold
 * behind proxies too.
 */
export interface PageLinks {
  /** What is asked for there, in a word. */
  readonly what: string
  /** The page on progress. */
  readonly progress: string
  /** What it is about. */
  readonly itself: string
  /** The root of the mirror, with a slash at its end. */
  readonly root: string
  /** The directory that it is in, or that it is a view of; the same as `root` if that is the root. */
  readonly directory: string
}

/** The links of a page at that address, be it the one on progress or not. */
export function pageLinks(url: string): PageLinks {
  const address = isProgressAddress(url) ? url.slice(0, -PROGRESS.length - 1) : url
  const [path = '', query = ''] = pathOf(address).split(/\?(.*)/s, 2)
  const depth = path.split('/').length - 2
  const view = askedView(address) ?? namedView(path)?.view
  return {
    what: (view && WORDS[view]) ?? 'torrent',
    progress: query === '' ? `?${PROGRESS}` : `?${query}&${PROGRESS}`,
    itself: `?${query}`,
    root: way(depth),
    directory: directoryOf(path, view !== undefined, depth),
  }
}

/** The way up by so many directories. */
function way(depth: number): string {
  return depth > 0 ? '../'.repeat(depth) : './'
}

function directoryOf(path: string, isView: boolean, depth: number): string {
  if (path.startsWith(`/${RESERVED}/`)) return way(depth)
  return way(path.endsWith('/') && !isView ? Math.min(1, depth) : 0)
}

/** Views that are something other than a torrent, or what tells of one. */
const WORDS: Readonly<Partial<Record<ViewName, string>>> = { sha256: 'checksum', meta4: 'metalink' }

/** Clients may name the host in it as well (RFC 9112, section 3.2.2). */
function pathOf(url: string): string {
  return url.replace(/^https?:\/\/[^/?]*/i, '')
}
