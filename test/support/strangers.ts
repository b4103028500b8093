import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { pseudoRandom } from './pseudo-random.js'
import { random } from './random.js'

/** Parts that readers have stumbled over, of bencode and of HTTP. */
const STUMBLES = [
  ...['l-3:', 'd-3:', '-1:', 'i-0e', '99999999:', 'd1:a', 'l', 'i', '0:', 'i999e', 'e'],
  ...['%', '%00', '%ff', '&', '?', '/../', '//', '\r\n', '\0', ' ', ':', '*', '[', '999999999999'],
]

const NUMBERS = [0, 1, 2, 0x7f_ff_ff_ff, 0x80_00_00_00, 0xff_ff_ff_ff, 0x4000, 0x2_0000, 20, 0xff]

export function below(count: number): number {
  return Math.floor(random() * count)
}

export function oneOf<T>(values: readonly T[]): T {
  return values[below(values.length)] as T
}

export function randomBytes(most: number): Buffer {
  return pseudoRandom(below(most) + 1, random())
}

/** Changes to bytes, none longer than some kilobytes more. */
export const CHANGES: readonly ((bytes: Buffer) => Buffer)[] = [
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

/** A service, and what strangers send to it. */
export interface Besieged {
  readonly port: number
  /** The bytes of one stranger over TCP. */
  readonly stream: () => Buffer
  /** A packet of one stranger; null if the service has no UDP. */
  readonly packet: (() => Buffer) | null
}

/** Connects as one stranger, who reads or does not, ends or does not, and is gone after a while. */
async function call({ port, stream: streamOf }: Besieged): Promise<void> {
  const localAddress = `127.1.${below(250)}.${below(250) + 1}`
  const socket = connect({ host: '127.0.0.1', port, localAddress })
  socket.on('error', () => undefined)
  const closed = new Promise((resolve) => socket.once('close', resolve))
  if (random() < 0.5) socket.resume()
  const stream = streamOf()
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
export async function besiege(service: Besieged, isOver: () => boolean): Promise<number> {
  let connections = 0
  const udp = createSocket('udp4').bind(0, '127.0.0.1')
  await once(udp, 'listening')
  const work = async () => {
    while (!isOver()) {
      for (let n = 0; n < 5 && service.packet; n++)
        udp.send(service.packet(), service.port, '127.0.0.1')
      connections++
      await call(service)
    }
  }
  await Promise.all(Array.from({ length: 20 }, work))
  udp.close()
  return connections
}
