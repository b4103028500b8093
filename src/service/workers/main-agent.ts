import { Agent, type ClientRequestArgs } from 'node:http'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'

/** Milliseconds between attempts to connect while more wait for that than the system keeps. */
const PAUSE = 10
const ATTEMPTS = 500

/** Connections without a request that are kept open. */
const MAX_IDLE = 64

/** Connections to the main process, as many as there are requests under way. */
export class MainAgent extends Agent {
  constructor(readonly path: string) {
    super({ keepAlive: true, maxFreeSockets: MAX_IDLE })
  }

  override createConnection(
    _options: ClientRequestArgs,
    done?: (error: Error | null, stream: Duplex) => void,
  ): Duplex | null | undefined {
    this.#connect(ATTEMPTS, done ?? (() => undefined))
    return undefined
  }

  #connect(attempts: number, done: (error: Error | null, stream: Duplex) => void): void {
    const socket = connect(this.path)
    const fail = (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EAGAIN' || attempts === 1) done(error, socket)
      else
        setTimeout(() => {
          this.#connect(attempts - 1, done)
        }, PAUSE)
    }
    socket.once('error', fail)
    socket.once('connect', () => {
      socket.off('error', fail)
      done(null, socket)
    })
  }
}
