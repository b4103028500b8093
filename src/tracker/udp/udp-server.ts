import { type Socket, type SocketOptions, createSocket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv6 } from 'node:net'
import { asBtkitError } from '../../errors.js'
import type { ServerContext } from '../../server/context.js'
import type { UdpAnswers } from './udp-answers.js'

/** Where to listen: a host and port, or a socket passed to this process. */
export type UdpPlace =
  | { readonly host: string; readonly port: number }
  // Passed to this process
  | { readonly fd: number; readonly isV6: boolean }

/** A listening UDP server. */
export interface UdpServer {
  /** For example `udp://127.0.0.1:6969`. */
  readonly address: string
  /** Stops listening. */
  readonly close: () => Promise<void>
}

type UdpContext = Pick<ServerContext, 'onError'>

/** Size of the system's buffer for waiting packets, in bytes. */
const RECEIVE_BUFFER = 2 ** 21

/**
 * Answers packets at a place. `::` receives IPv4 as well.
 * @throws BtkitError if it cannot listen there
 */
export async function openUdp(
  place: UdpPlace,
  answers: UdpAnswers,
  context: UdpContext,
): Promise<UdpServer> {
  const isPassed = 'fd' in place
  const socket = makeUdpSocket(isPassed ? place.isV6 : isIPv6(place.host))
  try {
    const listening = once(socket, 'listening')
    socket.bind(
      isPassed ? { fd: place.fd } : { port: place.port, address: place.host, exclusive: true },
    )
    await listening
  } catch (error) {
    socket.close()
    const what = isPassed ? `descriptor ${place.fd}` : `UDP ${place.host} port ${place.port}`
    throw asBtkitError(error, `can't listen on ${what}`)
  }
  return answerOn(socket, answers, context)
}

/** Creates a socket that sends to addresses without name lookups. */
function makeUdpSocket(isV6: boolean): Socket {
  const family = isV6 ? 6 : 4
  const lookup: SocketOptions['lookup'] = (address, _options, callback) => {
    callback(null, address, family)
  }
  return createSocket({ type: isV6 ? 'udp6' : 'udp4', lookup })
}

/** Answers packets on a bound socket. */
export function answerOn(socket: Socket, answers: UdpAnswers, { onError }: UdpContext): UdpServer {
  enlargeBuffer(socket)
  const { address, port, family } = socket.address()
  const isV6 = family === 'IPv6'
  // No callback, so failures are ignored: a client that still exists asks again
  const outbox = new Outbox((packet, port, address) => {
    socket.send(packet, port, address)
  })
  socket.on('error', onError)
  socket.on('message', (packet, { address, port }) => {
    // An answer cannot be sent to port 0
    if (port === 0) return
    const answer = answers.answer(packet, address)
    if (answer !== null) outbox.put(answer, port, address)
  })
  return {
    address: `udp://${isV6 ? `[${address}]` : address}:${port}`,
    close: () =>
      new Promise((resolve) => {
        outbox.flush()
        socket.close(() => {
          resolve()
        })
      }),
  }
}

/** Enlarges the buffer up to the system's limit. */
function enlargeBuffer(socket: Socket): void {
  try {
    socket.setRecvBufferSize(RECEIVE_BUFFER)
  } catch {
    // The default size works, too
  }
}

/** A packet and its destination. */
interface Waiting {
  readonly packet: Buffer
  readonly port: number
  readonly address: string
}

/**
 * Collects the answers of one turn and sends them at its end.
 * Node reads dozens of packets per turn. If each were answered at once, a receiver on the same
 * machine would be woken for each answer, which costs the sender more than most of its other work.
 */
export class Outbox {
  #waiting: Waiting[] = []

  constructor(private readonly send: (packet: Buffer, port: number, address: string) => void) {}

  put(packet: Buffer, port: number, address: string): void {
    if (this.#waiting.push({ packet, port, address }) === 1) setImmediate(this.flush)
  }

  /** Sends all waiting packets now. */
  readonly flush = (): void => {
    const waiting = this.#waiting
    if (waiting.length === 0) return
    this.#waiting = []
    for (const { packet, port, address } of waiting) this.send(packet, port, address)
  }
}
