import { type Cipher, createCipheriv, createHmac } from 'node:crypto'
import { type Socket, type SocketOptions, createSocket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv6 } from 'node:net'
import { LRUCache } from 'lru-cache'
import { asBtkitError } from '../../base/errors.js'
import { isWithoutIPv6 } from '../../server/listen/open-server.js'
import { loadNative } from '../../base/native-addon.js'
import type { ServerContext } from '../../server/context.js'
import { type AnnounceForm, NOBODY, type TrackerAnswers } from '../answers/tracker-answers.js'
import { parseAddress } from '../swarms/peer-address.js'
import { malformed, TrackerRefusal, UnknownTorrent } from '../answers/refusal.js'
import {
  MOST_READ,
  type UdpAnnounce,
  UdpReader,
  type UdpRequest,
  type UdpScrape,
  formatAnnounced,
  formatConnected,
  formatError,
  formatScraped,
} from './udp-packets.js'

/** Where to listen: a host and port, or a socket passed to this process. */
export type UdpPlace =
  | { readonly host: string; readonly port: number }
  // Passed to this process
  | { readonly fd: number; readonly isV6: boolean }

/** A listening UDP server. */
export interface UdpServer {
  /** For example `udp://127.0.0.1:6969`. */
  readonly address: string
  /** Stops listening. */
  readonly close: () => Promise<void>
}

/** Size of the system's buffer for waiting packets, in bytes. */
const RECEIVE_BUFFER = 2 ** 21

/** Functions of the addon; see native/udp_port.h. */
interface NativeUdp {
  readonly udpOpen: (host: string, port: number) => number
  readonly udpFollow: (descriptor: number, onReadable: () => void) => object | undefined
  readonly udpName: (descriptor: number) => string
  readonly udpTake: (
    ...values: readonly [descriptor: number, packets: Buffer, ways: Buffer, lengths: Int32Array]
  ) => number
  readonly udpSend: (descriptor: number, packet: Buffer, way: string) => void
  readonly udpClose: (handle: object) => void
}

/**
 * Packets that are taken at once, and the bytes for each and for the way back; see
 * native/udp_port.h.
 */
const TAKEN = 32
const PACKET = 2048
const WAY = { back: 48, all: 96 } as const

/**
 * Answers packets at a place. `::` receives IPv4 as well, and is 0.0.0.0 without IPv6.
 * @throws BtkitError if it cannot listen there
 */
export async function openUdp(
  place: UdpPlace,
  answers: UdpAnswers,
  context: Pick<ServerContext, 'onError'>,
): Promise<UdpServer> {
  const isPassed = 'fd' in place
  const addon = loadNative<NativeUdp>('udpOpen', 'udpTake')
  const own = addon && answerFromAsked(addon, place, answers)
  if (own) return own
  const socket = makeUdpSocket(isPassed ? place.isV6 : isIPv6(place.host))
  try {
    const listening = once(socket, 'listening')
    socket.bind(
      isPassed ? { fd: place.fd } : { port: place.port, address: place.host, exclusive: true },
    )
    await listening
  } catch (error) {
    socket.close()
    if (!isPassed && isWithoutIPv6(place.host, error))
      return openUdp({ ...place, host: '0.0.0.0' }, answers, context)
    const what = isPassed ? `descriptor ${place.fd}` : `UDP ${place.host} port ${place.port}`
    throw asBtkitError(error, `can't listen on ${what}`)
  }
  return answerOn(socket, answers, context)
}

/**
 * Answers packets at all addresses, each from the one that it was sent to: clients drop an answer
 * from another address. Null if the addon cannot do it; then only a place of one address answers
 * so.
 */
