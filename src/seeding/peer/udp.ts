import { createSocket, type Socket } from 'node:dgram'

/** A packet that begins a connection of uTP (BEP 29): type 4, version 1. */
const SYN = 0x41

/** The answer that there is none: type 3, version 1. */
const RESET = 0x31

/** Bytes of a packet's header. */
const HEADER = 20

/** The UDP side of a seeder's port; a socket that could not be had is missing. */
export interface UdpPort {
  readonly ipv4: Socket | null
  readonly close: () => void
}

/**
 * Opens the UDP sockets of a port. They tell clients that there is no uTP here, so that these
 * connect over TCP at once; otherwise they first wait some seconds for an answer.
 * @param host the only address; null for all
 */
export async function openUdp(host: string | null, port: number): Promise<UdpPort> {
  const isIPv6 = host?.includes(':') ?? null
  const ipv4 = isIPv6 === true ? null : await bind('udp4', host, port)
  const ipv6 = isIPv6 === false ? null : await bind('udp6', host, port)
  return {
    ipv4,
    close: () => {
      for (const socket of [ipv4, ipv6]) {
        try {
          socket?.close()
        } catch {
          // The DHT has closed it
        }
      }
    },
  }
}

function bind(type: 'udp4' | 'udp6', host: string | null, port: number): Promise<Socket | null> {
  return new Promise((resolve) => {
    const socket = createSocket({ type, ipv6Only: type === 'udp6' })
    const refuse = () => {
      socket.close()
      resolve(null)
    }
    socket.once('error', refuse)
    socket.on('message', (packet, from) => {
      if (packet.length < HEADER || packet[0] !== SYN) return
      const answer = Buffer.alloc(HEADER)
      answer[0] = RESET
      // The connection's id, the time it was asked at, and which packet is answered
      packet.copy(answer, 2, 2, 8)
      packet.copy(answer, 18, 16, 18)
      socket.send(answer, from.port, from.address, () => undefined)
    })
    socket.bind(port, host ?? undefined, () => {
      socket.off('error', refuse).on('error', () => undefined)
      resolve(socket.unref())
    })
  })
}
