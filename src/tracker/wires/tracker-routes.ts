import type { IncomingMessage } from 'node:http'
import { setImmediate } from 'node:timers/promises'
import type { ServerContext } from '../../server/context.js'
import { splitTarget } from '../../server/headers/target.js'
import { sortInSlices } from '../../page-parts/slices.js'
import { formatNumber } from '../../base/text/quantity.js'
import type { CountedResponse } from '../../server/connections/counted-response.js'
import { type AnnounceForm, NOBODY, type TrackerAnswers } from '../answers/tracker-answers.js'
import { formatAnnounce, formatFailure, formatScrape, formatScraped } from './http-answers.js'
import { allocateBytes, readAnnounce, readScrape } from './http-query.js'
import { TrackerRefusal, UnknownTorrent, malformed } from '../answers/refusal.js'
import type { SwarmCounts } from '../swarms/swarm-types.js'

interface TrackerRoutesParts extends Pick<ServerContext, 'onError'> {
  readonly answers: TrackerAnswers
  readonly fullScrape: FullScrape
  /** The address of a request's client; null on a Unix socket. */
  readonly addressOf: (request: IncomingMessage) => string | null
  /** Whether the client sent the request directly: see `ClientAddresses`. */
  readonly isOwnRequest: (request: IncomingMessage) => boolean
  /** Receives the kind of each answer, once per request. */
  readonly note: (answered: 'announce' | 'scrape' | 'refusal', reason?: string) => void
}

const ROUTES: ReadonlyMap<string, 'announce' | 'scrape'> = new Map([
  ['/announce', 'announce'],
  ['/announce.php', 'announce'],
  ['/tracker.php/announce', 'announce'],
  ['/scrape', 'scrape'],
  ['/scrape.php', 'scrape'],
  ['/tracker.php/scrape', 'scrape'],
])

/** The answer if an unexpected error occurred. */
const FAULT = { status: 500, message: 'internal error', retryIn: null }

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
  handle(request: IncomingMessage, response: CountedResponse): boolean {
    const [path, query] = splitTarget(request.url ?? '')
    const route = ROUTES.get(path)
    if (route === undefined) return false
    const answer = () => {
      if (request.method !== 'GET' && request.method !== 'HEAD')
        throw new TrackerRefusal(405, 'announces and scrapes are GET requests')
      if (route === 'scrape') this.#scrape(request, response, query)
      else this.#send(response, { body: this.#announce(request, query), answered: 'announce' })
    }
    try {
      answer()
    } catch (error) {
      if (error instanceof UnknownTorrent) void this.#answerSettled(response, answer, error)
      else this.#refuse(response, error)
    }
    return true
  }

  /** Answers again if the torrent may have come since. */
  async #answerSettled(response: CountedResponse, answer: () => void, refusal: UnknownTorrent) {
    const client = this.parts.addressOf(response.req)
    try {
      if (!(await this.parts.answers.rules.settled(client))) throw refusal
      answer()
    } catch (error) {
      this.#refuse(response, error)
    }
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

  #scrape(request: IncomingMessage, response: CountedResponse, query: string): void {
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

  #refuse(response: CountedResponse, error: unknown): void {
    if (!(error instanceof TrackerRefusal)) this.parts.onError(error)
    const { status, message, retryIn } = error instanceof TrackerRefusal ? error : FAULT
    response.refusal = message
    this.#send(response, { status, body: formatFailure(message, retryIn), answered: 'refusal' })
  }

  #send(
    response: CountedResponse,
    sent: { body: string; status?: number; answered: 'announce' | 'scrape' | 'refusal' },
  ): void {
    const { body, status = 200, answered } = sent
    this.parts.note(answered, response.refusal ?? undefined)
    const allowed = status === 405 ? ['Allow', 'GET, HEAD'] : []
    response.writeHead(status, [...headerOf(body), ...allowed])
    response.endAtOnce(body)
  }

  #sendLarge(response: CountedResponse, body: Buffer): void {
    this.parts.note('scrape')
    response.writeHead(200, headerOf(body)).end(body)
  }
}

function headerOf({ length }: string | Buffer): string[] {
  const type = ['Content-Type', 'text/plain', 'Content-Length', String(length)]
  return [...type, 'Cache-Control', 'no-store']
}

/** The most torrents in one answer, about 10 MB. */
const MAX_SWARMS = 100_000

const TOO_MANY = `more than ${formatNumber(MAX_SWARMS)} torrents; scrape single info hashes`

/** Milliseconds for which an answer is used again. */
const LIFETIME = 60_000

/** Places of the store that are read in one step: a fraction of a millisecond. */
const SLICE = 256

/** Number of characters of `20:` and an info hash. */
const KEY_LENGTH = 23

/** The scrape of all torrents. It is created at most once a minute, in small steps. */
export class FullScrape {
  #made: { readonly body: Promise<Buffer>; readonly at: number } | null = null

  /** `monotonic` returns milliseconds on a clock that is never set. */
  constructor(
    private readonly answers: TrackerAnswers,
    private readonly monotonic: () => number,
  ) {}

  /**
   * The bencoded answer. All callers share one buffer and must not change it.
   * @throws TrackerRefusal if there are too many torrents
   */
  get(): Promise<Buffer> {
    const at = this.monotonic()
    if (this.#made === null || at - this.#made.at >= LIFETIME) {
      const made = { body: this.#make(), at }
      this.#made = made
      made.body.catch((error: unknown) => {
        // A refusal is an answer, which took as long to find; after a failure the next client tries
        if (!(error instanceof TrackerRefusal) && this.#made === made) this.#made = null
      })
    }
    return this.#made.body
  }

  async #make(): Promise<Buffer> {
    const torrents = new Map<string, string>()
    let count = 0
    for (const [infoHash, counts] of this.#all()) {
      const scraped = formatScraped(infoHash, counts)
      torrents.set(scraped.slice(0, KEY_LENGTH), scraped)
      count += 1
      if (torrents.size > MAX_SWARMS) throw new TrackerRefusal(200, TOO_MANY)
      if (count % SLICE === 0) await setImmediate()
    }
    // Bencode sorts keys by byte
    const sorted = await sortInSlices([...torrents.values()], (a, b) => (a < b ? -1 : 1))
    return Buffer.from(formatScrape(sorted, this.answers.rules.minInterval), 'latin1')
  }

  /** The torrents tracked by name, with zeros, and then the swarms, which replace them. */
  *#all(): Generator<[Uint8Array, SwarmCounts]> {
    const { rules, store } = this.answers
    const known = rules.known()
    // Of too many, those with a swarm are listed
    for (const [infoHash, { failure }] of known.size > MAX_SWARMS ? [] : known) {
      if (failure === null) yield [Buffer.from(infoHash, 'hex'), NOBODY]
    }
    for (const { infoHash, ...counts } of store.list()) {
      if (rules.judge(infoHash)?.failure == null) yield [infoHash, counts]
    }
  }
}
