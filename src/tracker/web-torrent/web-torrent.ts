import { randomInt } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { WebSocket, WebSocketServer } from 'ws'
import type { ClientAddresses } from '../../server/connections/client-address.js'
import { type ConnectionLimits, Shares } from '../../server/connections/connection-limits.js'
import type { ServerContext } from '../../server/context.js'
import { originForm, splitTarget } from '../../server/headers/target.js'
import type { AnnounceForm, TrackerAnswers } from '../answers/tracker-answers.js'
import { ROUTES } from '../http/tracker-routes.js'
import { TrackerRefusal, UnknownTorrent, malformed } from '../protocol/refusal.js'
import { type WebMessage, readWebMessage } from '../protocol/web-messages.js'

/** The largest message in bytes. An offer has some hundred to some thousand. */
const MAX_MESSAGE = 64 * 1024

/** Milliseconds between two checks of a connection: see `check`. */
const CHECK_PERIOD = 30_000

/** Messages and offers that a connection may send at once, and each second from then on. */
const BURST = 2000
const PER_SECOND = 100

/** Connections that may have unread messages, of up to some 200 KiB each; beyond, the first is closed. */
const MOST_SLOW = 256

const FORM: AnnounceForm = { wantsIds: false, wantsBothFamilies: false, maxPeers: 0 }

/** A peer of a torrent. */
interface Member {
  readonly infoHash: string
  readonly peerId: string
  readonly link: Link
  isComplete: boolean
  /** Milliseconds at its last announce. */
  heard: number
  /** Its place in its swarm. */
  place: number
}

/** A connection of a client. */
class Link extends WebSocket {
  socket: Socket | null = null
  /** The client's address; null on a Unix socket. */
  client: string | null = null
  /** Its peers, usually one for each torrent. */
  readonly members = new Set<Member>()
  /** Whether anything came since the last check. */
  isHeard = false
  checkedAt = 0
  credit = BURST
  creditedAt = 0
}

interface WebTorrentParts extends Pick<ServerContext, 'onError' | 'monotonic'> {
  readonly answers: TrackerAnswers
  readonly clientAddresses: Pick<ClientAddresses, 'of' | 'keyOf'>
  /** Limits of the connections that it takes. */
  readonly limits: Pick<ConnectionLimits, 'all' | 'perClient' | 'perNetwork'>
  /** Seconds after its last announce until a peer expires. */
  readonly peerTimeout: number
  readonly note: (answered: 'announce' | 'scrape' | 'refusal') => void
}

/**
 * Answers WebTorrent clients over WebSocket, and hands on the offers and answers by which they connect to
 * each other. The swarms with the counts are the store's.
 */
