import type { IncomingMessage, ServerResponse } from 'node:http'
import { LRUCache } from 'lru-cache'
import { askedVersion } from './asked-version.js'
import { isProgressAddress } from '../requests/page-wish.js'
import { askedView } from '../requests/asked-view.js'
import { endAtOnce } from '../../server/answers/end-at-once.js'
import { isSecure } from '../../server/listen/make-server.js'
import type { CurrentTorrent } from './on-demand.js'
import type { TorrentResponse } from './response.js'

/** Memory for answers, in bytes. */
const MEMORY = 16 * 1024 * 1024

/** What an answer costs beside its body and its address, in bytes: headers, above all. */
const ENTRY_COST = 3000

/** An answer that was given, and what it is still right by. */
interface CachedResponse {
  readonly host: string | undefined
  readonly checked: CurrentTorrent
  readonly answer: TorrentResponse
}

/** An answer, and what it is right by. */
export type NotedResponse = Pick<CachedResponse, 'checked' | 'answer'>

export interface ResponseCacheRules {
  /** Whether an answer may be given once more without a look at anything. */
  readonly isCurrent: (entry: NotedResponse) => boolean
}

/**
 * Header fields that may change the answer: those of conditions, ranges, expectations, connections
 * and bodies. Requests that have one go the long way.
 */
const SPECIAL_HEADERS = /^(?:if-|range$|expect$|connection$|transfer-|content-l)/i

/**
 * Gives the same answer to the same plain request again within the second, before any router or
 * hook: what a busy torrent is asked for most often.
 */
export class ResponseCache {
  readonly #entries = new LRUCache<string, CachedResponse>({
    maxSize: MEMORY,
    sizeCalculation: ({ answer, host = '' }, address) => {
      return ENTRY_COST + answer.body.length + address.length + host.length
    },
  })
  readonly #rules: ResponseCacheRules

  constructor(rules: ResponseCacheRules) {
    this.#rules = rules
  }

  /** Notes an answer to a GET request. */
  note(request: IncomingMessage, checked: CurrentTorrent, answer: TorrentResponse): void {
    const { host } = request.headers
    this.#entries.set(copyOf(addressOf(request)), { host, checked, answer })
  }

  /** The answer to a request as it was composed before. */
  recall(request: IncomingMessage): NotedResponse | undefined {
    const entry = this.#entries.get(addressOf(request))
    return entry?.host === request.headers.host ? entry : undefined
  }

  /** Answers if it can, and returns what with; else leaves all to others, and returns null. */
  answer(request: IncomingMessage, response: ServerResponse): NotedResponse | null {
    if (request.method !== 'GET') return null
    // Whoever follows the progress gets a page first
    if (isProgressAddress(request.url ?? '')) return null
    const entry = this.#entries.get(addressOf(request))
    if (!entry || !this.#rules.isCurrent(entry) || !isPlain(request, entry.host)) return null
    response.writeHead(200, entry.answer.headers)
    endAtOnce(response, entry.answer.body)
    return entry
  }
}

/**
 * What a request asks for: of a query nothing matters but the view and the version in it. Over TLS it
 * is another address, as the answer names it.
 */
function addressOf(request: IncomingMessage): string {
  const address = pathOf(request)
  return isSecure(request) ? `https:${address}` : address
}

function pathOf({ url = '' }: IncomingMessage): string {
  const end = url.indexOf('?')
  if (end < 0) return url
  const [view, version] = [askedView(url), askedVersion(url)]
  const words = [view ?? [], version === 'v1' ? [] : version].flat()
  return words.length === 0 ? url.slice(0, end) : `${url.slice(0, end)}?${words.join('&')}`
}

/** The same text without what it was cut from, which would be kept with it. Node reads Latin-1. */
function copyOf(address: string): string {
  return Buffer.from(address, 'latin1').toString('latin1')
}

/** Whether a request of HTTP/1.1 asks that host, once, for all of it without any condition. */
function isPlain({ rawHeaders, httpVersion }: IncomingMessage, host: string | undefined): boolean {
  let hosts = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? ''
    if (name.length === 4 && name.toLowerCase() === 'host') {
      if (rawHeaders[i + 1] !== host) return false
      hosts++
    } else if (SPECIAL_HEADERS.test(name)) {
      return false
    }
  }
  return hosts === 1 && httpVersion === '1.1'
}
