import { callWithin } from '../../bounded-call.js'
import { TrackerRefusal } from '../protocol/refusal.js'

/** Announces brought together in one tracker, as BitTornado's trackers do. */
export interface AggregationSettings {
  /** Where announces are sent on to; null for nowhere. */
  readonly forward: { readonly url: string; readonly password: string | null } | null
  /** Whether this tracker gathers announces, and gives no peers; by which password, if any. */
  readonly aggregator: { readonly password: string | null } | null
}

/** What the query of an announce begins with that was sent on: once, so that none goes in a circle. */
const MARK = 'forwarded=1&'

/** Announces that are on their way at once; others are not sent on. */
const IN_FLIGHT = 32

/** Milliseconds that one may take. */
const TIMEOUT = 10_000

/** Sends announces on to another tracker, or gathers them from others. */
export class Aggregation {
  readonly #settings: AggregationSettings
  #inFlight = 0

  constructor(settings: AggregationSettings) {
    this.#settings = settings
  }

  /** What all announces are answered; null: their peers. */
  get answer(): string | null {
    return this.#settings.aggregator === null ? null : 'd8:response2:OKe'
  }

  /**
   * Looks at the password of an announce, each character a byte.
   * @throws TrackerRefusal
   */
  require(password: string | null): void {
    const wanted = this.#settings.aggregator?.password ?? null
    if (wanted === null) return
    if (password !== Buffer.from(wanted).toString('latin1')) {
      const why = 'Requested download is not authorized for use with this tracker.'
      throw new TrackerRefusal(200, why)
    }
  }

  /** Sends on the query of an announce that was taken; what becomes of it is not looked at. */
  forward(query: string, client: string | null): void {
    const { forward } = this.#settings
    if (forward === null || query.startsWith(MARK) || this.#inFlight >= IN_FLIGHT) return
    this.#inFlight += 1
    void send(forwardUrl(forward, query, client)).finally(() => {
      this.#inFlight -= 1
    })
  }
}

/** The client's own address stands first, as the first field of a name counts. */
function forwardUrl(
  { url, password }: { readonly url: string; readonly password: string | null },
  query: string,
  client: string | null,
): string {
  const ip = client === null ? '' : `ip=${encodeURIComponent(client)}&`
  const secret = password === null ? '' : `password=${encodeURIComponent(password)}&`
  // Bytes that clients did not escape, so that they arrive as they are
  const escaped = query.replace(/[^\x21-\x7e]|#/g, (character) => {
    return `%${(character.charCodeAt(0) & 0xff).toString(16).padStart(2, '0')}`
  })
  return `${url}?${MARK}${ip}${secret}${escaped}`
}

async function send(url: string): Promise<void> {
  try {
    await callWithin({ timeoutMs: TIMEOUT }, async (signal) => {
      const response = await fetch(url, { redirect: 'error', signal })
      await response.body?.cancel()
    })
  } catch {
    // bttrack does not look either: the next announce comes soon
  }
}
