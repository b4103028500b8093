import type { IncomingMessage, ServerResponse } from 'node:http'
import { allocateBytes, readAnnounce } from '../protocol/announce-query.js'
import {
  formatAnnounce,
  formatFailure,
  formatScrape,
  formatScraped,
} from '../protocol/http-answers.js'
import { endAtOnce } from '../../server/connections/counted-response.js'
import { malformed, TrackerRefusal } from '../protocol/refusal.js'
import { readScrape } from '../protocol/scrape-query.js'
import type { AnnounceForm, TrackerAnswers } from '../answers/tracker-answers.js'
import type { FullScrape } from './full-scrape.js'

interface TrackerRoutesParts {
  readonly answers: TrackerAnswers
  readonly fullScrape: FullScrape
  /** The address of a request's client; null on a Unix socket. */
  readonly addressOf: (request: IncomingMessage) => string | null
  /** Whether the client sent the request directly: see `ClientAddresses`. */
  readonly isOwnRequest: (request: IncomingMessage) => boolean
  /** Receives the kind of each answer, once per request. */
  readonly note: (answered: 'announce' | 'scrape' | 'refusal') => void
}

const ROUTES: ReadonlyMap<string, 'announce' | 'scrape'> = new Map([
  ['/announce', 'announce'],
  ['/announce.php', 'announce'],
  ['/tracker.php/announce', 'announce'],
  ['/scrape', 'scrape'],
  ['/scrape.php', 'scrape'],
  ['/tracker.php/scrape', 'scrape'],
])

/** The paths of announces and scrapes. */
export const TRACKER_PATHS: readonly string[] = [...ROUTES.keys()]

/** The most peers in an answer over HTTP. The rules set a lower limit. */
const MAX_PEERS = 1000

const COMPACT: AnnounceForm = { wantsIds: false, wantsBothFamilies: true, maxPeers: MAX_PEERS }
const FULL: AnnounceForm = { ...COMPACT, wantsIds: true }

/** Answers announces and scrapes over HTTP. */
export class TrackerRoutes {
  /** Buffer for the announce being read. Its content is not kept. */
  readonly #bytes = allocateBytes()

  constructor(private readonly parts: TrackerRoutesParts) {}

  /** Handles an announce or scrape. Returns false for other requests. */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    const { url = '' } = request
    const mark = url.indexOf('?')
    const route = ROUTES.get(mark === -1 ? url : url.slice(0, mark))
    if (route === undefined) return false
    const query = mark === -1 ? '' : url.slice(mark + 1)
    try {
      requireGet(request)
      if (route === 'scrape') this.#scrape(request, response, query)
      else this.#send(response, { body: this.#announce(request, query), answered: 'announce' })
    } catch (error) {
      this.#refuse(response, error)
    }
    return true
  }

  #announce(request: IncomingMessage, query: string): string {
    const { answers, addressOf, isOwnRequest } = this.parts
    const announce = readAnnounce(query, this.#bytes)
    const form =
      announce.form === 'compact' || answers.rules.allowsFullForm ? announce.form : 'compact'
    // Checked only if the client claims an address, which is rare
    const isOwn = announce.claimed === null || isOwnRequest(request)
    const from = { client: addressOf(request), address: null, isOwn }
    const { answer, notes } = answers.announce(announce, from, form === 'full' ? FULL : COMPACT)
    return formatAnnounce(answer, notes, form)
  }

  #scrape(request: IncomingMessage, response: ServerResponse, query: string): void {
    const { answers, addressOf, fullScrape } = this.parts
    const infoHashes = readScrape(query)
    const counts = answers.scrape(infoHashes, addressOf(request))
    if (infoHashes.length === 0) {
      if (answers.rules.scrape !== 'full') throw malformed('name the torrents to scrape')
      fullScrape.get().then(
        (body) => {
          this.#sendLarge(response, body)
        },
        (error: unknown) => {
          this.#refuse(response, error)
        },
      )
      return
    }
    const scraped = infoHashes.flatMap((infoHash, n) => {
      const known = counts[n]
      return known == null ? [] : [formatScraped(infoHash, known)]
    })
    this.#send(response, {
      body: formatScrape(scraped, answers.rules.minInterval),
      answered: 'scrape',
    })
  }

  #refuse(response: ServerResponse, error: unknown): void {
    if (!(error instanceof TrackerRefusal)) throw error
    const { status, message, retryIn } = error
    this.#send(response, { status, body: formatFailure(message, retryIn), answered: 'refusal' })
  }

  #send(
    response: ServerResponse,
    sent: { body: string; status?: number; answered: 'announce' | 'scrape' | 'refusal' },
  ): void {
    const { body, status = 200, answered } = sent
    this.parts.note(answered)
    response.writeHead(status, headerOf(body))
    endAtOnce(response, body)
  }

  #sendLarge(response: ServerResponse, body: Buffer): void {
    this.parts.note('scrape')
    response.writeHead(200, headerOf(body))
    response.end(body)
  }
}

function headerOf({ length }: string | Buffer): string[] {
  const type = ['Content-Type', 'text/plain', 'Content-Length', String(length)]
  return [...type, 'Cache-Control', 'no-store']
}

function requireGet({ method }: IncomingMessage): void {
  if (method !== 'GET' && method !== 'HEAD') {
    throw new TrackerRefusal(405, 'announces and scrapes are GET requests')
  }
}
