import type { Server, Socket } from 'node:net'

/** The most connections that did not ask for a page yet. */
const MOST = 64

/**
 * Keeps other users of the machine from using up the connections: they can open some, but cannot
 * name the secret path. If there are too many, the oldest is closed, so that the browser gets in.
 */
export class Strangers {
  readonly #sockets = new Set<Socket>()

  /** Follows the connections of a server. */
  follow(server: Server): void {
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
      const [oldest] = this.#sockets
      if (this.#sockets.size > MOST) oldest?.destroy()
    })
  }

  /** Keeps a connection that asked for a page. */
  recognize(socket: Socket): void {
    this.#sockets.delete(socket)
  }
}
