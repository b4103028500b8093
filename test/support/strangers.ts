import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { projectRoot } from './executable.js'
import { pseudoRandom } from './pseudo-random.js'
import { random } from './random.js'

/** Messages that other programs sent to a seed; `record.js` beside them made them. */
const SESSIONS = ['libtorrent', 'transmission'].map((program) => {
  const path = join(projectRoot, `test/seed/sessions/${program}.json`)
  const messages = JSON.parse(readFileSync(path, 'utf8')) as string[]
  return messages.map((message) => Buffer.from(message, 'hex'))
})

const ID = 'abcdefghij0123456789'

/** Packets of the DHT as BEP 5 has them. */
const PACKETS = [
  `d1:ad2:id20:${ID}e1:q4:ping1:t2:aa1:y1:qe`,
  `d1:ad2:id20:${ID}6:target20:${ID}e1:q9:find_node1:t2:aa1:y1:qe`,
  `d1:ad2:id20:${ID}9:info_hash20:${ID}e1:q9:get_peers1:t2:aa1:y1:qe`,
  `d1:ad2:id20:${ID}12:implied_porti1e9:info_hash20:${ID}4:porti6881e5:token8:aoeusnthe1:q13:announce_peer1:t2:aa1:y1:qe`,
  `d1:rd2:id20:${ID}5:nodes26:${ID}abcdefe1:t2:aa1:y1:re`,
  `d1:rd2:id20:${ID}5:token8:aoeusnth6:valuesl6:axje.u6:idhtnmee1:t2:aa1:y1:re`,
  'd1:eli201e23:A Generic Error Ocurrede1:t2:aa1:y1:ee',
].map((text) => Buffer.from(text, 'latin1'))

/** Parts of bencode that readers have stumbled over. */
const STUMBLES = ['l-3:', 'd-3:', '-1:', 'i-0e', '99999999:', 'd1:a', 'l', 'i', '0:', 'i999e', 'e']

const NUMBERS = [0, 1, 2, 0x7f_ff_ff_ff, 0x80_00_00_00, 0xff_ff_ff_ff, 0x4000, 0x2_0000, 20, 0xff]

function below(count: number): number {
  return Math.floor(random() * count)
}

function oneOf<T>(values: readonly T[]): T {
  return values[below(values.length)] as T
}

function randomBytes(most: number): Buffer {
  return pseudoRandom(below(most) + 1, random())
}

/** Changes to bytes, none longer than some kilobytes more. */
const CHANGES: readonly ((bytes: Buffer) => Buffer)[] = [
  (bytes) => {
    const changed = Buffer.from(bytes)
    for (let n = below(4); n >= 0; n--) changed[below(changed.length)] = below(256)
    return changed
  },
  (bytes) => {
    const changed = Buffer.from(bytes)
    if (changed.length >= 4) changed.writeUInt32BE(oneOf(NUMBERS), below(changed.length - 3))
    return changed
  },
  (bytes) => bytes.subarray(0, below(bytes.length) + 1),
  (bytes) => bytes.subarray(below(bytes.length)),
  (bytes) => Buffer.concat([bytes, randomBytes(300)]),
  (bytes) => {
    const at = below(bytes.length + 1)
    const stumble = Buffer.from(oneOf(STUMBLES).repeat(1 + below(200)))
    return Buffer.concat([bytes.subarray(0, at), stumble, bytes.subarray(at)])
  },
]

/** Puts the right length before a message, so that the rest of it is read. */
function framed(message: Buffer): Buffer {
  const framed = message.length >= 5 ? Buffer.from(message) : Buffer.alloc(5)
  framed.writeUInt32BE(framed.length - 4)
  return framed
}

function mutated(message: Buffer): Buffer {
  const changed = oneOf(CHANGES)(message)
  return random() < 0.7 ? framed(changed) : changed
}

/** The bytes of one stranger over TCP: parts of real sessions in any order, changed or not. */
export function strangerStream(infoHash: string): Buffer {
  if (random() < 0.1) return randomBytes(3000)
  const [handshake, ...messages] = oneOf(SESSIONS)
  const greeting: Buffer = Buffer.from(handshake ?? [])
  if (random() < 0.9) greeting.write(infoHash, 28, 'hex')
  const parts = [random() < 0.9 ? greeting : oneOf(CHANGES)(greeting)]
  for (let n = below(40); n > 0; n--) {
    const message = random() < 0.8 ? oneOf(messages) : oneOf(oneOf(SESSIONS))
    const part = random() < 0.4 ? mutated(message) : message
    const times = random() < 0.1 ? below(500) : 1
    for (let again = 0; again < times; again++) parts.push(part)
  }
  return Buffer.concat(parts)
}

/** A packet that a stranger sends. */
export function strangerPacket(): Buffer {
  if (random() < 0.1) return randomBytes(1400)
  let packet: Buffer = oneOf(PACKETS)
  for (let n = below(4); n > 0; n--) packet = oneOf(CHANGES)(packet)
  return packet.subarray(0, 1400)
}

/** Where strangers call, and the torrent that most of them name. */
export interface Besieged {
  readonly port: number
  readonly infoHash: string
}

/** Connects as one stranger, who reads or does not, ends or does not, and is gone after a while. */
async function call({ port, infoHash }: Besieged): Promise<void> {
  const localAddress = `127.1.${below(250)}.${below(250) + 1}`
  const socket = connect({ host: '127.0.0.1', port, localAddress })
  socket.on('error', () => undefined)
  const closed = new Promise((resolve) => socket.once('close', resolve))
  if (random() < 0.5) socket.resume()
  const stream = strangerStream(infoHash)
  const cut = random() < 0.5 ? below(stream.length) : stream.length
  socket.write(stream.subarray(0, cut))
  if (cut < stream.length) {
    await setTimeout(below(20))
    socket.write(stream.subarray(cut))
  }
  if (random() < 0.3) socket.end()
  await Promise.race([closed, setTimeout(below(150))])
  socket.destroy()
  await closed
}

/** Sends all that strangers may send, over TCP and UDP, until `isOver`. Returns the connections. */
export async function besiege(seed: Besieged, isOver: () => boolean): Promise<number> {
  let connections = 0
  const udp = createSocket('udp4').bind(0, '127.0.0.1')
  await once(udp, 'listening')
  const work = async () => {
    while (!isOver()) {
      for (let n = 0; n < 5; n++) udp.send(strangerPacket(), seed.port, '127.0.0.1')
      connections++
      await call(seed)
    }
  }
  await Promise.all(Array.from({ length: 20 }, work))
  udp.close()
  return connections
}
