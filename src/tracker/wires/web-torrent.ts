import { randomInt } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { WebSocket, WebSocketServer } from 'ws'
import type { ClientAddresses } from '../../server/connections/client-address.js'
import { type ShareLimits, Shares } from '../../server/connections/connection-limits.js'
import { Intake } from '../../server/connections/intake.js'
import { UnreadBytes } from '../../server/connections/unread-bytes.js'
import type { ServerContext } from '../../server/context.js'
import { splitTarget } from '../../server/headers/target.js'
import type { AnnounceForm, TrackerAnswers } from '../answers/tracker-answers.js'
import { ROUTES } from './tracker-routes.js'
import { TrackerRefusal, UnknownTorrent, malformed } from '../answers/refusal.js'
import {
  type WebAnnounce,
  type WebMessage,
  type WebOffer,
  type WebScrape,
  bytesOf,
  readWebMessage,
} from './web-messages.js'
import { type Member, noteOffer, takeOffer, WebSwarms } from './web-swarms.js'

/** The largest message in bytes. An offer has some hundred to some thousand. */
const MAX_MESSAGE = 64 * 1024

/** Most frames of a message. libtorrent sends 4 KiB in each. */
const MAX_FRAMES = 32

/** Most packets of a frame: networks carry at least 536 bytes in each. */
const MAX_PACKETS = 128

/** Milliseconds that a client has to close its side. The types do not know this option. */
const CLOSING = { closeTimeout: 1000 }

/** Milliseconds between two checks of a connection: see `check`. */
const CHECK_PERIOD = 30_000

/**
 * Bytes of a connection that are read in one turn of its client: hundreds of the shortest messages.
 */
const SLICE = 2048

/** Milliseconds for a pong before another connection of the client may take over a peer id. */
const PATIENCE = 5000

/** Most connections that are checked in a second: all in a period. */
const MOST_CHECKED = 1000

/**
 * Connections that may have unread messages, of up to some 200 KiB each; beyond, the first is
 * closed.
 */
const MOST_SLOW = 256

/** Bytes that wait or begin a message, for each connection that there may be on average. */
const UNREAD = 2048

/** The property of a socket that has the key of its client. */
const CLIENT = Symbol('client')
type OfClient = Socket & { [CLIENT]?: string | null }

const FORM: AnnounceForm = { wantsIds: false, wantsBothFamilies: false, maxPeers: 0 }

/** A connection of a client. */
class Link extends WebSocket {
  socket: Socket | null = null
  /** The client's address; null on a Unix socket. */
  client: string | null = null
  /** The key under which its connections are counted; null if they are not limited. */
  share: string | null = null
  /** Its peers, usually one for each torrent. */
  readonly members = new Set<Member<Link>>()
  /** Milliseconds when something came last, when it was asked for a pong, and when checked. */
  heardAt = 0
  askedAt = 0
  checkedAt = 0
  /** Bytes that came and wait for turns of the client. */
  intake: Intake<Socket> | null = null
  /** Bytes that were read since the last message ended. */
  begun = 0
  /** Messages that wait until it is known whether a torrent has come; null if none does. */
  waiting: Buffer[] | null = null

  /** Whether it closes, or has not answered the last ping for a while. */
  isLost(now: number): boolean {
    const isSilent = this.heardAt < this.askedAt && now >= this.askedAt + PATIENCE
    return this.readyState !== WebSocket.OPEN || (isSilent && this.waiting === null)
  }
}

const TAKEN = 'this peer id belongs to another connection'

/** A peer id is that of another connection of the client, which may be lost. */
class TakenId extends TrackerRefusal {
  constructor(readonly by: Link) {
    super(200, TAKEN)
  }
}

interface WebTorrentParts extends Pick<ServerContext, 'onError' | 'monotonic'> {
  readonly answers: TrackerAnswers
  readonly clientAddresses: Pick<ClientAddresses, 'of' | 'keyOf'>
  /** Limits of the connections that it takes. */
  readonly limits: ShareLimits
  /** Seconds after its last announce until a peer expires. */
  readonly peerTimeout: number
  readonly note: (answered: 'announce' | 'scrape' | 'refusal', reason?: string) => void
}

/**
 * Answers WebTorrent clients, and hands on the offers and answers by which they connect to each
 * other.
 */
