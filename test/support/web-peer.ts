import { once } from 'node:events'
import type { TestContext } from 'node:test'
import { type ClientOptions, WebSocket } from 'ws'

/** A message of a tracker over WebSocket, as bittorrent-tracker's client reads it. */
export interface WebAnswer {
  readonly action: string
  readonly info_hash?: string
  readonly interval?: number
  readonly complete?: number
  readonly incomplete?: number
  readonly peer_id?: string
  readonly offer_id?: string
  readonly offer?: { readonly type: string; readonly sdp: string }
  readonly answer?: { readonly type: string; readonly sdp: string }
  readonly files?: Record<string, unknown>
  readonly 'failure reason'?: string
  readonly 'warning message'?: string
}

/** A connection of a WebTorrent client to a tracker. */
export interface WebPeer {
  readonly socket: WebSocket
  /** The next message that was not asked for before. */
  readonly next: () => Promise<WebAnswer>
  /** How many messages came that were not asked for. */
  readonly unread: () => number
  readonly send: (fields: object) => void
  /** Sends something, and resolves with the next message. */
  readonly ask: (fields: object) => Promise<WebAnswer>
  /** The status with which the tracker closes the connection. */
  readonly closed: Promise<number>
}

/** Connects to a tracker until the test ends. */
export async function connectWebPeer(
  t: TestContext,
  url: string,
  options: ClientOptions = {},
): Promise<WebPeer> {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), options)
  t.after(() => {
    socket.terminate()
  })
  const messages: WebAnswer[] = []
  const waiting: ((message: WebAnswer) => void)[] = []
  socket.on('message', (bytes: Buffer) => {
    const message = JSON.parse(bytes.toString()) as WebAnswer
    const taker = waiting.shift()
    if (taker) taker(message)
    else messages.push(message)
  })
  const closed = new Promise<number>((resolve) => {
    socket.once('close', resolve)
  })
  await once(socket, 'open')
  // From now on, an error ends the connection, and no test
  socket.on('error', () => undefined)
  const next = () => {
    const message = messages.shift()
    if (message) return Promise.resolve(message)
    return new Promise<WebAnswer>((resolve) => waiting.push(resolve))
  }
  const send = (fields: object) => {
    socket.send(JSON.stringify(fields))
  }
  const ask = (fields: object) => {
    send(fields)
    return next()
  }
  return { socket, next, unread: () => messages.length, send, ask, closed }
}

/** Bytes as JSON has them. */
export function binary(hex: string): string {
  return Buffer.from(hex, 'hex').toString('latin1')
}

/** The fields of an announce; the peer id is made of a name. */
export function webAnnounce(infoHash: string, peer: string, fields: object = {}) {
  return {
    action: 'announce',
    info_hash: binary(infoHash),
    peer_id: idOf(peer),
    left: 1,
    ...fields,
  }
}

/** Offers with these ids. */
export function offersOf(...ids: string[]) {
  return ids.map((id) => ({ offer_id: id, offer: { type: 'offer', sdp: `v=0 of ${id}` } }))
}

export function idOf(peer: string): string {
  return peer.padEnd(20, '-')
}
