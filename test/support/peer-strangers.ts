import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectRoot } from './programs.js'
import { random } from './random.js'
import { below, type Besieged, CHANGES, oneOf, randomBytes } from './strangers.js'

/** Messages that other programs sent to a seed; `record.js` beside them made them. */
const SESSIONS = ['libtorrent', 'transmission'].map((program) => {
  const path = join(projectRoot, `test/seeding/peer/sessions/${program}.json`)
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
function strangerStream(infoHash: string): Buffer {
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
function strangerPacket(): Buffer {
  if (random() < 0.1) return randomBytes(1400)
  let packet: Buffer = oneOf(PACKETS)
  for (let n = below(4); n > 0; n--) packet = oneOf(CHANGES)(packet)
  return packet.subarray(0, 1400)
}

/** Strangers who call a seed, of whom most name a torrent. */
export function strangersTo(port: number, infoHash: string): Besieged {
  return { port, stream: () => strangerStream(infoHash), packet: strangerPacket }
}
