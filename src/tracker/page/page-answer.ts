import { setImmediate } from 'node:timers/promises'
import { ConcurrencyLimit } from '../../files/concurrency-limit.js'
import { clientKey } from '../../server/connections/client-address.js'
import { SAFE_HEADERS, pageHeaders } from '../../server/pages/policy.js'
import { jsonLine } from '../../text/escape.js'

/** The answer to a request for a page. */
export interface PageAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array
}

const CACHED = { 'Cache-Control': 'max-age=10' }

const HEADERS = pageHeaders()

/** Answers with a page, which may have headers of its own. */
export function pageAnswer(page: string, headers = HEADERS): PageAnswer {
  return { status: 200, headers: { ...headers, ...CACHED }, body: page }
}

export function jsonAnswer(value: unknown): PageAnswer {
  const headers = {
    ...SAFE_HEADERS,
    'Content-Type': 'application/json',
    ...CACHED,
  }
  return { status: 200, headers, body: jsonLine(value) }
}

/** Answers with a .torrent file, named after its info hash. */
export function fileAnswer(bytes: Uint8Array, infoHash: string): PageAnswer {
  const headers = {
    ...SAFE_HEADERS,
    'Content-Type': 'application/x-bittorrent',
    'Content-Disposition': `attachment; filename="${infoHash}.torrent"`,
    'Cache-Control': 'no-cache',
  }
  return { status: 200, headers, body: bytes }
}

export function redirect(location: string): PageAnswer {
  return {
    ...lineAnswer(302, 'the page has moved'),
    headers: { ...SAFE_HEADERS, Location: location },
  }
}

export function notFound(): PageAnswer {
  return lineAnswer(404, 'not found')
}

export function tooBusy(): PageAnswer {
  const { status, headers, body } = lineAnswer(503, 'too many requests; try again in 1 s')
  return { status, headers: { ...headers, 'Retry-After': '1' }, body }
}

/** The answer if an unexpected error occurred. */
export function failed(): PageAnswer {
  return lineAnswer(500, 'internal error')
}

/** Answers with one line of plain text. */
export function lineAnswer(status: number, line: string): PageAnswer {
  const headers = { ...SAFE_HEADERS, 'Content-Type': 'text/plain; charset=utf-8' }
  return { status, headers, body: `${line}\n` }
}

/** Pages that are rendered at once. */
const AT_ONCE = 2

/** The most pages that are rendered or wait, in all and for one client. */
const MOST = 100
const MOST_PER_CLIENT = 16

/** Renders few pages at a time, so that announces do not wait for pages, and refuses too many. */
export class RenderQueue {
  readonly #limit = new ConcurrencyLimit(AT_ONCE)
  /** The pages of each client, which is '' on a Unix socket. */
  readonly #clients = new Map<string, number>()

  /** Renders a page for a client in its turn. The answer is 503 if too many wait. */
  async render(
    client: string | null,
    act: () => PageAnswer | Promise<PageAnswer>,
  ): Promise<PageAnswer> {
    const key = client === null ? '' : clientKey(client)
    const own = this.#clients.get(key) ?? 0
    if (this.#limit.unfinished >= MOST || own >= MOST_PER_CLIENT) return tooBusy()
    this.#clients.set(key, own + 1)
    try {
      return await this.#limit.run(async () => {
        // Announces that came meanwhile are first
        await setImmediate()
        return act()
      })
    } finally {
      const left = (this.#clients.get(key) ?? 1) - 1
      if (left === 0) this.#clients.delete(key)
      else this.#clients.set(key, left)
    }
  }
}
