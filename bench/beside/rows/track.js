// Rows of `btkit track`.
import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { run } from '../../support.js'
import { askFor, sendTo } from '../load.js'
import { cpuSeconds, memoryOf, perCpu, services, startBare, startTrack, stop } from '../programs.js'

const PEERS = Array.from({ length: 4096 }, (_, n) => n)

/** Announces of peers of 200 torrents, over HTTP. */
function announcesFor(header) {
  return PEERS.map((n) => {
    const hash = `%${(1 + (n % 200)).toString(16).padStart(2, '0')}`.repeat(20)
    const peer = `-XX0001-${String(n).padStart(12, '0')}`
    const amounts = `uploaded=0&downloaded=0&left=${n % 2}&compact=1&numwant=50`
    const key = n.toString(16).padStart(8, '0')
    const query = `info_hash=${hash}&peer_id=${peer}&port=${1024 + n}&${amounts}&key=${key}`
    return `GET /announce?${query} HTTP/1.1\r\nHost: tracker.example\r\n${header}\r\n`
  })
}

/** The same announces over UDP (BEP 15), to a tracker that answered a greeting. */
function packetsOf(greeting = Buffer.alloc(16)) {
  return PEERS.map((n) => {
    const packet = Buffer.alloc(98)
    packet.set(greeting.subarray(8, 16))
    packet.writeUInt32BE(1, 8)
    packet.fill(1 + (n % 200), 16, 36)
    packet.writeUInt32BE(n, 36)
    packet.writeUInt32BE(n % 2, 68)
    packet.writeUInt32BE(n, 88)
    packet.writeInt32BE(50, 92)
    packet.writeUInt16BE(1024 + n, 96)
    return packet
  })
}

const HELLO = Buffer.from('00000417271019800000000000000001', 'hex')

/** A row of announces beside a bare server of the same kind. */
function announces(name, limit, { kind, load }) {
  return services({
    name: `track, announces ${name}`,
    figures: [
      { key: 'perCpu', unit: 'a second', limit, beside: `bare node:${kind}`, isMore: true },
    ],
    async begin(places) {
      const isUdp = kind === 'dgram'
      const servers = { reference: await startBare(isUdp ? 'udp' : keepAnswer(places)) }
      for (const who of places.builds) {
        const state = ['--state', join(places.scratch, who)]
        const more = isUdp ? [] : ['--no-udp']
        servers[who] = await startTrack(places, who, '--open', ...state, ...more)
      }
      const options = { seconds: places.isQuick ? 2 : 5 }
      const measure = (server, who) => perCpu(server, () => load(server.port, options, who))
      return { servers, measure }
    },
  })
}

/** An answer of a usual size. */
function keepAnswer(places) {
  const directory = places.at('www')
  writeFileSync(join(directory, 'body'), 'x'.repeat(200))
  const headers = { 'Content-Type': 'text/plain', 'Content-Length': '200' }
  writeFileSync(join(directory, 'body.json'), JSON.stringify(headers))
  return directory
}

const MILLION = 1_000_000
const LIMITS = {
  maxPeers: MILLION + 100_000,
  maxSwarms: MILLION + 100_000,
  maxPerAddress: MILLION,
  maxPerAddressInSwarm: 65535,
  peerTimeout: 2700,
  keepsEmpty: false,
}

/**
 * Writes a state, as a build (or one before its file moved) has it, of a million peers, a tenth of
 * them with IPv6, whose times run out all along.
 */
async function saveMillion(path, build, swarms) {
  const load = (name) => import(join(build, 'dist/src/tracker', name))
  const { StateFile } = await load('swarms/state-file.js').catch(() => load('state-file.js'))
  const { SwarmStore } = await load('swarms/swarm-store.js')
  let now = 1_000_000
  const store = new SwarmStore(LIMITS, () => now)
  for (let n = 0; n < MILLION; n += 1) {
    // Within the first minutes after the start some hundred peers expire each second
    if (n % 500 === 0) now += 1
    store.announce(peerOf(n, swarms))
  }
  const world = { now: Date.now, warn: console.error, onError: console.error }
  await new StateFile(path, store, world).save()
}