export class WebTorrent {
  readonly #server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE,
    WebSocket: Link,
  })
  /** The connections; the one to check next is first. */
  readonly #links = new Set<Link>()
  readonly #slow = new Set<Link>()
  /** By info hash and peer id. */
  readonly #members = new Map<string, Member>()
  /** By info hash. */
  readonly #swarms = new Map<string, Member[]>()
  readonly #shares: Shares
  /** In the store, it tells these peers from those of other wires with the same id. */
  readonly #key = randomInt(1, 2 ** 32)
  readonly #timer = setInterval(() => {
    this.check()
  }, 1000).unref()
  #isClosed = false

  constructor(private readonly parts: WebTorrentParts) {
    this.#shares = new Shares(parts.limits)
  }

  /** Takes a connection that asks for WebSocket at an announce URL. Returns false for any other. */
  readonly upgrade = (request: IncomingMessage, socket: Socket, head: Buffer): boolean => {
    const [path] = splitTarget(originForm(request.url ?? ''))
    const isWebSocket = request.headers.upgrade?.toLowerCase() === 'websocket'
    if (!isWebSocket || ROUTES.get(path) !== 'announce' || this.#isClosed) return false
    const { clientAddresses } = this.parts
    const share = clientAddresses.keyOf(request)
    if (!this.#shares.take(share)) {
      socket.destroy()
      return true
    }
    const client = clientAddresses.of(request)
    socket.once('close', () => {
      this.#shares.give(share)
    })
    // Set on a client that does not read: see closeStalled
    socket.on('timeout', () => socket.destroy())
    this.#server.handleUpgrade(request, socket, head, (link) => {
      this.#follow(Object.assign(link, { client, socket }))
    })
    return true
  }

  #follow(link: Link): void {
    link.checkedAt = link.creditedAt = this.parts.monotonic()
    this.#links.add(link)
    link.on('message', (bytes) => {
      link.isHeard = true
      if (link.readyState === WebSocket.OPEN) this.#receive(link, bytes as Buffer)
    })
    link.on('pong', () => {
      link.isHeard = true
    })
    link.on('close', () => {
      this.#leave(link)
    })
    // A message that breaks the protocol ends the connection
    link.on('error', ignore)
  }

  #receive(link: Link, bytes: Buffer): void {
    let message: WebMessage | null = null
    try {
      message = readWebMessage(bytes)
      this.#charge(link, 1 + message.offers.length)
      this.#answer(link, message)
    } catch (error) {
      if (message !== null && error instanceof UnknownTorrent)
        void this.#answerSettled(link, message, error)
      else this.#refuse(link, message, error)
    }
  }

  /** Answers again if the torrent may have come since. */
  async #answerSettled(link: Link, message: WebMessage, refusal: UnknownTorrent): Promise<void> {
    try {
      if (!(await this.parts.answers.rules.settled())) throw refusal
      if (this.#links.has(link)) this.#answer(link, message)
    } catch (error) {
      this.#refuse(link, message, error)
    }
  }

  #charge(link: Link, cost: number): void {
    const now = this.parts.monotonic()
    const earned = ((now - link.creditedAt) / 1000) * PER_SECOND
    link.credit = Math.min(BURST, link.credit + earned) - cost
    link.creditedAt = now
    if (link.credit < 0) throw malformed('too many messages')
  }

  #refuse(link: Link, message: WebMessage | null, error: unknown): void {
    const isRefusal = error instanceof TrackerRefusal
    if (!isRefusal) this.parts.onError(error)
    this.parts.note('refusal')
    const { action = 'announce', infoHashes: [hash] = [] } = message ?? {}
    const reason = isRefusal ? error.message : 'internal error'
    const retry = isRefusal && error.retryIn !== null ? { 'retry in': error.retryIn } : {}
    this.#send(link, { action, info_hash: hash, 'failure reason': reason, ...retry })
    if (link.credit < 0) link.close(1008)
  }

  #answer(link: Link, message: WebMessage): void {
    if (message.action === 'scrape') this.#scrape(link, message)
    else if (message.to === null) this.#announce(link, message)
    else this.#handBack(link, message, message.to)
  }

  #scrape(link: Link, { action, infoHashes }: WebMessage): void {
    const { answers, note } = this.parts
    const counts = answers.scrape(infoHashes.map(bytesOf), link.client)
    const files = infoHashes.flatMap((hash, n) => {
      const { complete, incomplete, downloaded } = counts[n] ?? {}
      return counts[n] ? [[hash, { complete, incomplete, downloaded }]] : []
    })
    const flags = { min_request_interval: answers.rules.minInterval }
    this.#send(link, { action, files: Object.fromEntries(files) as object, flags })
    note('scrape')
  }

  #announce(link: Link, message: WebMessage): void {
    const { action, peerId, event, isComplete, offers } = message
    const [infoHash = ''] = message.infoHashes
    const { answers, monotonic, note } = this.parts
    const known = this.#members.get(infoHash + peerId)
    // A client that has lost its connection comes back with another one
    if (known && known.link !== link && known.link.client !== link.client)
      throw new TrackerRefusal(200, 'this peer id belongs to another connection')
    const from = { client: link.client, address: null, isOwn: true }
    const peer = { ...this.#peer(infoHash, peerId), event, isComplete, wanted: 0, claimed: null }
    const { answer, notes } = answers.announce(peer, from, FORM)
    const { complete, incomplete } = answer
    const warning = notes.warning === null ? {} : { 'warning message': notes.warning }
    const { interval } = notes
    this.#send(link, { action, info_hash: infoHash, interval, complete, incomplete, ...warning })
    note('announce')
    if (known && (known.link !== link || event === 'stopped')) this.#forget(known)
    if (event === 'stopped') return
    const member = known?.link === link ? known : this.#join({ infoHash, peerId, link })
    Object.assign(member, { isComplete, heard: monotonic() })
    const others = this.#choose(member, offers.length)
    others.forEach((other, n) => {
      this.#handOn(member, other, 'offer', offers[n])
    })
  }

  #handBack(link: Link, { infoHashes: [infoHash = ''], peerId, offers }: WebMessage, to: string) {
    this.parts.answers.require(bytesOf(infoHash), link.client)
    const member = this.#members.get(infoHash + peerId)
    if (member?.link !== link) throw malformed('announce first')
    const other = this.#members.get(infoHash + to)
    if (other) this.#handOn(member, other, 'answer', offers[0])
  }

  /** Hands something to a peer, unless the peer does not read. */
  #handOn(
    { infoHash, peerId }: Member,
    { link }: Member,
    type: 'offer' | 'answer',
    offer: WebMessage['offers'][number] | undefined,
  ): void {
    if (link.socket?.writableNeedDrain !== false || !offer) return
    const { offer_id, sdp } = offer
    const from = { action: 'announce', info_hash: infoHash, peer_id: peerId, offer_id }
    this.#send(link, { ...from, [type]: { type, sdp } })
  }

  /** Sends a message. Until it is read, no more messages of the connection are. */
  #send(link: Link, message: object): void {
    const { socket } = link
    link.send(JSON.stringify(message), ignore)
    if (!socket?.writableNeedDrain || this.#slow.has(link)) return
    this.#slow.add(link)
    link.pause()
    socket.once('drain', () => {
      this.#slow.delete(link)
      link.resume()
    })
    const [first] = this.#slow
    if (this.#slow.size > MOST_SLOW) first?.terminate()
  }

  /** The fields by which the store knows a peer. */
  #peer(infoHash: string, peerId: string) {
    return { infoHash: bytesOf(infoHash), peerId: bytesOf(peerId), port: 0, key: this.#key }
  }

  #join(found: Pick<Member, 'infoHash' | 'peerId' | 'link'>): Member {
    const swarm = this.#swarms.get(found.infoHash) ?? []
    this.#swarms.set(found.infoHash, swarm)
    const member = { ...found, isComplete: false, heard: 0, place: swarm.length }
    swarm.push(member)
    this.#members.set(found.infoHash + found.peerId, member)
    found.link.members.add(member)
    return member
  }

  #forget(member: Member): void {
    const { infoHash, peerId, link, place } = member
    const swarm = this.#swarms.get(infoHash)
    const last = swarm?.pop()
    link.members.delete(member)
    this.#members.delete(infoHash + peerId)
    if (swarm?.length === 0) this.#swarms.delete(infoHash)
    if (!swarm || !last || last === member) return
    last.place = place
    swarm[place] = last
  }

  /** Chooses other members of a swarm from a random place on, no seeds for a seed. */
  #choose(self: Member, wanted: number): Member[] {
    const swarm = this.#swarms.get(self.infoHash) ?? []
    // Of a large swarm, some may be the wrong ones
    const most = Math.min(swarm.length, 4 * wanted)
    const start = Math.floor(Math.random() * swarm.length)
    const found = Array.from({ length: most }, (_, n) => swarm[(start + n) % swarm.length] ?? self)
    const isOther = (each: Member) => each !== self && !(each.isComplete && self.isComplete)
    return found.filter(isOther).slice(0, wanted)
  }

  /**
   * Checks the connections of which it is time. Closes those that answered no ping or have no peer that still
   * announces, and those of clients that may not ask any more.
   */
  check(): void {
    const { answers, monotonic, peerTimeout } = this.parts
    const now = monotonic()
    for (const link of this.#links) {
      if (link.checkedAt > now - CHECK_PERIOD) break
      link.checkedAt = now
      this.#links.delete(link)
      this.#links.add(link)
      for (const member of link.members) {
        if (member.heard < now - 1000 * peerTimeout) this.#forget(member)
      }
      const isWelcome = link.members.size > 0 && answers.rules.permits(link.client)
      if (link.isHeard && isWelcome) link.ping()
      else link.terminate()
      link.isHeard = false
    }
  }

  /** Removes the peers of a connection, also from the store. */
  #leave(link: Link): void {
    this.#links.delete(link)
    this.#slow.delete(link)
    for (const member of link.members) {
      this.#forget(member)
      this.parts.answers.leave(this.#peer(member.infoHash, member.peerId), link.client)
    }
  }

  /** Closes all connections. */
  close(): void {
    this.#isClosed = true
    clearInterval(this.#timer)
    for (const link of this.#links) {
      this.#leave(link)
      link.close(1001)
      link.terminate()
    }
  }
}

function bytesOf(binary: string): Buffer {
  return Buffer.from(binary, 'latin1')
}

const ignore = () => undefined
