import assert from 'node:assert/strict'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import type { TestContext } from 'node:test'
import { findFreePort, spawnOpentracker } from '../../support/opentracker.js'
import { makeSettableClock } from '../../support/settable-clock.js'
import { digestOf } from '../../tracker/swarms/store.js'
import { makeAnswers } from '../../tracker/tracker-parts.js'
import { announcePacket, connectPacket, scrapePacket } from '../../tracker/udp/packets.js'
import type { Step } from './histories.js'

/** A tracker that is spoken to over UDP, in the name of several hosts. */
export interface UdpTracker {
  readonly exchange: (packet: Buffer, host: number) => Promise<Buffer>
  /** The connection id of a host. */
  readonly idOf: (host: number) => Promise<Buffer>
  /** How answers spell the addresses of hosts, in hexadecimal. */
  readonly addresses: readonly string[]
}

/** A tracker's answer to an announce; peers as `host:port`, sorted. */
export interface Answer {
  readonly seeds: number
  readonly leechers: number
  readonly peers: readonly string[]
}

/** Asks for 200 peers, which is all: peers come from as many hosts, and torrents are many. */
export async function announce(tracker: UdpTracker, step: Step): Promise<Answer> {
  const id = await tracker.idOf(step.host)
  const { torrent, peer, port } = step
  const left = step.isSeed ? 0n : 1n
  const fields = { torrent, peer, port, left, event: step.event, wanted: 200 }
  const answer = await tracker.exchange(announcePacket(id, fields), step.host)
  assert.equal(answer.readUInt32BE(0), 1, answer.toString('latin1'))
  return {
    seeds: answer.readUInt32BE(16),
    leechers: answer.readUInt32BE(12),
    peers: peersOf(answer.subarray(20), tracker.addresses),
  }
}

/** The counts of torrents: seeds, downloads, leechers. */
export async function scrape(tracker: UdpTracker, torrents: readonly string[]): Promise<number[]> {
  const counts: number[] = []
  for (let at = 0; at < torrents.length; at += 50) {
    const id = await tracker.idOf(0)
    const packet = scrapePacket(id, torrents.slice(at, at + 50))
    const answer = await tracker.exchange(packet, 0)
    for (let word = 8; word < answer.length; word += 4) counts.push(answer.readUInt32BE(word))
  }
  return counts
}

function peersOf(bytes: Buffer, addresses: readonly string[]): string[] {
  const size = addresses[0]!.length / 2 + 2
  return Array.from({ length: bytes.length / size }, (_, n) => {
    const address = bytes.toString('hex', n * size, n * size + size - 2)
    return `${addresses.indexOf(address)}:${bytes.readUInt16BE(n * size + size - 2)}`
  }).sort()
}

/** Amid a minute, so that no second that passes begins another. */
const START = 1_000_000_110

export interface OpentrackerWish {
  readonly torrents: readonly string[]
  readonly hosts: number
  /** How long it may run, in milliseconds. */
  readonly timeout: number
}

/**
 * An opentracker that runs until the test ends, spoken to from several addresses of loopback. Its
 * clock stands still until the test sets it; `advance` is null where it could not be taken hold of.
 */
export async function openOpentracker(
  t: TestContext,
  { torrents, hosts, timeout }: OpentrackerWish,
): Promise<{ tracker: UdpTracker; advance: ((seconds: number) => Promise<void>) | null }> {
  const port = await findFreePort()
  const known = torrents.map((torrent) => Buffer.from(digestOf(torrent)).toString('hex'))
  const clock = await makeSettableClock(t, START)
  const program = await spawnOpentracker(t, { port, known, timeout, env: clock.env })
  const names = Array.from({ length: hosts }, (_, host) => `127.0.1.${host + 1}`)
  const sockets = names.map((name) => createSocket('udp4').bind(0, name))
  t.after(() => {
    for (const socket of sockets) socket.close()
  })
  const exchange = (packet: Buffer, host: number) => ask(sockets[host]!, packet, port)
  const tracker = { exchange, idOf: rememberIds(exchange), addresses: names.map(hexOf4) }
  const advance = (seconds: number) => clock.set(program, clock.taken() + seconds)
  return { tracker, advance: clock.taken() === START ? advance : null }
}

async function ask(socket: Socket, packet: Buffer, port: number): Promise<Buffer> {
  socket.send(packet, port, '127.0.0.1')
  const [answer] = (await once(socket, 'message')) as [Buffer]
  return answer
}

/** Opens two trackers of btkit: one receives the hosts over IPv4, the other over IPv6. */
export function openOwn(limits: { peerTimeout: number }) {
  const parts = [false, true].map((isV6) => ({ isV6, ...makeAnswers({ limits }) }))
  /** Time passes, and peers time out. */
  const advance = (seconds: number) => {
    for (const { store, clock } of parts) {
      clock.now += seconds
      while (!store.expire(1000));
    }
  }
  const trackers = parts.map(({ isV6, udp }): UdpTracker => {
    const nameOf = (host: number) =>
      isV6 ? `2001:db8::${(host + 1).toString(16)}` : `10.0.0.${host + 1}`
    const exchange = (packet: Buffer, host: number) => {
      return Promise.resolve(udp.answer(packet, nameOf(host))!)
    }
    const addresses = Array.from({ length: 256 }, (_, host) => {
      return isV6 ? `20010db8${(host + 1).toString(16).padStart(24, '0')}` : hexOf4(nameOf(host))
    })
    // Ids of btkit get old as its clock goes on
    const idOf = async (host: number) => (await exchange(connectPacket(), host)).subarray(8)
    return { exchange, idOf, addresses }
  })
  return { trackers, advance }
}

/** Asks once for each host: ids of opentracker last as long as it runs. */
function rememberIds(exchange: UdpTracker['exchange']): UdpTracker['idOf'] {
  const ids = new Map<number, Buffer>()
  return async (host) => {
    const id = ids.get(host) ?? (await exchange(connectPacket(), host)).subarray(8)
    ids.set(host, id)
    return id
  }
}

function hexOf4(address: string): string {
  return Buffer.from(address.split('.').map(Number)).toString('hex')
}
