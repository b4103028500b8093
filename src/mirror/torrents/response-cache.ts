import { LRUCache } from 'lru-cache'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { askedVersion, askedView, isProgressAddress, wantsPage } from '../requests/address.js'
import type { CurrentTorrent, OnDemand } from './on-demand.js'
import type { TrackerList } from './trackers.js'
import { CountedResponse, endAtOnce, isLarge } from '../../server/connections/counted-response.js'
import type { Exchange, Exchanges } from '../../server/exchange/exchanges.js'
import { isSecure } from '../../server/listen/listen.js'

/** Bytes of memory for answers. */
const MEMORY = 16 * 1024 * 1024

/** Bytes that an answer takes beside its body and its address, mostly for headers. */
const ENTRY_COST = 3000

/** A view of a torrent, such as the .torrent itself, as it is sent. */
export interface TorrentResponse {
  readonly trackers: TrackerList
  /** The body. A large part is the memory of the torrent itself. */
  readonly parts: readonly Uint8Array[]
  /** Bytes of all parts. */
  readonly length: number
  readonly headers: Readonly<Record<string, string>>
}

/** An answer that was sent, with the facts that keep it valid. */
interface CachedResponse {
  readonly host: string | undefined
  readonly checked: CurrentTorrent
  readonly answer: TorrentResponse
}

/** An answer with the torrent that it was made from. */
type NotedResponse = Pick<CachedResponse, 'checked' | 'answer'>

/**
 * Header fields that may change the answer: those for conditions, ranges, expectations, connections
 * and bodies. Requests with one of them are not answered from here.
 */
const SPECIAL_HEADERS = /^(?:if-|range$|expect$|connection$|transfer-|content-l)/i

/**
 * Sends the same answer to the same plain request again within a second, before any router or hook:
 * the most frequent request for a busy torrent.
 */
export class ResponseCache {
  readonly #entries = new LRUCache<string, CachedResponse>({
    maxSize: MEMORY,
    sizeCalculation: ({ answer, host = '' }, address) => {
      return ENTRY_COST + answer.length + address.length + host.length
    },
  })

  /** `isCurrent` returns whether an answer can be sent again unchecked. */
  constructor(private readonly isCurrent: (entry: NotedResponse) => boolean) {}

  /** Records an answer to a GET request. */
  note(request: IncomingMessage, checked: CurrentTorrent, answer: TorrentResponse): void {
    const { host } = request.headers
    this.#entries.set(copyOf(addressOf(request)), { host, checked, answer })
  }

  /** The last answer to a request. */
  recall(request: IncomingMessage): NotedResponse | undefined {
    const entry = this.#entries.get(addressOf(request))
    return entry?.host === request.headers.host ? entry : undefined
  }

  /** Answers if an answer is kept, and returns it; otherwise returns null. */
  answer(request: IncomingMessage, response: ServerResponse): NotedResponse | null {
    if (request.method !== 'GET') return null
    // A client that follows the progress gets a page first
    if (isProgressAddress(request.url ?? '')) return null
    const entry = this.#entries.get(addressOf(request))
    if (!entry || !this.isCurrent(entry) || !isPlain(request, entry.host)) return null
    response.writeHead(200, entry.answer.headers)
    endParts(response, entry.answer)
    return entry
  }
}

function endParts(response: ServerResponse, { parts, length }: TorrentResponse): void {
  if (isLarge({ length }, response) && response instanceof CountedResponse)
    response.endInParts(parts)
  else endAtOnce(response, parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts))
}

/**
 * The key of a request: its path, with only the view and the version of its query. Over TLS the key
 * differs, because the answer contains the scheme.
 */
function addressOf(request: IncomingMessage): string {
  const path = pathOf(request)
  // Browsers get magnet links on a page
  const address = path.includes('magnet') && wantsPage(request) ? `page:${path}` : path
  return isSecure(request) ? `https:${address}` : address
}

function pathOf({ url = '' }: IncomingMessage): string {
  const end = url.indexOf('?')
  if (end < 0) return url
  const [view, version] = [askedView(url), askedVersion(url)]
  const words = [view ?? [], version === 'v1' ? [] : version].flat()
  return words.length === 0 ? url.slice(0, end) : `${url.slice(0, end)}?${words.join('&')}`
}

/** Copies a text, so that the longer text it was cut from is not kept. Node reads Latin-1. */
function copyOf(address: string): string {
  return Buffer.from(address, 'latin1').toString('latin1')
}

/** Whether an HTTP/1.1 request names that host, once, and has no special header. */
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

/** The route in the metrics of torrents requested again within a second. */
const KEPT = 'kept response'

/**
 * Makes a function that answers from the kept responses. It reports the answer at once, unless a
 * slow client still has to read it. It returns false if no response is kept.
 */
export function keptAnswers(
  { responses, onDemand }: { responses: ResponseCache; onDemand: Pick<OnDemand, 'origins'> },
  exchanges: Exchanges,
  { report, monotonic }: { report: (exchange: Exchange) => void; monotonic: () => number },
): (request: IncomingMessage, response: CountedResponse) => boolean {
  return (request, response) => {
    const startedAt = monotonic()
    const kept = responses.answer(request, response)
    if (!kept) return false
    onDemand.origins.memory++
    if (response.socket?.writableLength === 0) {
      const milliseconds = monotonic() - startedAt
      const bytes = kept.answer.length
      report({ request, route: KEPT, status: 200, bytes, milliseconds, isComplete: true })
    } else {
      exchanges.begin(request, response)
      exchanges.setRoute(request, KEPT)
    }
    return true
  }
}
