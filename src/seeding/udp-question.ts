import type { Socket } from 'node:dgram'

/** How a question is repeated, and which packet answers it. */
interface UdpQuestion<Answer> {
  /** Returns the answer in a packet; null for any other packet. Must not throw. */
  readonly read: (packet: Buffer) => Answer | null
  /** Milliseconds until the question is sent again, after it was sent so many times. */
  readonly pauseAfter: (sent: number) => number
  readonly signal: AbortSignal
}

/**
 * Sends a packet by a connected socket until its answer arrives, because packets may be lost. Such
 * a socket receives nothing from other addresses.
 * @throws the reason of the signal, and errors of the socket
 */
export async function askByUdp<Answer>(
  socket: Socket,
  packet: Uint8Array,
  { read, pauseAfter, signal }: UdpQuestion<Answer>,
): Promise<Answer> {
  signal.throwIfAborted()
  let timer: NodeJS.Timeout | undefined
  let sent = 0
  const send = () => {
    // A failure is reported by an event, or not at all
    socket.send(packet, () => undefined)
    timer = setTimeout(send, pauseAfter(++sent))
  }
  try {
    return await new Promise<Answer>((resolve, reject) => {
      socket.on('message', (bytes) => {
        const answer = read(bytes)
        if (answer !== null) resolve(answer)
      })
      socket.once('error', reject)
      signal.addEventListener('abort', () => {
        reject(signal.reason as Error)
      })
      send()
    })
  } finally {
    clearTimeout(timer)
    socket.removeAllListeners('message')
  }
}
