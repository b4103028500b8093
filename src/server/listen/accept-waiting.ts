import type { Server } from 'node:net'
import { loadNative } from '../../native-addon.js'

/** What the native addon does for listening sockets; native/accept_waiting.h has the contract. */
interface AcceptAddon {
  acceptWaiting(listening: number, most: number): number[]
}

/** Null where the addon is not built. */
const addon = loadNative<AcceptAddon>('acceptWaiting')

/** The handle of a connection, as Node has it. */
interface ConnectionHandle {
  open(descriptor: number): number
}

/**
 * That of a server, to which libuv gives the connections that it accepts. It is a private field of
 * Node, the only one that is used: nothing else tells the descriptor that a server listens on, nor
 * takes a connection that counts among those which `close` waits for. Without it, clients would wait
 * to be accepted for as long as a flood of others lasts.
 */
interface ListeningHandle {
  readonly fd?: number
  readonly constructor: new (type: number) => ConnectionHandle
  onconnection?(status: number, connection: ConnectionHandle): void
}

/** For the constructor of a handle: that of a connection, not of a server. */
const CONNECTION = 0

/** Connections that are accepted together. */
const BATCH = 16

/**
 * Accepts connections that wait for a server, until none does or a moment on the clock of
 * `performance` has come. Returns whether more may wait: always, without the accelerator, as only
 * libuv accepts connections then.
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
