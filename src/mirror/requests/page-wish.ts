import type { IncomingMessage } from 'node:http'
import { prefersHtml } from '../../server/answers/accept.js'
import { RESERVED } from '../tree/mirror.js'
import { askedView, namedView, type ViewName } from './asked-view.js'

/** The last word in the query of a progress page's address. */
const PROGRESS = 'progress'

/** Whether a request comes from a browser, which can show a page while it waits. */
export function wantsPage({
  method,
  headers,
}: Pick<IncomingMessage, 'method' | 'headers'>): boolean {
  return method === 'GET' && prefersHtml(headers.accept)
}

/** Whether an address is that of a progress page. */
export function isProgressAddress(url: string): boolean {
  return url.endsWith(`?${PROGRESS}`) || url.endsWith(`&${PROGRESS}`)
}

/**
 * Links of the page at an address. They are relative, so that they are right behind proxies, too.
 */
export interface PageLinks {
  /** The resource that the address names, in a word. */
  readonly what: string
  /** The progress page. */
  readonly progress: string
  /** The resource itself. */
  readonly itself: string
  /** The root of the mirror, with a slash at its end. */
  readonly root: string
  /** The directory that contains it, or whose view it is; `root` if that is the root. */
  readonly directory: string
}

/** The links of the page at an address, which may be that of a progress page. */
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

/** The relative path up by `depth` directories. */
function way(depth: number): string {
  return depth > 0 ? '../'.repeat(depth) : './'
}

function directoryOf(path: string, isView: boolean, depth: number): string {
  if (path.startsWith(`/${RESERVED}/`)) return way(depth)
  return way(path.endsWith('/') && !isView ? Math.min(1, depth) : 0)
}

/** Views other than a torrent or its magnet link. */
const WORDS: Readonly<Partial<Record<ViewName, string>>> = { sha256: 'checksum', meta4: 'metalink' }

/** Removes the host, which clients may include (RFC 9112, section 3.2.2). */
function pathOf(url: string): string {
  return url.replace(/^https?:\/\/[^/?]*/i, '')
}
