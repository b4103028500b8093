import DHT from 'bittorrent-dht'
import type { RemoteInfo, Socket } from 'node:dgram'
import { EventEmitter } from 'node:events'
import { valueOr } from '../../base/errors.js'
import { encodeBencode } from '../../metainfo/bencode/encode.js'
import { readBencode } from '../../metainfo/bencode/read.js'
import { isByteString, type BencodeDict, type BencodeValue } from '../../metainfo/bencode/value.js'
import { infoHashOfBytes } from '../../metainfo/info-hash.js'
import { Reach, reachOf } from '../../core/remote/address-reach.js'
import { PacketLimit } from './packet-limit.js'
import type { PeerAddress, Seeder } from './seeder.js'

/** Limits of a packet. */
const LIMITS = { maxSize: 4096, maxDepth: 5, maxValues: 1000 }

/**
 * Packets that are read in a second, in all and of an address; a flood must not keep peers waiting.
 */
const PER_SECOND = 1000
const PER_SENDER = 100

/** Limits of a packet of the package itself, which names all nodes and peers that it knows. */
const OWN_LIMITS = { maxSize: 256 * 1024, maxDepth: 5, maxValues: 10_000 }

/** Most nodes (BEP 5) and peers in an answer: a query from a forged address must not grow. */
const MOST_NODES = 8
const MOST_VALUES = 25

/** Peers of others' torrents that are remembered for the DHT. */
const MOST_PEERS = 1000

/** Milliseconds between announces of one torrent, and between any two. */
const INTERVAL = 25 * 60_000
const PAUSE = 500

/** The nodes to begin with, as `host:port`; without any the public ones. Tests have their own. */
export const dhtStart: { bootstrap?: readonly string[] } = {}

/** A node that answered; null stands for this one. */
interface Node {
  readonly address?: string
  readonly host?: string
}

/** Announces public torrents in the DHT (BEP 5), one after the other. */
export class DhtAnnouncer {
  readonly #dht: DHT
  readonly #timer: NodeJS.Timeout
  /** When each torrent was announced last, the longest ago first. */
  readonly #announced = new Map<string, number>()
  #isBusy = false

  constructor(
    private readonly seeder: Seeder,
    socket: Socket,
  ) {
    this.#dht = new DHT({ socket: new CheckedSocket(socket), maxPeers: MOST_PEERS, ...dhtStart })
    // Nodes that do not answer, for example
    this.#dht.on('warning', () => undefined)
    this.#dht.on('error', () => undefined)
    this.#dht.on('peer', ({ host, port }: PeerAddress, infoHash: Uint8Array, from: Node | null) => {
      const source = from?.address ?? from?.host ?? host
      const least = Math.max(Reach.privateNetwork, reachOf(source))
      seeder.dialPublic(infoHashOfBytes(infoHash), { host, port }, least)
    })
    this.#timer = setInterval(() => {
      this.#announceNext()
    }, PAUSE).unref()
  }

  /** Announces all torrents again: the port outside is another one. */
  announceAgain(): void {
    this.#announced.clear()
  }

  close(): Promise<void> {
    clearInterval(this.#timer)
    return new Promise((resolve) => {
      this.#dht.destroy(resolve)
    })
  }

  #announceNext(): void {
    if (this.#isBusy || this.#dht.nodes.count() === 0) return
    const now = this.seeder.monotonic()
    for (const [hash, at] of this.#announced) {
      if (now - at < INTERVAL) break
      this.#announced.delete(hash)
    }
    for (const hash of this.seeder.publicHashes()) {
      if (this.#announced.has(hash)) continue
      this.#announced.set(hash, now)
      this.#isBusy = true
      this.#dht.announce(hash, this.seeder.outerPort, () => {
        this.#isBusy = false
      })
      return
    }
  }
}

/**
 * The socket of the DHT's package, which decodes packets without care: a few bytes of a stranger
 * made it loop for ever. It gets only packets that were read and encoded here.
 */
class CheckedSocket extends EventEmitter {
  readonly #limit = new PacketLimit(PER_SECOND, PER_SENDER)

  constructor(private readonly socket: Socket) {
    super()
    socket.on('message', (packet, from) => {
      this.#take(packet, from)
    })
  }

  address(): ReturnType<Socket['address']> {
    return this.socket.address()
  }

  send(...packet: [Uint8Array, number, number, number, string, () => void]): void {
    const [bytes, from, length, port, host, done] = packet
    try {
      this.socket.send(shorten(bytes.subarray(from, from + length)), port, host, done)
    } catch {
      // It has been closed; or a node has named a port that is none
    }
  }

  /** The socket belongs to the port, which closes it. */
  close(): void {
    process.nextTick(() => this.emit('close'))
  }

