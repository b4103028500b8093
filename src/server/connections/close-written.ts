import type { ServerResponse } from 'node:http'
import { Socket } from 'node:net'

/**
 * Has the connection of a last answer closed as soon as the system has taken that. Node would first say
 * that nothing more is sent, with a call of its own and a turn of its loop, and then close all the
 * same without waiting for the client: a tenth of what a connection for one announce takes. To be
 * called before the answer ends.
 */
export function closeOnceWritten({ socket, shouldKeepAlive }: ServerResponse): void {
  // Over TLS, the end is told in a message
  if (shouldKeepAlive || socket === null || 'encrypted' in socket) return
  socket.destroySoon = destroyWritten
}

/** What Node calls when the last answer is written, as far as the system took it. */
function destroyWritten(this: Socket): void {
  if (this.writableLength > 0) Socket.prototype.destroySoon.call(this)
  // The write is not over before what its end has called is: Node would make an error of that
  else process.nextTick(destroy, this)
}

function destroy(socket: Socket): void {
  socket.destroy()
}
