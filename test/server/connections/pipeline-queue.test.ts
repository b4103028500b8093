import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { CountedResponse } from '../../../src/server/connections/counted-response.js'
import { connectionsOf } from '../../../src/server/connections/connections.js'
import {
  PipelineQueue,
  type Handler,
  type PipelineRules,
} from '../../../src/server/connections/pipeline-queue.js'
import { until } from '../../support/until.js'

const keyOf = ({ remoteAddress }: Socket) => remoteAddress ?? null
const LIMITS = { keyOf, maxWaiting: 100 }

/** Bytes that Node reads of a connection at once. */
const CHUNK = 64 * 1024

interface Setup extends Partial<PipelineRules> {
  readonly handler: Handler
  /** Receives each request when it is read. */
  readonly onRead?: () => void
}

/** An HTTP server whose requests take turns, and its clients. */
async function listen(t: TestContext, { handler, onRead, ...rules }: Setup) {
  const seen = { waiting: 0, mostWaiting: 0, left: [] as (string | undefined)[] }
  const onLeft: PipelineRules['onLeft'] = ({ url }) => seen.left.push(url)
  const turns = new PipelineQueue({ onLeft, ...LIMITS, ...rules })
  const begin = turns.inTurn((request, response) => {
    seen.waiting--
    handler(request, response)
  })
  const server = createServer({ ServerResponse: CountedResponse }, (request, response) => {
    onRead?.()
    seen.waiting++
    seen.mostWaiting = Math.max(seen.mostWaiting, seen.waiting)
    begin(request, response)
  }).listen(0, '0.0.0.0')
  connectionsOf(server).follow(turns)
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const open = (localAddress = '127.0.0.1'): Socket => {
    const { port } = server.address() as AddressInfo
    const socket = connect({ port, host: '127.0.0.1', localAddress })
    t.after(() => socket.destroy())
    return socket.on('error', () => undefined)
  }
  return { seen, open }
}

const get = (target: string, more = '') => `GET ${target} HTTP/1.1\r\nHost: a\r\n${more}\r\n`
const LAST = get('/last', 'Connection: close\r\n')

const answerUrl: Handler = ({ url }, response) => {
  response.end(`<${url}>`)
}

test('of a client that sends without end, a bounded number of requests is read at once', async (t) => {
  const { seen, open } = await listen(t, { handler: answerUrl })
  const requests = Array.from({ length: 4000 }, (_, i) =>
    get(`/${i}`, `X: ${'x'.repeat(1000)}\r\n`),
  )
  const socket = open()
  socket.write(requests.join('') + LAST)
  const answers = (await text(socket)).match(/<.*?>/g)
  assert.deepEqual(
    answers,
    [...requests.keys(), 'last'].map((i) => `</${i}>`),
  )
  assert.ok(seen.mostWaiting <= LIMITS.maxWaiting + CHUNK / 1000 + 1, `${seen.mostWaiting}`)
})

test('the body of a waiting request is read in its turn', async (t) => {
  const bodies: number[] = []
  const handler: Handler = (request, response) => {
    let length = 0
    request.on('data', (chunk: Buffer) => (length += chunk.length))
    request.on('end', () => {
      bodies.push(length)
      response.end('.')
    })
  }
  const { open } = await listen(t, { handler })
  const length = 300_000
  const post = get('/form', `Content-Length: ${length}\r\n`) + 'x'.repeat(length)
  const socket = open()
  socket.write(get('/a').repeat(150) + post + get('/b').repeat(150) + LAST)
  await text(socket)
  const expected = Array.from({ length: 302 }, (_, i) => (i === 150 ? length : 0))
  assert.deepEqual(bodies, expected)
})

test('when too many requests wait, the connection with the most is closed', async (t) => {
  const begun: ServerResponse[] = []
  const handler: Handler = (_request, response) => begun.push(response)
  const { seen, open } = await listen(t, { handler, maxOfAll: 300 })
  const [modest, greedy] = [open(), open()]
  modest.write(get('/modest').repeat(20) + LAST)
  greedy.write(get('/greedy').repeat(200))
  await until('219 wait', () => seen.waiting >= 219)
  const third = open()
  third.write(get('/third').repeat(100))
  await once(greedy.resume(), 'close')
  assert.deepEqual(new Set(seen.left), new Set(['/greedy']))
  assert.equal(modest.destroyed, false)
})

test('other clients wait for only one connection of a client that pipelines on many', async (t) => {
  const { seen, open } = await listen(t, { handler: answerUrl, maxOfClient: 50 })
  const requests = get('/').repeat(400)
  const greedy = Array.from({ length: 30 }, () => open('127.0.0.2'))
  await Promise.all(greedy.map((socket) => once(socket, 'connect')))
  const answered = greedy.map((socket) => text(socket))
  for (const socket of greedy) socket.write(requests + LAST)
  await until('50 wait', () => seen.waiting >= 50)
  const modest = open('127.0.0.3')
  modest.write(LAST)
  assert.match(await text(modest), /<\/last>/)
  // Some connections were read, but by far not all
  assert.ok(seen.mostWaiting < 6000, `${seen.mostWaiting}`)
  for (const text of await Promise.all(answered)) assert.equal(text.split('</>').length, 401)
})

test('requests that were read are answered before more of a client are read, however long that takes', async (t) => {
  // Longer for a chunk than the patience with a connection behind a download
  const handler: Handler = ({ url }, response) => {
    const end = performance.now() + 3
    while (performance.now() < end);
    response.end(`<${url}>`)
  }
  const { seen, open } = await listen(t, { handler, maxOfClient: 100 })
  const long = `X: ${'x'.repeat(1000)}\r\n`
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => {
      const socket = open()
      socket.write(get('/', long).repeat(50) + LAST)
      return text(socket)
    }),
  )
  for (const answer of answers) assert.equal(answer.match(/<.*?>/g)?.length, 51)
  assert.ok(seen.mostWaiting <= 100 + 2 * 51, `${seen.mostWaiting}`)
})

test('a client whose requests take long to read leaves most turns to others', async (t) => {
  const requests = 200
  let reads = 0
  const { open } = await listen(t, {
    handler: answerUrl,
    maxOfClient: 50,
    onRead: () => {
      reads += 1
      // In sum longer than the longest wait of a client's next connection
      const end = performance.now() + 1
      while (performance.now() < end);
    },
  })
  const greedy = Array.from({ length: 60 }, () => open('127.0.0.2'))
  await Promise.all(greedy.map((socket) => once(socket, 'connect')))
  for (const socket of greedy) socket.resume().write(get('/').repeat(requests))
  await until('all are read', () => reads >= requests)
  // Each is a connection of its own; all are accepted in different turns of the event loop
  const before = reads
  for (let asked = 0; asked < 100; asked += 1) {
    const modest = open('127.0.0.3')
    modest.write(LAST)
    await text(modest)
  }
  const chunks = (reads - before) / requests
  assert.ok(chunks < 8, `${chunks}`)
})

test('held connections of a client are read when its other connections are closed', async (t) => {
  const { seen, open } = await listen(t, {
    handler: (request, response) => {
      if (request.url !== '/never') answerUrl(request, response)
    },
    maxOfClient: 50,
  })
  const first = open()
  first.write(get('/never').repeat(90))
  await until('89 wait', () => seen.waiting >= 89)
  const second = open()
  second.write(LAST)
  await once(second, 'connect')
  first.destroy()
  assert.match(await text(second), /<\/last>/)
})
