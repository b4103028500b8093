// Asks for one thing again and again, without more than Node: a load that is there on every
// machine. Its own processor time does not count.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout } from 'node:timers/promises'

/** Packets that are under way at once. */
const UNDER_WAY = 64

/**
 * Sends each of `requests` in turn over `count` connections for some seconds; returns the answers.
 * The connections are kept, unless the requests ask to have them closed.
 */
export async function askFor(port, requests, { seconds, count = 32 }) {
  const state = { answers: 0, isOver: false, next: 0, requests }
  const clients = Array.from({ length: count }, async () => {
    while (!state.isOver) await askOn(port, state)
  })
  await setTimeout(seconds * 1000)
  state.isOver = true
  await Promise.all(clients)
  return state.answers
}

/** Sends each of `requests` once; returns the answers. */
export async function askEach(port, requests) {
  const state = { answers: 0, isOver: false, isOnce: true, next: 0, requests }
  await Promise.all(Array.from({ length: 32 }, () => askOn(port, state)))
  return state.answers
}

/** Asks on one connection until somebody closes it. */
function askOn(port, state) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let [left, head] = [0, '']
    const ask = () => {
      if (state.isOver || (state.isOnce && state.next === state.requests.length)) socket.destroy()
      else socket.write(state.requests[state.next++ % state.requests.length])
    }
    const end = (rest) => {
      left -= rest
      if (left > 0) return
      state.answers++
      const isLast = /^connection: *close/im.test(head)
      head = ''
      if (!isLast) ask()
    }
    socket.on('connect', ask)
    socket.on('close', resolve)
    socket.on('error', reject)
    socket.on('data', (bytes) => {
      if (left > 0) return end(bytes.length)
      head += bytes.toString('latin1')
      const bodyAt = head.indexOf('\r\n\r\n') + 4
      if (bodyAt < 4) return
      if (!/^HTTP\/1.1 (?:200|304)/.test(head)) return reject(new Error(head.slice(0, 200)))
      left = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0)
      end(head.length - bodyAt)
    })
  })
}

/** Asks for a file over a thousand connections, which nobody reads yet. */
export function openMany(port, path) {
  return Array.from({ length: 1000 }, (_, i) => {
    const socket = connect({ port, host: '127.0.0.1', localAddress: `127.0.0.${2 + (i % 50)}` })
    return socket.pause().end(`GET ${path} HTTP/1.1\r\nHost: mirror.example\r\n\r\n`)
  })
}

/**
 * Reads connections at 20 KB a second for 10 s. Returns the p99 of asking for an address meanwhile,
 * in ms.
 */
export async function readSlowly(sockets, address) {
  const taken = []
  for (const started = performance.now(); performance.now() < started + 10_000;) {
    const asked = performance.now()
    await (await fetch(address)).arrayBuffer()
    taken.push(performance.now() - asked)
    await setTimeout(100)
    for (const socket of sockets) socket.read(2000)
  }
  for (const socket of sockets) socket.destroy()
  return taken.sort((a, b) => a - b)[Math.floor(taken.length * 0.99)]
}

/**
 * Sends packets over UDP in turn for some seconds, with many under way; returns the answers.
 * `hello` is sent first, if there is one, and `packetsOf` is given its answer. Lost packets are
 * sent again.
 */
export async function sendTo(port, { seconds, hello, packetsOf }) {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  socket.setRecvBufferSize(2 ** 21)
  socket.connect(port, '127.0.0.1')
  await once(socket, 'connect')
  const greeted = once(socket, 'message')
  if (hello !== undefined) socket.send(hello)
  const packets = packetsOf(hello === undefined ? undefined : (await greeted)[0])
  let [answers, next, seen] = [0, 0, 0]
  const send = () => socket.send(packets[next++ % packets.length])
  const sendMany = () => Array.from({ length: UNDER_WAY }, send)
  socket.on('message', () => {
    answers++
    send()
  })
  sendMany()
  const retry = setInterval(() => {
    if (answers === seen) sendMany()
    seen = answers
  }, 100)
  await setTimeout(seconds * 1000)
  clearInterval(retry)
  socket.close()
  return answers
}
