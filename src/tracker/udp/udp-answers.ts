import { createHmac, timingSafeEqual } from 'node:crypto'
import { type AnnounceForm, NOBODY, type TrackerAnswers } from '../answers/tracker-answers.js'
import { parseAddress } from '../protocol/peer-address.js'
import { TrackerRefusal } from '../protocol/refusal.js'
import {
  type UdpAnnounce,
  UdpReader,
  type UdpRequest,
  type UdpScrape,
  formatAnnounced,
  formatConnected,
  formatError,
  formatScraped,
} from '../protocol/udp-packets.js'

interface UdpAnswersParts {
  readonly answers: TrackerAnswers
  readonly ids: ConnectionIds
  /** Seconds on a clock that is never set. */
  readonly now: () => number
  /** Receives the kind of each answer. */
  readonly note: (answered: 'connect' | 'announce' | 'scrape' | 'refusal') => void
}

/** As many peers as fit into a packet that is not fragmented on its way. */
const FORM4: AnnounceForm = { wantsIds: false, wantsBothFamilies: false, maxPeers: 200 }
const FORM6: AnnounceForm = { ...FORM4, maxPeers: 70 }

/** Answers packets (BEP 15, BEP 41). */
export class UdpAnswers {
  readonly #reader = new UdpReader()

  constructor(private readonly parts: UdpAnswersParts) {}

  /**
   * The answer to a packet from an address; null for none.
   * Until a client has proved its address by a connection id, no answer is longer than its request.
   */
  answer(packet: Buffer, from: string): Buffer | null {
    const request = this.#reader.read(packet)
    const address = request === null ? null : parseAddress(from)
    if (request === null || address === null) return null
    const { ids, now, note } = this.parts
    if (request.kind === 'connect') {
      note('connect')
      return formatConnected(request, ids.issue(address, now()))
    }
    try {
      if (!ids.accepts(packet, address, now())) {
        throw new TrackerRefusal(400, 'connect again')
      }
      const answer = this.#answerKnown(request, from, address)
      note(request.kind)
      return answer
    } catch (error) {
      return this.#refuse(error, request, packet)
    }
  }

  #refuse(error: unknown, request: KnownRequest, { length }: Buffer): Buffer {
    if (!(error instanceof TrackerRefusal)) throw error
    this.parts.note('refusal')
    return formatError(request, error.message, length)
  }

  #answerKnown(request: KnownRequest, from: string, address: Uint8Array): Buffer {
    return request.kind === 'announce'
      ? this.#announce(request, plainAddress(from), address)
      : this.#scrape(request, plainAddress(from))
  }

  #announce(request: UdpAnnounce, client: string, address: Uint8Array): Buffer {
    const isV6 = client.includes(':')
    const form = isV6 ? FORM6 : FORM4
    const from = { client, address, isOwn: true }
    const { answer, notes } = this.parts.answers.announce(request, from, form)
    return formatAnnounced(request, answer, {
      interval: notes.interval,
      peers: isV6 ? answer.peers6 : answer.peers4,
    })
  }

  #scrape(request: UdpScrape, client: string): Buffer {
    const counts = this.parts.answers.scrape(request.infoHashes, client)
    return formatScraped(
      request,
      counts.map((known) => known ?? NOBODY),
    )
  }
}

/** A request for which a client needs a connection id. */
type KnownRequest = Exclude<UdpRequest, { kind: 'connect' }>

/** An address without the prefix of IPv4 addresses on an IPv6 socket. */
function plainAddress(from: string): string {
  return from.startsWith('::ffff:') && from.includes('.') ? from.slice(7) : from
}

/** The length of a period in seconds. An id is valid for one to two periods. */
const PERIOD = 60

/** Size of the secret in bytes. */
export const ID_SECRET = 32

const ID_SIZE = 8

/**
 * Connection ids of UDP (BEP 15). They prove that a client can receive packets at its address. An
 * id is a keyed hash of address and time, so no state is kept.
 */
export class ConnectionIds {
  /** `secret` has `ID_SECRET` random bytes. */
  constructor(private readonly secret: Uint8Array) {}

  /** Issues the id for an address of 16 bytes at a time in seconds. The id has eight bytes. */
  issue(address: Uint8Array, second: number): Uint8Array {
    return this.#idOf(address, Math.floor(second / PERIOD))
  }

  /**
   * Whether the bytes begin with a valid id of this address. The clock of a tracker with the same
   * secret may be ahead: its ids of the next period are valid, too.
   */
  accepts(id: Uint8Array, address: Uint8Array, second: number): boolean {
    const period = Math.floor(second / PERIOD)
    const given = id.subarray(0, ID_SIZE)
    if (given.length < ID_SIZE) return false
    return [period, period - 1, period + 1].some((each) =>
      timingSafeEqual(given, this.#idOf(address, each)),
    )
  }

  /** Hashes an address and a period with the secret. */
  #idOf(address: Uint8Array, period: number): Uint8Array {
    const hmac = createHmac('sha256', this.secret).update(`${period}\n`)
    return hmac.update(address).digest().subarray(0, ID_SIZE)
  }
}