  #take(packet: Buffer, from: RemoteInfo): void {
    // Others on this port begin with another letter
    if (packet[0] !== DICTIONARY || !this.#limit.take(from.address)) return
    const message = checkPacket(packet)
    if (message) this.emit('message', message, from)
  }
}

/** Returns an answer of the package with the nodes and peers that one small packet has. */
function shorten(packet: Uint8Array): Uint8Array {
  const message = valueOr(null, () => readBencode(packet, OWN_LIMITS).value)
  const answer = message instanceof Map ? message.get('r') : null
  if (!(message instanceof Map) || !(answer instanceof Map)) return packet
  const [nodes, values] = [answer.get('nodes'), answer.get('values')]
  if (isByteString(nodes)) answer.set('nodes', nodes.subarray(0, MOST_NODES * NODE))
  if (Array.isArray(values)) answer.set('values', values.slice(0, MOST_VALUES))
  return encodeBencode(message)
}

/** The first byte of a packet of the DHT: `d`. */
const DICTIONARY = 0x64

/**
 * Returns a packet (BEP 5) with all that is known of its kind, each part of it checked; null for
 * any other.
 */
function checkPacket(packet: Uint8Array): Buffer | null {
  const message = valueOr(null, () => readBencode(packet, LIMITS).value)
  if (!(message instanceof Map)) return null
  const rules = KINDS.get(textOf(message.get('y')))?.(message) ?? null
  const known = rules && checkDict(message, rules)
  return known ? Buffer.from(encodeBencode(known)) : null
}

/** Returns what may stand in the place of a value; null if it may not stand there. */
type Check = (value: BencodeValue) => BencodeValue | null

/** The values of a dictionary by key, and whether each must be there. */
type Rules = Readonly<Record<string, readonly [check: Check, isNeeded: boolean]>>

const bytes = (least: number, most = least): Check => {
  return (value) => {
    const isFit = isByteString(value) && value.length >= least && value.length <= most
    return isFit ? value : null
  }
}

const integer = (most: number): Check => {
  return (value) => (typeof value === 'number' && value >= 0 && value <= most ? value : null)
}

/** A list, without the parts that may not stand there. */
const list = (check: Check): Check => {
  return (value) => {
    return Array.isArray(value) ? value.filter((each) => check(each) !== null) : null
  }
}

const dict = (rules: Rules): Check => {
  return (value) => (value instanceof Map ? checkDict(value, rules) : null)
}

const [ID, TOKEN] = [bytes(20), bytes(1, 128)]

/** Bytes of a node in a list of nodes. */
const NODE = 26

const NODES: Check = (value) => {
  return isByteString(value) ? value.subarray(0, value.length - (value.length % NODE)) : null
}

/** The arguments of queries. */
const QUERIES: Readonly<Record<string, Rules>> = {
  ping: { id: [ID, true] },
  find_node: { id: [ID, true], target: [ID, true] },
  get_peers: { id: [ID, true], info_hash: [ID, true] },
  announce_peer: {
    id: [ID, true],
    info_hash: [ID, true],
    token: [TOKEN, true],
    port: [integer(65_535), false],
    implied_port: [integer(1), false],
  },
}

const ANSWER: Rules = {
  id: [ID, true],
  token: [TOKEN, false],
  nodes: [NODES, false],
  // Addresses of IPv6 have 18 bytes; a node of IPv4 cannot reach them
  values: [list(bytes(6)), false],
}

const COMMON: Rules = { t: [bytes(1, 32), true], y: [bytes(1), true] }

/** The parts of a message, by its kind. */
const KINDS = new Map<string, (message: BencodeDict) => Rules | null>([
  ['q', rulesOfQuery],
  ['r', () => ({ ...COMMON, r: [dict(ANSWER), true] })],
  ['e', () => COMMON],
])

function rulesOfQuery(message: BencodeDict): Rules | null {
  const name = textOf(message.get('q'))
  const rules = Object.hasOwn(QUERIES, name) ? QUERIES[name] : undefined
  return rules ? { ...COMMON, q: [bytes(1, 20), true], a: [dict(rules), true] } : null
}

function checkDict(value: BencodeDict, rules: Rules): BencodeDict | null {
  const known: BencodeDict = new Map()
  for (const [key, [check, isNeeded]] of Object.entries(rules)) {
    const given = value.get(key)
    const checked = given === undefined ? null : check(given)
    if (checked !== null) known.set(key, checked)
    else if (isNeeded || given !== undefined) return null
  }
  return known
}

function textOf(value: BencodeValue | undefined): string {
  return isByteString(value) ? Buffer.from(value).toString('latin1') : ''
}
