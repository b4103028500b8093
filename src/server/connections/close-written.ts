import type { ServerResponse } from 'node:http'
import { Socket } from 'node:net'

/**
 * Closes the connection of a last answer as soon as the system has accepted the answer. Node would
 * first send an end with another system call and another turn of the event loop. Then it would
 * close nevertheless, without waiting for the client: 10% of the cost of a connection for one
 * announce. Call it before the answer ends.
 */
export function closeOnceWritten({ socket, shouldKeepAlive }: ServerResponse): void {
  // TLS announces the end in a message
  if (shouldKeepAlive || socket === null || 'encrypted' in socket) return
  socket.destroySoon = destroyWritten
}

/** Node calls this once the last answer is written, as far as the system accepted it. */
function destroyWritten(this: Socket): void {
  if (this.writableLength > 0) Socket.prototype.destroySoon.call(this)
  // The write ends after its callback returns; destroying earlier would be an error in Node
  else process.nextTick(destroy, this)
}

function destroy(socket: Socket): void {
  socket.destroy()
}
