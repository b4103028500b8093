import { LRUCache } from 'lru-cache'
import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  askedVersion,
  askedView,
  isChoice,
  isPlainRequest,
  isProgressAddress,
  wantsPage,
} from '../requests/address.js'
import type { CurrentTorrent } from './torrents.js'
import type { TrackerList } from './trackers.js'
import { queryWords } from '../../server/headers/target.js'
import { CountedResponse, endAtOnce, isLarge } from '../../server/connections/counted-response.js'
import { isSecure } from '../../server/listen/listen.js'

/** Bytes of memory for answers. */
const MEMORY = 16 * 1024 * 1024

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

/** A view of a torrent, such as the .torrent itself. */
export interface TorrentResponse extends SentResponse {
  readonly trackers: TrackerList
}

/** An answer with the facts that keep it valid. */
interface NotedResponse<Checked, Answer> {
  readonly checked: Checked
  readonly answer: Answer
}

/**
 * Header fields that may change the answer: those for conditions, ranges, expectations, connections
 * and bodies. Requests with one of them are not answered from here.
 */
const SPECIAL_HEADERS = /^(?:if-|range$|expect$|connection$|transfer-|content-l)/i

/**
 * Sends the same answer to the same plain request again, before any router or hook, while what it was
 * made from is current: the most frequent request for a busy torrent or directory.
 */
export class ResponseCache<
  Checked = CurrentTorrent,
  Answer extends SentResponse = TorrentResponse,
> {
  readonly #entries = new LRUCache<
    string,
    NotedResponse<Checked, Answer> & { readonly host: string | undefined }
  >({
    maxSize: MEMORY,
    sizeCalculation: ({ answer, host = '' }, address) => {
      return ENTRY_COST + answer.length + address.length + host.length
    },
  })

  /**
   * `isCurrent` returns whether an answer can be sent again unchecked; `keyOf` what distinguishes
   * requests beside their host.
   */
  constructor(
    private readonly isCurrent: (entry: NotedResponse<Checked, Answer>) => boolean,
    private readonly keyOf: (request: IncomingMessage) => string = addressOf,
  ) {}

  /** Records an answer to a GET request. */
  note(request: IncomingMessage, checked: Checked, answer: Answer): void {
    const { host } = request.headers
    this.#entries.set(copyOf(this.keyOf(request)), { host, checked, answer })
  }

  /** The last answer to a request. */
  recall(request: IncomingMessage): NotedResponse<Checked, Answer> | undefined {
    const entry = this.#entries.get(this.keyOf(request))
    return entry?.host === request.headers.host ? entry : undefined
  }

  /** Answers if an answer is kept; returns whether it does. */
  answer(request: IncomingMessage, response: ServerResponse): boolean {
    if (request.method !== 'GET') return false
    // A client that follows the progress gets a page first
    if (isProgressAddress(request.url ?? '')) return false
    const entry = this.#entries.get(this.keyOf(request))
    if (
      !entry ||
      entry.host !== request.headers.host ||
      !isPlainRequest(request, isSpecial) ||
      !this.isCurrent(entry)
    )
      return false
    response.writeHead(200, entry.answer.headers)
    endParts(response, entry.answer)
    return true
  }
}

function endParts(response: ServerResponse, { parts, length }: SentResponse): void {
  if (isLarge({ length }, response) && response instanceof CountedResponse)
    response.endInParts(parts)
  else endAtOnce(response, parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts))
}

/**
 * The key of a request: its path, with only the view, the version and the chosen files of its query. Over TLS the key
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
  const chosen = queryWords(url).filter(isChoice)
  const words = [view ?? [], version === 'v1' ? [] : version, chosen].flat()
  return words.length === 0 ? url.slice(0, end) : `${url.slice(0, end)}?${words.join('&')}`
}

/** Copies a text, so that the longer text it was cut from is not kept. Node reads Latin-1. */
function copyOf(address: string): string {
  return Buffer.from(address, 'latin1').toString('latin1')
}

/** Whether a header field may change the answer; HTTP/1.1 keeps connections alive anyway. */
function isSpecial(name: string, value: string): boolean {
  if (!SPECIAL_HEADERS.test(name)) return false
  return !(/^connection$/i.test(name) && /^keep-alive$/i.test(value))
}
