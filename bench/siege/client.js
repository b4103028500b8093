// Clients that need not be polite: each request on a connection of its own, left at will.
import { connect } from 'node:net'

/**
 * Sends bytes from one of this machine's own addresses, and resolves with the status of the answer
 * once it has come whole: 0 when there was none, or when the client left before. `leaveAfter` is in
 * milliseconds; `appetite` is how many bytes it takes before it stops to read.
 */
export function send(port, bytes, { from, leaveAfter = 30_000, appetite = Infinity }) {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', localAddress: from })
    const timer = setTimeout(() => socket.destroy(), leaveAfter)
    let status = 0
    let taken = 0
    socket.on('data', (chunk) => {
      if (status === 0) status = readStatus(chunk)
      taken += chunk.length
      if (taken > appetite) socket.pause()
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      clearTimeout(timer)
      resolve(status)
    })
    socket.write(bytes)
  })
}

function readStatus(chunk) {
  return Number(chunk.subarray(9, 12).toString('latin1')) || 0
}

export function getText(target) {
  return `GET ${target} HTTP/1.1\r\nHost: mirror.example\r\nConnection: close\r\n\r\n`
}

/** A form with paths; the address holds the digest of these. */
export function postText(target, paths) {
  const body = Buffer.from(paths.map((path) => `p=${path}`).join('&'))
  const head = [
    `POST ${target} HTTP/1.1`,
    'Host: mirror.example',
    'Content-Type: application/x-www-form-urlencoded',
    `Content-Length: ${body.length}`,
    'Connection: close',
  ]
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body])
}
