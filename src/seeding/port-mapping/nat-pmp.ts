import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { callWithin } from '../../base/bounded-call.js'
import { askByUdp } from '../udp-question.js'
import {
  type Mapping,
  type Transport,
  type Router,
  RouterFault,
  type RouterPlaces,
  type WantedMapping,
} from './router.js'

/** Milliseconds until a question is sent again, twice as many each time (RFC 6886, section 3.1). */
const FIRST_PAUSE = 250

/** The numbers of questions; answers have 128 more. */
const ADDRESS = 0
const MAPS = { UDP: 1, TCP: 2 } as const
const ANSWER = 128

/** Bytes of a whole answer to each question, and of those that an answer of any kind has. */
const ADDRESS_LENGTH = 12
const MAP_LENGTH = 16
const SHORTEST = 8

/** The meanings of results in RFC 6886, in their order. */
const RESULTS = [
  'success',
  'unsupported version',
  'not authorized',
  'network failure',
  'out of resources',
  'unsupported question',
]

/**
 * A gateway that speaks NAT-PMP (RFC 6886). Mappings are renewed so often that a restart of the
 * gateway, which its epoch would show, needs no other care.
 */
export class NatPmpRouter implements Router {
  readonly label: string
  /** The own ports of mappings that it may have made. */
  readonly #asked = new Map<Transport, number>()

  constructor(
    private readonly gateway: string,
    private readonly places: Pick<RouterPlaces, 'natPmpPort' | 'patience'>,
  ) {
    this.label = `${gateway} by NAT-PMP`
  }

  async outerAddress(signal: AbortSignal): Promise<string> {
    const answer = await this.#ask(Buffer.of(0, ADDRESS), ADDRESS_LENGTH, signal)
    return answer.subarray(8, 12).join('.')
  }

  async map(wanted: WantedMapping, signal: AbortSignal): Promise<Mapping> {
    this.#asked.set(wanted.transport, wanted.port)
    const answer = await this.#askMap(wanted, signal)
    const outerPort = answer.readUInt16BE(10)
    if (outerPort === 0) throw new RouterFault('it gives port 0')
    return { outerPort, lifetime: answer.readUInt32BE(12) }
  }

  async release(signal: AbortSignal): Promise<void> {
    const releases = Array.from(this.#asked, ([transport, port]) => {
      return this.#askMap({ transport, port, outerPort: 0, lifetime: 0 }, signal)
    })
    await Promise.allSettled(releases)
    this.#asked.clear()
  }

  #askMap({ transport, port, outerPort, lifetime }: WantedMapping, signal: AbortSignal) {
    const question = Buffer.alloc(12)
    question[1] = MAPS[transport]
    question.writeUInt16BE(port, 4)
    question.writeUInt16BE(outerPort, 6)
    question.writeUInt32BE(lifetime, 8)
    return this.#ask(question, MAP_LENGTH, signal)
  }

  /** Returns the answer to a question, of at least so many bytes. */
  async #ask(question: Buffer, length: number, signal: AbortSignal): Promise<Buffer> {
    const socket = createSocket('udp4').unref()
    // One that comes when nobody waits for an answer
    socket.on('error', () => undefined)
    const read = (answer: Buffer) => {
      if (answer.length < SHORTEST || answer[0] !== 0) return null
      if (answer[1] !== ANSWER + (question[1] ?? 0)) return null
      if (answer.readUInt16BE(2) !== 0) return answer
      const isOther =
        length === MAP_LENGTH && !answer.subarray(8, 10).equals(question.subarray(4, 6))
      return answer.length < length || isOther ? null : answer
    }
    try {
      const limits = { timeoutMs: this.places.patience, signal }
      const answer = await callWithin(limits, async (bounded) => {
        socket.connect(this.places.natPmpPort, this.gateway)
        await once(socket, 'connect', { signal: bounded })
        const pauseAfter = (sent: number) => FIRST_PAUSE * 2 ** (sent - 1)
        return askByUdp(socket, question, { read, pauseAfter, signal: bounded })
      })
      const result = answer.readUInt16BE(2)
      if (result === 0) return answer
      throw new RouterFault(RESULTS[result] ?? `result ${result}`, result)
    } finally {
      socket.close()
    }
  }
}
