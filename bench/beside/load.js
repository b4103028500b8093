// Asks for one thing again and again over connections that are kept, without more than Node: a load
// that is there on every machine. Its own processor time does not count.
import { connect } from 'node:net'

/** Sends each of `requests` in turn over `count` connections for some seconds; returns the answers. */
export async function askFor(port, requests, { seconds, count = 32 }) {
  const state = { answers: 0, isOver: false, next: 0, requests }
  const clients = Array.from({ length: count }, () => askOn(port, state))
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
  state.isOver = true
  await Promise.all(clients)
  return state.answers
}

function askOn(port, state) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let [left, head] = [0, '']
    const ask = () => {
      if (state.isOver) socket.destroy()
      else socket.write(state.requests[state.next++ % state.requests.length])
    }
    const end = (rest) => {
      left -= rest
      if (left > 0) return
      state.answers++
      head = ''
      ask()
    }
    socket.on('connect', ask)
    socket.on('close', resolve)
    socket.on('error', reject)
    socket.on('data', (bytes) => {
      if (left > 0) return end(bytes.length)
      head += bytes.toString('latin1')
      const bodyAt = head.indexOf('\r\n\r\n') + 4
      if (bodyAt < 4) return
      if (!head.startsWith('HTTP/1.1 200')) return reject(new Error(head.slice(0, 200)))
      left = Number(/^content-length: *(\d+)/im.exec(head)[1])
      end(head.length - bodyAt)
    })
  })
}
