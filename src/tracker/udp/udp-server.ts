import { createSocket, type Socket, type SocketOptions } from 'node:dgram'
import { once } from 'node:events'
import { isIPv6 } from 'node:net'
import { asBtkitError } from '../../errors.js'
import { Outbox } from './outbox.js'
import type { UdpAnswers } from './udp-answers.js'
import type { ServerContext } from '../../server/context.js'

/** Where to answer: a host and port, or a socket that was passed to this process. */
export type UdpPlace =
  { readonly host: string; readonly port: number } | { readonly fd: number; readonly isV6: boolean }

/** A socket that answers. */
export interface UdpServer {
  /** Such as `udp://127.0.0.1:6969`. */
  readonly address: string
  /** Answers nothing any more. */
  readonly close: () => Promise<void>
}

export interface UdpServerParts extends Pick<ServerContext, 'onError'> {
  readonly answers: UdpAnswers
}

/** Bytes of packets that wait in the system while others are answered. */
const RECEIVE_BUFFER = 2 ** 21

/**
 * Answers packets at a place. `::` takes IPv4 as well.
 * @throws BtkitError when it can't listen there
 */
export async function openUdp(place: UdpPlace, parts: UdpServerParts): Promise<UdpServer> {
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
  return answerOn(socket, parts)
}

/** A socket that sends to addresses without asking for names. */
export function makeUdpSocket(isV6: boolean): Socket {
  const family = isV6 ? 6 : 4
  const lookup: SocketOptions['lookup'] = (address, _options, callback) => {
    callback(null, address, family)
  }
  return createSocket({ type: isV6 ? 'udp6' : 'udp4', lookup })
}

/** Answers on a socket that is bound. */
export function answerOn(socket: Socket, { answers, onError }: UdpServerParts): UdpServer {
  enlargeBuffer(socket)
  const { address, port, family } = socket.address()
  const isV6 = family === 'IPv6'
  // Who can't be reached is gone, and asks again if not: without a callback no failure is told
  const outbox = new Outbox((packet, port, address) => {
    socket.send(packet, port, address)
  })
  let isClosed = false
  socket.on('error', onError)
  socket.on('message', (packet, { address, port }) => {
    // Nobody can be answered there
    if (port === 0) return
    const put = (answer: Buffer) => {
      if (!isClosed) outbox.put(answer, port, address)
    }
    const answer = answers.answer(packet, address, put)
    if (answer !== null) put(answer)
  })
  return {
    address: `udp://${isV6 ? `[${address}]` : address}:${port}`,
    close: () =>
      new Promise((resolve) => {
        isClosed = true
        outbox.flush()
        socket.close(() => {
          resolve()
        })
      }),
  }
}

/** Systems have a limit, below which this is cut. */
function enlargeBuffer(socket: Socket): void {
  try {
    socket.setRecvBufferSize(RECEIVE_BUFFER)
  } catch {
    // What there is does as well
  }
}