function answerFromAsked(
  { udpOpen, udpFollow, udpName, udpTake, udpSend, udpClose }: NativeUdp,
  place: UdpPlace,
  answers: UdpAnswers,
): UdpServer | null {
  const isAll = 'fd' in place || place.host === '::' || place.host === '0.0.0.0'
  const descriptor = 'fd' in place ? place.fd : isAll ? udpOpen(place.host, place.port) : -1
  if (descriptor < 0) return null
  const [packets, ways] = [Buffer.alloc(TAKEN * PACKET), Buffer.alloc(TAKEN * WAY.all)]
  const lengths = new Int32Array(TAKEN)
  const outbox = new Outbox((packet, _port, way) => {
    udpSend(descriptor, packet, way)
  })
  const handle = udpFollow(descriptor, () => {
    const count = udpTake(descriptor, packets, ways, lengths)
    for (let i = 0; i < count; i++) {
      const at = i * WAY.all
      const way = ways.toString('latin1', at, at + WAY.back)
      const text = at + WAY.back + 1
      const from = ways.toString('latin1', text, text + (ways[text - 1] ?? 0))
      const packet = packets.subarray(i * PACKET, i * PACKET + (lengths[i] ?? 0))
      const send = (answer: Buffer | null) => {
        if (answer !== null) outbox.put(answer, 0, way)
      }
      send(answers.answer(packet, from, send))
    }
  })
  if (!handle) return null
  return {
    address: `udp://${udpName(descriptor)}`,
    close: () => {
      outbox.close()
      udpClose(handle)
      return Promise.resolve()
    },
  }
}

/** Creates a socket that sends to addresses without name lookups. */
function makeUdpSocket(isV6: boolean): Socket {
  const family = isV6 ? 6 : 4
  const lookup: SocketOptions['lookup'] = (address, _options, callback) => {
    callback(null, address, family)
  }
  return createSocket({ type: isV6 ? 'udp6' : 'udp4', lookup })
}

/** Answers packets on a bound socket. */
function answerOn(
  socket: Socket,
  answers: UdpAnswers,
  { onError }: Pick<ServerContext, 'onError'>,
): UdpServer {
  enlargeBuffer(socket)
  const { address, port, family } = socket.address()
  const isV6 = family === 'IPv6'
  // No callback, so failures are ignored: a client that still exists asks again
  const outbox = new Outbox((packet, port, address) => {
    socket.send(packet, port, address)
  })
  socket.on('error', onError)
  socket.on('message', (packet, { address, port }) => {
    // An answer cannot be sent to port 0
    if (port === 0) return
    const send = (answer: Buffer | null) => {
      if (answer !== null) outbox.put(answer, port, address)
    }
    send(answers.answer(packet, address, send))
  })
  return {
    address: `udp://${isV6 ? `[${address}]` : address}:${port}`,
    close: () =>
      new Promise((resolve) => {
        outbox.close()
        socket.close(() => {
          resolve()
        })
      }),
  }
}

/** Enlarges the buffer up to the system's limit. */
function enlargeBuffer(socket: Socket): void {
  try {
    socket.setRecvBufferSize(RECEIVE_BUFFER)
  } catch {
    // The default size works, too
  }
}

/** A packet and its destination. */
interface Waiting {
  readonly packet: Buffer
  readonly port: number
  readonly address: string
}

/**
 * Collects the answers of one turn and sends them at its end.
 * Node reads dozens of packets per turn. If each were answered at once, a receiver on the same
 * machine would be woken for each answer, which costs the sender more than most of its other work.
 */
class Outbox {
  #waiting: Waiting[] = []
  #isClosed = false

  constructor(private readonly send: (packet: Buffer, port: number, address: string) => void) {}

