import type { Socket } from 'node:net'

/** Connections of a server of HTTP that are not read for a while. */
export class HeldSockets {
  readonly #holders = new WeakMap<Socket, Set<object>>()

  /** Reads nothing more of a connection for a holder's sake; what was read already still comes. */
  hold(socket: Socket, holder: object): void {
    this.#holdersOf(socket).add(holder)
    socket.pause()
  }

  /** Reads it again, unless another holder is against it. */
  release(socket: Socket, holder: object): void {
    const holders = this.#holdersOf(socket)
    if (holders.delete(holder) && holders.size === 0) socket.resume()
  }

  #holdersOf(socket: Socket): Set<object> {
    const known = this.#holders.get(socket)
    if (known) return known
    const holders = new Set<object>()
    this.#holders.set(socket, holders)
    // Node has reasons of its own to stop and to go on, such as each request that ends
    socket.on('resume', () => {
      if (holders.size === 0) return
      // The event may come late, of a socket that is paused by now, and have it read all the same
      if (socket.isPaused()) socket.emit('pause')
      else socket.pause()
    })
    return holders
  }
}
