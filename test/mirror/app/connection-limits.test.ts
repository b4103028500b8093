import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { connect } from 'node:net'
import { test, type TestContext } from 'node:test'
import { maxDescriptors } from '../../../src/server/connections/connection-limits.js'
import { longTest } from '../../support/long.js'
import { serveMirror } from '../../support/serve.js'
import { ask } from '../ask.js'

/** Both ends of all connections are in one process. */
const unlessFew = { skip: (maxDescriptors() ?? 4096) < 4096 && 'too few descriptors' }

/** Opens connections. Returns them, and a function that resolves when that many are closed. */
async function openMany(t: TestContext, port: number, count: number) {
  const sockets = Array.from({ length: count }, () => connect(port, '127.0.0.1'))
  t.after(() => {
    for (const socket of sockets) socket.destroy()
  })
  let closed = 0
  const waiting = new EventEmitter()
  for (const socket of sockets) {
    socket.on('error', () => undefined)
    socket.on('close', () => waiting.emit(`${++closed} closed`))
    // The end is noticed only by reading
    socket.resume()
  }
  const areClosed = async (number: number) => {
    if (closed < number) await once(waiting, `${number} closed`)
  }
  await Promise.all(sockets.map((socket) => once(socket, 'connect')))
  return { sockets, areClosed }
}

test(
  'a client with its share of connections gets no further one until it closes some',
  unlessFew,
  async (t) => {
    const { port } = await serveMirror(t, { files: { a: 'content' } })
    const { sockets, areClosed } = await openMany(t, port, 1010)
    await areClosed(10)
    await assert.rejects(ask(port, '/a'))
    for (const socket of sockets) socket.destroy()
    while ((await ask(port, '/a').catch(() => null)) === null);
  },
)

longTest(
  'clients behind a trusted proxy have no common limit of connections',
  unlessFew,
  async (t) => {
    const args = ['--trust-proxy', '127.0.0.1']
    const { port } = await serveMirror(t, { files: { a: 'content' }, args })
    await openMany(t, port, 1010)
    assert.equal((await ask(port, '/a')).status, 200)
  },
)