  put(packet: Buffer, port: number, address: string): void {
    // An answer may come late, when its socket is gone
    if (this.#isClosed) return
    if (this.#waiting.push({ packet, port, address }) === 1) setImmediate(this.flush)
  }

  /** Sends all waiting packets, and no later ones. */
  close(): void {
    this.flush()
    this.#isClosed = true
  }

  /** Sends all waiting packets now. */
  readonly flush = (): void => {
    const waiting = this.#waiting
    if (waiting.length === 0) return
    this.#waiting = []
    for (const { packet, port, address } of waiting) this.send(packet, port, address)
  }
}

/** The kind of an answer. */
type UdpAnswered = 'connect' | 'announce' | 'scrape' | 'refusal'

/** As many peers as fit into a packet that is not fragmented on its way. */
const FORM4: AnnounceForm = { wantsIds: false, wantsBothFamilies: false, maxPeers: 200 }
const FORM6: AnnounceForm = { ...FORM4, maxPeers: 70 }

/** Answers packets (BEP 15, BEP 41). */
export class UdpAnswers {
  readonly #reader = new UdpReader()

  /** `now` returns seconds on the clock of the ids; `note` receives the kind of each answer. */
  constructor(
    private readonly answers: TrackerAnswers,
    private readonly ids: ConnectionIds,
    private readonly now: () => number,
    private readonly note: (answered: UdpAnswered, reason?: string) => void,
    private readonly onError: (error: unknown) => void,
  ) {}

  /**
   * The answer to a packet from an address; null for none.
   * Until a client has proved its address by a connection id, no answer is longer than its request.
   * For a torrent that is not tracked yet, `later` receives the answer, if it is given.
   */
  answer(packet: Buffer, from: string, later?: (answer: Buffer | null) => void): Buffer | null {
    const client = plainAddress(from)
    const request = this.#reader.read(packet, client.includes(':'))
    const address = request === null ? null : parseAddress(from)
    if (request === null || address === null) return null
    const { ids } = this
    const { now, note } = this
    if (request.kind === 'connect') {
      note('connect')
      return formatConnected(request, ids.issue(address, now()))
    }
    try {
      if (!ids.accepts(packet, address, now())) {
        throw new TrackerRefusal(400, 'connect again')
      }
      if (request.kind === 'malformed') throw malformed(request.reason)
      const answer =
        request.kind === 'announce'
          ? this.#announce(request, client, address)
          : this.#scrape(request, client)
      note(request.kind)
      return answer
    } catch (error) {
      if (!(error instanceof UnknownTorrent) || later === undefined)
        return this.#refuse(error, request, packet)
      // A stranger's may have 64 KiB
      const kept = Buffer.from(packet.subarray(0, MOST_READ))
      void this.answers.rules.settled(client).then(() => {
        later(this.answer(kept, from))
      })
      return null
    }
  }

  #refuse(error: unknown, request: KnownRequest, { length }: Buffer): Buffer {
    if (!(error instanceof TrackerRefusal)) this.onError(error)
    const message = error instanceof TrackerRefusal ? error.message : 'internal error'
    this.note('refusal', message)
    return formatError(request, message, length)
  }

  #announce(request: UdpAnnounce, client: string, address: Uint8Array): Buffer {
    const isV6 = client.includes(':')
    const form = isV6 ? FORM6 : FORM4
    const from = { client, address, isOwn: true }
    const { answer, notes } = this.answers.announce(request, from, form)
    return formatAnnounced(request, answer, notes.interval, isV6 ? answer.peers6 : answer.peers4)
  }

  #scrape(request: UdpScrape, client: string): Buffer {
    const counts = this.answers.scrape(request.infoHashes, client)
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

/** The length of a period in seconds. */
const PERIOD = 60

/**
 * The periods, from the current one, whose ids are valid: for at least two minutes (BEP 15). The
 * clock of a tracker with the same secret may be ahead, so its ids of the next period are valid,
 * too.
 */
const VALID = [0, -1, -2, 1]

/** Size of the secret in bytes. */
export const ID_SECRET = 32

const ID_SIZE = 8

/**
 * Connection ids of UDP (BEP 15). They prove that a client can receive packets at its address. An
 * id is the address encrypted with a key of its period, so no state is kept. An address is one
 * block of AES; a hash for each announce would take as long as the rest of the announce.
 */
export class ConnectionIds {
  readonly #ciphers = new LRUCache<number, Cipher>({ max: 4 })

  /** `secret` has `ID_SECRET` random bytes. */
  constructor(private readonly secret: Uint8Array) {}

  /** Issues the id for an address of 16 bytes at a time in seconds. The id has eight bytes. */
  issue(address: Uint8Array, second: number): Uint8Array {
    return this.#idOf(address, Math.floor(second / PERIOD)).subarray(0, ID_SIZE)
  }

  /** Whether the bytes begin with a valid id of this address. */
  accepts(packet: Uint8Array, address: Uint8Array, second: number): boolean {
    const period = Math.floor(second / PERIOD)
    if (packet.length < ID_SIZE) return false
    return VALID.some((each) => beginsAlike(packet, this.#idOf(address, period + each)))
  }

  /** Encrypts an address; the first bytes are the id. */
  #idOf(address: Uint8Array, period: number): Uint8Array {
    let cipher = this.#ciphers.get(period)
    if (cipher === undefined) {
      const key = createHmac('sha256', this.secret).update(`${period}\n`).digest()
      cipher = createCipheriv('aes-256-ecb', key, null)
      this.#ciphers.set(period, cipher)
    }
    return cipher.update(address)
  }
}

/** Compares the bytes of an id, in a time that does not depend on them. */
function beginsAlike(packet: Uint8Array, id: Uint8Array): boolean {
  let difference = 0
  for (let at = 0; at < ID_SIZE; at += 1) difference |= (packet[at] ?? 0) ^ (id[at] ?? 0)
  return difference === 0
}
