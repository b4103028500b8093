import assert from 'node:assert/strict'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import type { TestContext } from 'node:test'
import { findFreePort, spawnOpentracker } from '../../support/opentracker.js'
import { digestOf } from '../../tracker/swarms/store.js'
import { makeAnswers } from '../../tracker/tracker-parts.js'
import { announcePacket, connectPacket, scrapePacket } from '../../tracker/wires/packets.js'
import { type Step, STOPPED } from './histories.js'
import type { ChildProcess } from 'node:child_process'
import { chmodSync, closeSync, openSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { projectRoot, runProgram } from '../../support/programs.js'
import { makeOpenScratch } from '../../support/unprivileged.js'

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

const WORD = 8

/** The clock of a program that takes up the time when it gets SIGALRM; see settable-clock.c. */
interface SettableClock {
  /** The environment variables for the program. */
  readonly env: Readonly<Record<string, string>>
  /** Seconds since 1970 that the program took up last; 0 for none. */
  readonly taken: () => number
  /** Sets it, and waits until the program has taken it up. */
  readonly set: (program: ChildProcess, seconds: number) => Promise<void>
}

/** Compiles a clock, which tells `seconds` since 1970 until it is set. */
async function makeSettableClock(t: TestContext, seconds: number): Promise<SettableClock> {
  const directory = makeOpenScratch(t, { clock: Buffer.alloc(2 * WORD) })
  const [file, library] = [join(directory, 'clock'), join(directory, 'settable-clock.so')]
  chmodSync(file, 0o666)
  const source = join(projectRoot, 'test/support/settable-clock.c')
  const options = ['-std=c11', '-O1', '-shared', '-fPIC', '-o', library]
  const { status, stderr } = await runProgram('cc', [...options, source])
  if (status !== 0) throw new Error(stderr)
  const descriptor = openSync(file, 'r+')
  t.after(() => {
    closeSync(descriptor)
  })
  const word = new BigInt64Array(1)
  const write = (at: number) => {
    word[0] = BigInt(at)
    writeSync(descriptor, word, 0, WORD, 0)
  }
  const taken = () => {
    readSync(descriptor, word, 0, WORD, WORD)
    return Number(word[0])
  }
  write(seconds)
  return {
    env: { LD_PRELOAD: library, CLOCK_FILE: file },
    taken,
    set: async (program, at) => {
      write(at)
      program.kill('SIGALRM')
      while (taken() !== at) {
        if (program.exitCode !== null || program.signalCode !== null) throw new Error('it ended')
        await setTimeout(1)
      }
    },
  }
}

/** The peers that take part, as far as the test knows. */
export class Participants {
  /** When each was heard of last, in seconds, by torrent, host and port. */
  readonly #heard = new Map<string, number>()
  readonly #seeds = new Map<string, Set<string>>()
  /** Peers that timed out and have not come back. */
  readonly #gone = new Set<string>()
  readonly #timeout: number
  #now = 0
  /** How many timed out. */
  timedOut = 0
  /** How many of these announced themselves again. */
  returned = 0

  /** @param timeout seconds after which nothing is known of a peer any more */
  constructor(timeout: number) {
    this.#timeout = timeout
  }

  note(step: Step): void {
    const seeds = this.#seedsOf(step.torrent)
    if (step.isSeed && step.event !== STOPPED) seeds.add(placeOf(step))
    else seeds.delete(placeOf(step))
    const key = `${step.torrent} ${placeOf(step)}`
    if (this.#gone.delete(key)) this.returned += 1
    if (step.event === STOPPED) this.#heard.delete(key)
    else this.#heard.set(key, this.#now)
  }

  /** Time passes. */
  advance(seconds: number): void {
    this.#now += seconds
    for (const [key, heard] of this.#heard) {
      if (this.#now - heard < this.#timeout) continue
      this.#heard.delete(key)
      this.#gone.add(key)
      this.timedOut += 1
    }
  }

  /** Whether a peer, as `host:port`, said last that it is a seed. */
  isSeed(torrent: string, peer: string): boolean {
    return this.#seedsOf(torrent).has(peer)
  }

  #seedsOf(torrent: string): Set<string> {
    const known = this.#seeds.get(torrent) ?? new Set()
    this.#seeds.set(torrent, known)
    return known
  }
}

export function placeOf({ host, port }: Pick<Step, 'host' | 'port'>): string {
  return `${host}:${port}`
}