function peerOf(n, swarms) {
  const [infoHash, peerId, address] = [Buffer.alloc(20), Buffer.alloc(20), Buffer.alloc(16)]
  infoHash.writeUInt32BE(n % swarms, 16)
  peerId.writeUInt32BE(n, 16)
  if (n % 10 === 0) address.writeUInt32BE(0x20010db8, 0)
  else address.fill(0xff, 10, 12)
  address.writeUInt32BE(0x0b000000 + n, n % 10 === 0 ? 4 : 12)
  const peer = { infoHash, peerId, address, port: 1 + (n % 65535), key: n, event: 'started' }
  return { ...peer, isComplete: n % 3 === 0, wanted: 0, wantsIds: false, wantsBothFamilies: false }
}

const million = (size) => ({
  name: `track, a million peers in swarms of ${size}`,
  figures: [
    { key: 'memory', unit: 'MiB', limit: 250, what: 'memory beside an empty tracker' },
    { key: 'seconds', unit: 's', limit: size < 10 ? undefined : 3, what: 'start' },
    { key: 'cpu', unit: 's', what: 'processor time of the start' },
  ],
  turns: 1,
  quickTurns: 1,
  async prepare(places) {
    // Another build may make swarms in another way
    const stateOf = (who) => join(places.scratch, `million-${who}`)
    for (const who of places.builds)
      await saveMillion(stateOf(who), dirname(dirname(places.programs[who])), MILLION / size)
    const startWith = async (who, state) => {
      const started = performance.now()
      const limits = ['--max-peers', `${LIMITS.maxPeers}`, '--max-swarms', `${LIMITS.maxSwarms}`]
      const program = await startTrack(places, who, '--open', '--state', state, ...limits)
      const seconds = (performance.now() - started) / 1000
      const [memory, cpu] = [memoryOf(program), cpuSeconds(program)]
      await stop(program)
      return { seconds, memory, cpu }
    }
    return {
      isFirst: true,
      async run(who) {
        const empty = await startWith(who, join(places.scratch, `empty-${who}`))
        const full = await startWith(who, stateOf(who))
        return { ...full, memory: full.memory - empty.memory }
      },
    }
  },
})

/** A torrent of one piece. */
function torrentOf(name) {
  const info = `d6:lengthi9e4:name${name.length}:${name}12:piece lengthi262144e6:pieces20:`
  return Buffer.concat([Buffer.from(`d4:info${info}`), randomBytes(20), Buffer.from('ee')])
}

/** The figures of all torrents are older than they may be when its page is asked for. */
const onePage = services({
  name: 'track, the page of one of 40,000 torrents',
  figures: [{ key: 'ms', unit: 'ms', limit: 40 }],
  turns: 3,
  quickTurns: 3,
  async begin(places) {
    const root = await places.shared('tracked', (at) => {
      for (let i = 0; i < 40_000; i++) {
        const directory = join(at, `c${Math.floor(i / 400)}`)
        mkdirSync(directory, { recursive: true })
        writeFileSync(join(directory, `${i}.torrent`), torrentOf(`file-${i}`))
      }
    })
    const servers = {}
    for (const who of places.builds) {
      const state = ['--state', join(places.scratch, who)]
      servers[who] = await startTrack(places, who, '--allowed-dir', root, '--no-udp', ...state)
    }
    const [hash] = run(places.command('now', ['hash', join(root, 'c5/2000.torrent')]), {
      isRead: true,
    }).stdout.split('\n')
    const query = hash.replaceAll(/../g, '%$&')
    const measure = async ({ port }) => {
      await setTimeout(10_500)
      const begun = performance.now()
      const answer = await fetch(`http://127.0.0.1:${port}/torrent?info_hash=${query}`)
      await answer.text()
      if (!answer.ok) throw new Error(`status ${answer.status}`)
      return { ms: performance.now() - begun }
    }
    return { servers, measure }
  },
})

function overHttp(header) {
  const requests = announcesFor(header)
  return { kind: 'http', load: (port, options) => askFor(port, requests, options) }
}

function overUdp(port, options, who) {
  return sendTo(port, { ...options, packetsOf, hello: who === 'reference' ? undefined : HELLO })
}

export const ROWS = [
  announces('over HTTP', 0.75, overHttp('')),
  announces('over HTTP, a connection for each', undefined, overHttp('Connection: close\r\n')),
  announces('over UDP', undefined, { kind: 'dgram', load: overUdp }),
  million(1),
  million(2),
  million(10),
  million(50),
  onePage,
]
