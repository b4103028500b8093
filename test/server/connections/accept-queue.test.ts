import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, get, type IncomingMessage, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { loadNative } from '../../../src/base/native-addon.js'
import { connectionLimiter } from '../../../src/server/connections/connection-limits.js'
import { makeCloser } from '../../../src/server/listen/close.js'
import { until } from '../../support/until.js'

const unlessNative = {
  skip: loadNative('acceptWaiting') === null && 'without the addon, connections begin as they come',
}

/** Starts a server on all local addresses that takes so many connections. */
async function start(
  t: TestContext,
  { all = 5000, perClient = 5000, answer = 'yes', keyOf = addressOf } = {},
) {
  const server = createServer((_request, response) => response.end(answer))
  connectionLimiter({ keyOf, all, perClient, perNetwork: all })(server)
  const begun: string[] = []
  server.on('connection', ({ remoteAddress = '' }: Socket) => begun.push(remoteAddress))
  const close = makeCloser(server)
  server.listen({ port: 0, host: '0.0.0.0', backlog: 4096 })
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return { server, begun, close, port: portOf(server) }
}

test(
  'of a body that a client does not read the system holds little',
  { skip: unlessNative.skip || (process.platform !== 'linux' && 'it is read from /proc') },
  async (t) => {
    const { server, port } = await start(t)
    const slice = Buffer.alloc(64 * 1024)
    let taken = 0
    server.removeAllListeners('request').on('request', (_request, response) => {
      const writeNext = () => response.write(slice, next)
      // Some versions of Node answer writes after the end at once, without end
      const next = (error?: Error | null) => {
        taken++
        if (!error) writeNext()
      }
      writeNext()
    })
    const client = connect(port, '127.0.0.1').pause()
    t.after(() => client.destroy())
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    // The system takes no more if nothing was taken in many turns
    for (let seen = -1, turns = 0; seen !== taken || taken === 0 || turns < 200; turns++) {
      if (seen !== taken) turns = 0
      seen = taken
      await new Promise(setImmediate)
    }
    const waiting = bytesFrom(port)
    assert.ok(waiting < 512 * 1024, `the system holds ${waiting} bytes`)
  },
)

/** Bytes that the system holds of what a port sent, and that nobody has read. */
function bytesFrom(port: number): number {
  const own = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const rows = readFileSync('/proc/net/tcp', 'latin1').split('\n').slice(1, -1)
  const sums = rows.map((row) => row.trim().split(/\s+/))
  const queues = sums.filter(([, local]) => local?.endsWith(own)).map(([, , , , queue]) => queue)
  return queues.reduce((all, queue = '') => all + Number.parseInt(queue, 16), 0)
}

const addressOf = ({ remoteAddress }: Pick<Socket, 'remoteAddress'>) => remoteAddress ?? null

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}

interface Openers {
  readonly port: number
  readonly count: number
  readonly localAddress: string
}

/** Opens connections from an address; all of them wait before the server has its next turn. */
function open(t: TestContext, { port, count, localAddress }: Openers): Socket[] {
  return Array.from({ length: count }, () => {
    const socket = connect({ port, host: '127.0.0.1', localAddress }).on('error', () => undefined)
    t.after(() => socket.destroy())
    return socket
  })
}

for (const whose of ['of another', 'of clients of one IPv6 network']) {
  test(`a client does not wait for the hundreds ${whose}`, unlessNative, async (t) => {
    // Tests have no such addresses: each connection of 127.0.0.2 is another client of one network
    let clients = 0
    const keyOf = ({ remoteAddress = '' }: Pick<Socket, 'remoteAddress'>) => {
      return remoteAddress === '127.0.0.2' ? `fd00:1:2:${clients++}::/64` : remoteAddress
    }
    const { begun, port } = await start(t, whose === 'of another' ? {} : { keyOf })
    const many = open(t, { port, count: 600, localAddress: '127.0.0.2' })
    const one = open(t, { port, count: 1, localAddress: '127.0.0.3' })
    await Promise.all([...many, ...one].map((socket) => once(socket, 'connect')))
    while (begun.length < 601) await new Promise(setImmediate)
    assert.ok(begun.indexOf('127.0.0.3') < 10, `it was number ${begun.indexOf('127.0.0.3')}`)
  })
}

test(
  'of the connections that wait beyond the limit, those of the client with most are closed',
  unlessNative,
  async (t) => {
    const { begun, port } = await start(t, { all: 100 })
    const many = open(t, { port, count: 600, localAddress: '127.0.0.2' })
    const few = open(t, { port, count: 10, localAddress: '127.0.0.3' })
    const areClosed = () => many.filter(({ closed }) => closed).length
    while (begun.filter((address) => address === '127.0.0.3').length < 10 || areClosed() < 510)
      await new Promise(setImmediate)
    assert.ok(few.every(({ closed }) => !closed))
  },
)

test(
  'connections of a client at its limit begin when others of it close',
  unlessNative,
  async (t) => {
    const { begun, port } = await start(t, { perClient: 5 })
    // Node takes the first itself
    const first = open(t, { port, count: 1, localAddress: '127.0.0.3' })
    await until('it has begun', () => begun.length === 1)
    const ten = open(t, { port, count: 10, localAddress: '127.0.0.2' })
    const ofTen = () => begun.filter((address) => address === '127.0.0.2').length
    await until('five have begun', () => ofTen() === 5)
    assert.ok([...first, ...ten].every(({ closed }) => !closed))
    for (const socket of ten) socket.destroy()
    await until('the others have begun', () => ofTen() === 10)
  },
)

test('connections that were taken at once are answered, also while the server stops', async (t) => {
  const { port, close } = await start(t)
  const answers = Array.from({ length: 300 }, async (_, n) => {
    const localAddress = `127.0.0.${2 + (n % 5)}`
    const asked = get({ port, host: '127.0.0.1', localAddress, agent: false })
    const [answer] = (await once(asked, 'response')) as [IncomingMessage]
    return (await answer.setEncoding('utf8').toArray()).join('')
  })
  assert.deepEqual(new Set(await Promise.all(answers)), new Set(['yes']))
  await close()
})
