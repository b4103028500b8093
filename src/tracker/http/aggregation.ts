import { callWithin } from '../../bounded-call.js'
import { TrackerRefusal } from '../protocol/refusal.js'

/** Collects announces of several trackers in one, as BitTornado's trackers do. */
export interface AggregationSettings {
  /** The tracker to which announces are forwarded; null for none. */
  readonly forward: { readonly url: string; readonly password: string | null } | null
  /** Set if this tracker only collects announces and gives no peers; with a password, if any. */
  readonly aggregator: { readonly password: string | null } | null
}

/** Begins the query of a forwarded announce. It is not forwarded again, so there are no loops. */
const MARK = 'forwarded=1&'

/** The most forwarded announces in flight. Further ones are not forwarded. */
const IN_FLIGHT = 32

/** The time limit of one forwarded announce, in milliseconds. */
const TIMEOUT = 10_000

/** Forwards announces to another tracker, or collects them from others. */
export class Aggregation {
  #inFlight = 0

  constructor(private readonly settings: AggregationSettings) {}

  /** The fixed answer of a tracker that only collects; null to answer with peers. */
  get answer(): string | null {
    return this.settings.aggregator === null ? null : 'd8:response2:OKe'
  }

  /**
   * Checks the password of an announce, whose characters each stand for a byte.
   * @throws TrackerRefusal
   */
  require(password: string | null): void {
    const wanted = this.settings.aggregator?.password ?? null
    if (wanted === null) return
    if (password !== Buffer.from(wanted).toString('latin1')) {
      const why = 'Requested download is not authorized for use with this tracker.'
      throw new TrackerRefusal(200, why)
    }
  }

  /** Forwards the query of an accepted announce. Failures are ignored. */
  forward(query: string, client: string | null): void {
    const { forward } = this.settings
    if (forward === null || query.startsWith(MARK) || this.#inFlight >= IN_FLIGHT) return
    this.#inFlight += 1
    void send(forwardUrl(forward, query, client)).finally(() => {
      this.#inFlight -= 1
    })
  }
}

/** The client's address goes first because the first field of a name counts. */
function forwardUrl(
  { url, password }: { readonly url: string; readonly password: string | null },
  query: string,
  client: string | null,
): string {
  const ip = client === null ? '' : `ip=${encodeURIComponent(client)}&`
  const secret = password === null ? '' : `password=${encodeURIComponent(password)}&`
  // Bytes that clients did not escape are escaped here, so they arrive unchanged
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
    // Ignored as in bttrack: the next announce comes soon
  }
}
