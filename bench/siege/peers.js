// The strangers of bench/siege.js seed, all at once, until the parent process ends them:
//   node peers.js PORT INFOHASH
import { createSocket } from 'node:dgram'
import { connect } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { strangersTo } from '../../dist/test/support/peer-strangers.js'
import { besiege } from '../../dist/test/support/strangers.js'

const [port, infoHash] = [Number(process.argv[2]), process.argv[3]]
const counts = {}
let isOver = false

const HANDSHAKE = Buffer.concat([
  // With extensions (BEP 10) and the fast set (BEP 6)
  Buffer.from('\x13BitTorrent protocol\0\0\0\0\0\x10\0\x04', 'latin1'),
  Buffer.from(infoHash, 'hex'),
  Buffer.from('-SG0001-abcdefghijkl'),
])

function message(id, ...numbers) {
  const bytes = Buffer.alloc(5 + 4 * numbers.length)
  bytes.writeUInt32BE(bytes.length - 4)
  bytes[4] = id
  numbers.forEach((number, n) => bytes.writeUInt32BE(number, 5 + 4 * n))
  return bytes
}

function extended(id, text) {
  const bytes = Buffer.concat([message(20), Buffer.from([id]), Buffer.from(text)])
  bytes.writeUInt32BE(bytes.length - 4)
  return bytes
}

const [INTERESTED, NOT_INTERESTED] = [message(2), message(3)]
const METADATA = extended(1, 'd8:msg_typei0e5:piecei0ee')
const many = (bytes, times) => Buffer.concat(Array(times).fill(bytes))

/** Kinds of peers: the bytes that follow the handshake, the number of peers, and whether they read. */
const PEERS = {
  'lists of negative lengths': { lanes: 4, bytes: extended(0, 'l-3:') },
  'dictionaries of negative lengths': { lanes: 4, bytes: extended(0, 'd-3:') },
  'an id of metadata that is 0': {
    lanes: 4,
    bytes: Buffer.concat([
      extended(0, 'd1:md11:ut_metadatai0eee'),
      ...Array.from({ length: 50 }, (_, n) => message(6, n, 0, 16_384)),
      METADATA,
    ]),
  },
  'requests for metadata': { lanes: 8, bytes: many(METADATA, 2000) },
  'interest and none in turn': {
    lanes: 8,
    isDeaf: true,
    bytes: many(Buffer.concat([INTERESTED, NOT_INTERESTED]), 50_000),
  },
  'requests of a byte': {
    lanes: 8,
    isDeaf: true,
    bytes: Buffer.concat([INTERESTED, many(message(6, 0, 0, 1), 20_000)]),
  },
}

let turn = 0

/** A peer of one of some addresses. Resolves when the seed has left it, or it has waited a second. */
async function callAs(name, bytes, { isDeaf = false, patience = 1000 } = {}) {
  const localAddress = `127.0.2.${2 + (turn++ % 40)}`
  const socket = connect({ host: '127.0.0.1', port, localAddress }).on('error', () => {})
  const closed = new Promise((resolve) => socket.once('close', resolve))
  if (!isDeaf) socket.resume()
  socket.write(bytes)
  counts[name] = (counts[name] ?? 0) + 1
  await Promise.race([closed, setTimeout(patience)])
  socket.destroy()
}

async function repeat(lanes, act) {
  const run = async () => {
    while (!isOver) {
      await act()
      await setTimeout(20)
    }
  }
  await Promise.all(Array.from({ length: lanes }, run))
}

/** Handshakes that begin, in plain and encrypted, and do not go on. */
const HALF_OPEN = [HANDSHAKE.subarray(0, 10), HANDSHAKE.subarray(0, 48), Buffer.alloc(96, 0xab)]

/** Packets for the DHT; the last of them is none. */
async function packets() {
  const udp = createSocket('udp4').bind(0, '127.0.0.1').unref()
  const ping = 'd1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe'
  await repeat(1, () => {
    for (const text of ['d-3:', 'l-3:', ping, 'x']) {
      for (let n = 0; n < 25; n++) udp.send(text, port, '127.0.0.1')
      counts.packets = (counts.packets ?? 0) + 25
    }
  })
}

async function attack() {
  const fuzzed = besiege(strangersTo(port, infoHash), () => isOver).then((count) => {
    counts['fuzzed connections'] = count
  })
  const peers = Object.entries(PEERS).map(([name, { lanes, isDeaf = false, bytes }]) => {
    return repeat(lanes, () => callAs(name, Buffer.concat([HANDSHAKE, bytes]), { isDeaf }))
  })
  const halfOpen = repeat(200, () => {
    const bytes = HALF_OPEN[turn % HALF_OPEN.length]
    return callAs('half-open handshakes', bytes, { patience: 5000 })
  })
  await Promise.all([fuzzed, ...peers, halfOpen, packets()])
}

process.once('message', () => {
  isOver = true
})
process.on('disconnect', () => process.exit(0))
process.send('ready')
await attack()
process.send(counts, () => process.exit(0))
