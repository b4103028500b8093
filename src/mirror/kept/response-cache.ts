import { LRUCache } from 'lru-cache'
import type { IncomingMessage } from 'node:http'
import { type AskedQuery, isPlainRequest, isProgressAddress, readQuery } from '../tree/address.js'
import { prefersJson, wantsPage } from '../../server/headers/accept.js'
import { unmetAnswer } from '../../server/headers/answer.js'
import { acceptsGzip } from '../../server/headers/gzip.js'
import type { CountedResponse } from '../../server/connections/counted-response.js'
import { isSecure } from '../../server/listen/listen.js'

/** Bytes of memory for answers. */
const MEMORY = 32 * 1024 * 1024

/** Bytes that an answer takes beside its body and its address, mostly for headers. */
const ENTRY_COST = 3000

/** An answer as it is sent. */
export interface SentResponse {
  /** The body. A large part may be shared with others. */
  readonly parts: readonly Uint8Array[]
  /** Bytes of all parts. */
  readonly length: number
  readonly headers: Readonly<Record<string, string>>
}

/** An answer that may be sent again. */
export interface KeptResponse extends SentResponse {
  /** The route in the metrics of those to whom it is sent again. */
  readonly route: string
  /** Whether it is still right, as far as that is known without waiting for a disk. */
  readonly isCurrent: () => boolean
}

/**
 * Header fields that may change the answer: those for most conditions, ranges, expectations,
 * connections and bodies. Requests with one of them are not answered from here.
 */
const SPECIAL_HEADERS = /^(?:if-(?!none-match$)|range$|expect$|connection$|transfer-|content-l)/i

/**
 * Sends the same answer to the same plain request again, before any router or hook, while what it
 * was made from is current. Without it, each of many clients of a new torrent, of a page or of the
 * feed costs a look at its files, and a body that is composed again.
 */
export class ResponseCache {
  readonly #entries = new LRUCache<string, KeptResponse & { readonly host: string | undefined }>({
    maxSize: MEMORY,
    sizeCalculation: ({ length, host = '' }, address) => {
      return ENTRY_COST + length + address.length + host.length
    },
  })

  /** Records an answer to a GET or HEAD request. */
  note(request: IncomingMessage, kept: KeptResponse): void {
    const { host } = request.headers
    // Copied, so that the longer text it was cut from is not kept. Node reads Latin-1
    const address = Buffer.from(requestKey(request), 'latin1').toString('latin1')
    this.#entries.set(address, { ...kept, host })
  }

  /** The last answer to a request. */
  recall(request: IncomingMessage): KeptResponse | undefined {
    const entry = this.#entries.get(requestKey(request))
    return entry?.host === request.headers.host ? entry : undefined
  }

  /** Answers if an answer is kept; returns its route, or null if it does not. */
  answer(request: IncomingMessage, response: CountedResponse): string | null {
    // A client that follows the progress gets a page first
    if (isProgressAddress(request.url ?? '')) return null
    const kept = this.recall(request)
    if (!kept || !isPlainRequest(request, SPECIAL_HEADERS) || !kept.isCurrent()) return null
    const known = unmetAnswer(request, kept.headers)
    response.writeHead(known?.status ?? 200, known?.headers ?? kept.headers)
    const { parts } = kept
    if (known || request.method === 'HEAD') response.end()
    else if (response.isLarge(kept)) response.endInParts(parts)
    else response.endAtOnce(parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts))
    return kept.route
  }
}

/**
 * Distinguishes requests beside their host: by the path, and by the view, the version and the
 * chosen files of the query. Feeds and pages of directories depend on the whole address, and on
 * what the client accepts. Over TLS the key differs, because the answer contains the scheme.
 */
function requestKey(request: IncomingMessage): string {
  const { url = '', headers } = request
  const end = url.indexOf('?')
  const path = end < 0 ? url : url.slice(0, end)
  const query = end < 0 ? null : readQuery(url)
  const scheme = isSecure(request) ? 'https:' : ''
  if (!query?.view && /(?:\/|\.xml)$/.test(path)) {
    const encoding = acceptsGzip(headers) ? 'gzip' : 'plain'
    return `${scheme}${prefersJson(headers.accept) ? 'json' : 'html'} ${encoding}:${url}`
  }
  const address = query ? withWords(path, query) : path
  // Browsers get magnet links on a page
  return scheme + (address.includes('magnet') && wantsPage(request) ? `page:${address}` : address)
}

function withWords(path: string, { view, version, choices }: AskedQuery): string {
  const words = [view ?? [], version === 'v1' ? [] : version, choices].flat()
  return words.length === 0 ? path : `${path}?${words.join('&')}`
}