export class WebTorrent {
  readonly #server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE,
    maxFragments: MAX_FRAMES,
    maxBufferedChunks: MAX_PACKETS,
    ...CLOSING,
    WebSocket: Link,
  })
  /** The connections; the one to check next is first. */
  readonly #links = new Set<Link>()
  readonly #slow = new Set<Link>()
  /** The bytes of all connections that wait or begin a message. */
  readonly #unread: UnreadBytes
  /** Continue what waits until it is known whether a connection is lost. */
  readonly #doubted = new Map<Link, (() => void)[]>()
  readonly #swarms: WebSwarms<Link>
  /** Counts the connections of each client. */
  readonly #shares: Shares
  /** In the store, it tells these peers from those of other wires with the same id. */
  readonly #key = randomInt(1, 2 ** 32)
  readonly #timer = setInterval(() => {
    this.check()
  }, 1000).unref()
  #isClosed = false

  constructor(private readonly parts: WebTorrentParts) {
    const all = UNREAD * parts.limits.all
    const keyOf = (socket: OfClient) => socket[CLIENT] ?? null
    this.#unread = new UnreadBytes(keyOf, { all, perClient: all })
    this.#shares = new Shares(parts.limits)
    this.#swarms = new WebSwarms(parts.limits)
  }

  /**
   * Takes a connection that asks for WebSocket at an announce URL. Returns false for any other. One
   * of a client that lets too many bytes wait stays unanswered for a while, because another would
   * come as soon as it closes.
   */
  readonly upgrade = (request: IncomingMessage, socket: OfClient, head: Buffer): boolean => {
    const [path] = splitTarget(request.url ?? '')
    const isWebSocket = request.headers.upgrade?.toLowerCase() === 'websocket'
    if (!isWebSocket || ROUTES.get(path) !== 'announce' || this.#isClosed) return false
    const { clientAddresses } = this.parts
    const share = (socket[CLIENT] = clientAddresses.keyOf(request))
    if (!this.#shares.take(share)) {
      socket.destroy()
      return true
    }
    const client = clientAddresses.of(request)
    const before = this.#links.size
    this.#server.handleUpgrade(request, socket, head, (link) => {
      this.#follow(Object.assign(link, { socket, client, share }))
    })
    if (this.#links.size === before) this.#shares.give(share)
    return true
  }

  #follow(link: Link): void {
    const { monotonic } = this.parts
    link.checkedAt = link.askedAt = link.heardAt = monotonic()
    this.#links.add(link)
    const { socket } = link
    // Messages from before the end of a connection are not read
    socket?.prependListener('close', socket.read.bind(socket, undefined))
    // Set on a client that does not read: see closeStalled
    socket?.on('timeout', () => socket.destroy())
    if (socket) this.#readInTurns(link, socket)
    const hear = () => {
      link.heardAt = Math.max(monotonic(), link.askedAt)
      this.#decide(link)
    }
    link.on('message', (bytes) => {
      hear()
      link.begun = 0
      if (link.waiting) link.waiting.push(bytes as Buffer)
      else this.#receive(link, bytes as Buffer)
    })
    link.on('ping', hear).on('pong', hear)
    link.on('close', () => {
      this.#leave(link)
    })
    // A message that breaks the protocol ends the connection
    link.on('error', ignore)
  }

  /** Reads what comes, but nothing while the connection waits for something else. */
  #readInTurns(link: Link, socket: Socket): void {
    const [take = ignore] = socket.listeners('data') as ((bytes: Buffer) => void)[]
    socket.off('data', take).on('data', (bytes: Buffer) => {
      if (link.readyState !== WebSocket.OPEN) return
      link.begun += bytes.length
      // A copy: a fragment of a message would keep all that came with it in memory
      take.call(socket, Buffer.from(bytes))
      this.#count(link)
    })
    link.intake = new Intake(socket, link.share ?? socket, {
      portionOf: ({ length }) => {
        if (link.readyState !== WebSocket.OPEN) return length
        return link.waiting || this.#slow.has(link) ? 0 : Math.min(length, SLICE)
      },
      count: () => {
        this.#count(link)
      },
    })
  }

  /** Reads on, unless the connection waits for something else, too. */
  #goOn(link: Link): void {
    if (link.waiting || this.#slow.has(link)) return
    if (link.isPaused) link.resume()
    link.intake?.goOn()
  }

  /** Counts what is unread of a connection. */
  #count({ intake, begun, socket }: Link): void {
    if (!socket || socket.destroyed) return
    const waiting = (intake?.unread.length ?? 0) + begun
    this.#unread.hold(socket, socket, { body: null, waiting })
  }

  /**
   * Answers a message; one about an unknown torrent only when it is known whether that has come,
   * and one of a client that may have lost its connection only when that is known.
   */
  #receive(link: Link, text: Buffer, isLast = false): void {
    if (link.readyState !== WebSocket.OPEN) return
    let message: WebMessage | null = null
    try {
      message = readWebMessage(text, this.#key)
      if (message.action === 'scrape') this.#scrape(link, message)
      else if (message.to === null) this.#announce(link, message)
      else this.#handBack(link, message, message.to)
    } catch (error) {
      if (!isLast && error instanceof UnknownTorrent)
        void this.#receiveAfter(this.parts.answers.rules.settled(link.client), link, text)
      else if (!isLast && error instanceof TakenId)
        void this.#receiveAfter(this.#doubt(error.by), link, text)
      else this.#refuse(link, message, error)
    }
  }

  /** Answers a message, and those that were read with it, when something is known. */
  async #receiveAfter(known: Promise<unknown>, link: Link, text: Buffer): Promise<void> {
    link.pause()
    const messages = (link.waiting = [text])
    await known
    link.waiting = null
    for (const each of messages) this.#receive(link, each, true)
    this.#goOn(link)
  }

  /** Asks a connection for a pong. Resolves when that or its end has come, or is overdue. */
  #doubt(link: Link): Promise<void> {
    if (link.heardAt >= link.askedAt) {
      link.askedAt = Math.max(this.parts.monotonic(), link.heardAt + 1)
      link.ping()
    }
    return new Promise((resolve) => {
      this.#doubted.set(link, [...(this.#doubted.get(link) ?? []), resolve])
    })
  }

  #decide(link: Link): void {
    const waiting = this.#doubted.get(link) ?? []
    this.#doubted.delete(link)
    for (const resolve of waiting) resolve()
  }

  #refuse(link: Link, message: WebMessage | null, error: unknown): void {
    const refusal = error instanceof TrackerRefusal ? error : null
    if (!refusal) this.parts.onError(error)
    this.parts.note('refusal', refusal?.message ?? 'internal error')
    this.#send(link, {
      action: message?.action ?? 'announce',
      info_hash: message?.action === 'announce' ? message.hash : undefined,
      'failure reason': refusal?.message ?? 'internal error',
      'retry in': refusal?.retryIn ?? undefined,
    })
  }

  #scrape(link: Link, { action, hashes }: WebScrape): void {
    const { answers, note } = this.parts
    const files: Record<string, object> = {}
    answers.scrape(hashes.map(bytesOf), link.client).forEach((counts, n) => {
      const { complete, incomplete, downloaded } = counts ?? {}
      if (counts) files[hashes[n] ?? ''] = { complete, incomplete, downloaded }
    })
    this.#send(link, { action, files, flags: { min_request_interval: answers.rules.minInterval } })
    note('scrape')
  }

  #announce(link: Link, message: WebAnnounce): void {
    const { action, hash, id, event, isComplete, offers } = message
    const { answers, monotonic, note } = this.parts
    const known = this.#swarms.find(hash, id)
    // A client that has lost its connection comes back with another one
    const isOwn = known?.link.client === link.client
    if (known && known.link !== link && !(isOwn && known.link.isLost(monotonic())))
      throw isOwn ? new TakenId(known.link) : new TrackerRefusal(200, TAKEN)
    const from = { client: link.client, address: null, isOwn: true }
    const { answer, notes } = answers.announce(message, from, FORM)
    const isStaying = known?.link === link && event !== 'stopped'
    if (known && !isStaying) this.#swarms.forget(known)
    const member = event === 'stopped' ? null : isStaying ? known : this.#join(message, link)
    this.#send(link, {
      action,
      info_hash: hash,
      interval: notes.interval,
      complete: answer.complete,
      incomplete: answer.incomplete,
      'warning message': notes.warning ?? undefined,
    })
    note('announce')
    if (!member) return
    member.isComplete = isComplete
    member.heard = monotonic()
    for (const [n, other] of this.#swarms.choose(member, offers.length).entries()) {
      this.#handOn(member, other, 'offer', offers[n])
    }
  }

  #handBack(link: Link, { hash, id, infoHash, offers }: WebAnnounce, to: string): void {
    this.parts.answers.require(infoHash, link.client)
    const member = this.#swarms.find(hash, id)
    if (member?.link !== link) throw malformed('announce first')
    const other = this.#swarms.find(hash, to)
    const [answer] = offers
    if (answer && other && takeOffer(other, answer.offer_id, id, this.parts.monotonic()))
      this.#handOn(member, other, 'answer', answer)
  }

  /** Hands something to a peer, unless the peer does not read or may not ask any more. */
  #handOn(
    from: Member<Link>,
    { link, peerId }: Member<Link>,
    type: 'offer' | 'answer',
    offer?: WebOffer,
  ): void {
    if (link.socket?.writableNeedDrain !== false || !offer) return
    if (!this.parts.answers.rules.permits(link.client)) return
    const { infoHash: info_hash, peerId: peer_id } = from
    const { offer_id, sdp } = offer
    if (type === 'offer') noteOffer(from, offer_id, peerId, this.parts.monotonic())
    this.#send(link, { action: 'announce', info_hash, peer_id, offer_id, [type]: { type, sdp } })
  }

  /** Sends a message. Until it is read, no more messages of the connection are. */
  #send(link: Link, message: object): void {
    const { socket } = link
    if (!socket || link.readyState !== WebSocket.OPEN) return
    socket.write(frameOf(JSON.stringify(message)))
    if (!socket.writableNeedDrain || this.#slow.has(link)) return
    this.#slow.add(link)
    link.pause()
    socket.once('drain', () => {
      this.#slow.delete(link)
      this.#goOn(link)
    })
    const [first] = this.#slow
    if (this.#slow.size > MOST_SLOW) first?.terminate()
  }

  /** @throws TrackerRefusal if the client has too many peers */
  #join(announce: WebAnnounce, link: Link): Member<Link> {
    const member = this.#swarms.join(announce.hash, announce.id, link)
    if (member) return member
    this.parts.answers.leave(announce, link.client)
    throw new TrackerRefusal(200, 'too many peers at your address')
  }

  /**
   * Checks the connections of which it is time. Closes those that answered no ping or have no peer
   * that still announces, and those of clients that may not ask any more.
   */
  check(): void {
    const { answers, monotonic, peerTimeout } = this.parts
    const now = monotonic()
    for (const link of this.#doubted.keys()) if (now >= link.askedAt + PATIENCE) this.#decide(link)
    let left = MOST_CHECKED
    for (const link of this.#links) {
      if (link.checkedAt > now - CHECK_PERIOD || left-- === 0) break
      this.#links.delete(link)
      this.#links.add(link)
      for (const member of link.members) {
        if (member.heard < now - 1000 * peerTimeout) this.#swarms.forget(member)
      }
      const isWelcome = link.members.size > 0 && answers.rules.permits(link.client)
      // While a message waits, no pong is read
      if ((link.heardAt >= link.askedAt || link.waiting) && isWelcome) link.ping()
      else link.terminate()
      link.checkedAt = link.askedAt = now
    }
  }

  /** Removes the peers of a connection, also from the store. */
  #leave(link: Link): void {
    if (this.#links.delete(link)) this.#shares.give(link.share)
    this.#slow.delete(link)
    for (const member of link.members) {
      this.#swarms.forget(member)
      const [infoHash, peerId] = [bytesOf(member.infoHash), bytesOf(member.peerId)]
      this.parts.answers.leave({ infoHash, peerId, port: 0, key: this.#key }, link.client)
    }
    this.#decide(link)
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

/**
 * A frame with a text (RFC 6455). The package would write its head apart, which takes twice as
 * long.
 */
function frameOf(text: string): Buffer {
  const length = Buffer.byteLength(text)
  const head = length < 126 ? 2 : length < 65_536 ? 4 : 10
  const frame = Buffer.allocUnsafe(head + length)
  frame[0] = 0x81
  frame[1] = head === 2 ? length : head === 4 ? 126 : 127
  if (head === 4) frame.writeUInt16BE(length, 2)
  else if (head === 10) frame.writeBigUInt64BE(BigInt(length), 2)
  frame.write(text, head)
  return frame
}

const ignore = () => undefined
