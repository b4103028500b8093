import type { Server } from 'node:net'
import { loadNative } from '../../native-addon.js'

/** The native addon's function for listening sockets; native/accept_waiting.h has the contract. */
interface AcceptAddon {
  acceptWaiting(listening: number, most: number): number[]
}

/** Null if the addon is not built. */
const addon = loadNative<AcceptAddon>('acceptWaiting')

/** Node's handle of a connection. */
interface ConnectionHandle {
  open(descriptor: number): number
}

/**
 * Node's handle of a server, to which libuv gives the connections it accepts. This is a private
 * field of Node, the only one in use. Nothing else gives the descriptor that a server listens on,
 * or adds a connection that `close` waits for. Without it, clients would wait to be accepted as
 * long as a flood of other connections lasts.
 */
interface ListeningHandle {
  readonly fd?: number
  readonly constructor: new (type: number) => ConnectionHandle
  onconnection?(status: number, connection: ConnectionHandle): void
}

/** The type of a connection's handle, not a server's. */
const CONNECTION = 0

/** Connections accepted together. */
const BATCH = 16

/**
 * Accepts a server's waiting connections until none is left or the time `until` has come
 * (milliseconds of `performance.now`). Returns whether more may wait. Without the addon that is
 * always true, because then only libuv accepts connections.
 */
export function acceptWaiting(server: Server, until: number): boolean {
  const { _handle: handle } = server as { readonly _handle?: ListeningHandle | null }
  if (addon === null || handle?.onconnection === undefined) return true
  const { fd = -1 } = handle
  if (fd < 0) return true
  do {
    const descriptors = addon.acceptWaiting(fd, BATCH)
    for (const descriptor of descriptors) {
      const connection = new handle.constructor(CONNECTION)
      connection.open(descriptor)
      handle.onconnection(0, connection)
    }
    if (descriptors.length < BATCH) return false
  } while (performance.now() < until)
  return true
}
