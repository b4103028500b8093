import type { IncomingMessage, ServerResponse } from 'node:http'
import { LRUCache } from 'lru-cache'
import type { TorrentAnswer } from '../torrents/answer.js'
import type { CheckedTorrent } from '../torrents/on-demand.js'

/** Memory for answers, in bytes. */
const MEMORY = 32 * 1024 * 1024

/** An answer that was given, and what it is still right by. */
interface LaneEntry {
  readonly host: string | undefined
  readonly checked: CheckedTorrent
  readonly answer: TorrentAnswer
  /** As writeHead takes them fastest: names and values in turns. */
  readonly headers: readonly string[]
}

export interface LaneRules {
  /** Whether the answer may be given once more without a look at anything. */
  readonly isCurrent: (entry: LaneEntry) => boolean
  /** Hears of each answer given. */
  readonly onAnswer: (request: IncomingMessage, response: ServerResponse) => void
}

/** Header fields that only a closer look can do justice to. */
const TELLING = /^(?:if-|range$|expect$|connection$|transfer-)/i

/**
 * Gives the same answer to the same plain request again within the second, before any router or
 * hook: what a busy torrent is asked for most often.
 */
export class FastLane {
  readonly #entries = new LRUCache<string, LaneEntry>({
    maxSize: MEMORY,
    sizeCalculation: ({ answer }) => answer.body.length + 2000,
  })

  constructor(readonly rules: LaneRules) {}

  /** Notes an answer to a GET request. */
  note(request: IncomingMessage, checked: CheckedTorrent, answer: TorrentAnswer): void {
    const headers = Object.entries(answer.headers).flat()
    const host = request.headers.host
    this.#entries.set(request.url ?? '', { host, checked, answer, headers })
  }

  /** An answer composed before, if it is still the one. */
  recall(request: IncomingMessage): LaneEntry | undefined {
    const entry = this.#entries.get(request.url ?? '')
    return entry?.host === request.headers.host ? entry : undefined
  }

  /** Answers if it can; else leaves all to others. */
  answer(request: IncomingMessage, response: ServerResponse): boolean {
    if (request.method !== 'GET') return false
    const entry = this.#entries.get(request.url ?? '')
    if (!entry || !this.rules.isCurrent(entry) || !isPlain(request, entry.host)) return false
    response.writeHead(200, entry.headers as string[])
    response.end(entry.answer.body)
    this.rules.onAnswer(request, response)
    return true
  }
}

/** Whether a request of HTTP/1.1 asks that host, once, for all of it without any condition. */
function isPlain({ rawHeaders, httpVersionMinor }: IncomingMessage, host?: string): boolean {
  let hosts = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? ''
    if (name.length === 4 && name.toLowerCase() === 'host') {
      if (rawHeaders[i + 1] !== host) return false
      hosts++
    } else if (TELLING.test(name)) {
      return false
    }
  }
  return hosts === 1 && httpVersionMinor === 1
}
