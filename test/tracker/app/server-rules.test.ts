import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { promisify } from 'node:util'
import { connectionLimiter } from '../../../src/server/connections/connection-limits.js'
import { Exchanges } from '../../../src/server/exchange/exchanges.js'
import { UnreadBytes } from '../../../src/server/connections/unread-bytes.js'
import { makeServer } from '../../../src/server/listen/listen.js'
import { splitTarget } from '../../../src/server/headers/target.js'
import { SERVER_RULES } from '../../../src/tracker/app/run-tracker.js'
import { until } from '../../support/until.js'
import { longTest } from '../../support/long.js'
import { listenLocally } from '../../support/listen.js'

const GET = (target: string) => `GET ${target} HTTP/1.1\r\nHost: tracker\r\n\r\n`

/** A server that answers with the request's target and records its reports. */
async function listen(
  t: TestContext,
  { maxPerClient = 100, maxConnections = 1000, work = (): void => undefined } = {},
) {
  const heard = { answered: 0, refused: [] as number[] }
  const keyOf = ({ remoteAddress }: Pick<Socket, 'remoteAddress'>) => remoteAddress ?? null
  const server = makeServer({
    handler: (request, response) => {
      if (request.url === '/never') return
      heard.answered += 1
      work()
      response.end(
        splitTarget(request.url ?? '')
          .filter(Boolean)
          .join('?'),
      )
    },
    exchanges: new Exchanges(({ status }) => heard.refused.push(status), {
      monotonic: () => performance.now(),
    }),
    rules: SERVER_RULES,
    keyOf,
    unread: new UnreadBytes(() => null),
    limitConnections: connectionLimiter({
      keyOf,
      all: maxConnections,
      perClient: maxPerClient,
      perNetwork: maxConnections,
    }),
    tls: null,
  })
  const port = await listenLocally(t, server, '::')
  const open = (sent: string, host = '127.0.0.1', localAddress?: string): Socket => {
    const socket = connect({ port, host, localAddress }).on('error', () => undefined)
    t.after(() => socket.destroy())
    socket.write(sent)
    return socket
  }
  return { heard, open }
}

/** The first answer on a connection; null if it is closed without one. */
async function answerOn(socket: Socket): Promise<string | null> {
  const closed = once(socket, 'close').then(() => null)
  const answered = once(socket, 'data').then(([bytes]) => String(bytes))
  return Promise.race([answered, closed])
}

test('pipelined requests are answered in their order', async (t) => {
  const { open } = await listen(t)
  const targets = Array.from({ length: 10 }, (_, n) => `/announce?${n}`)
  const last = `GET /last HTTP/1.1\r\nHost: tracker\r\nConnection: close\r\n\r\n`
  const answers = await text(open(targets.map(GET).join('') + last))
  assert.deepEqual(answers.match(/\/(?:announce\?\d|last)/g), [...targets, '/last'])
})

test('a client that sends on after its last answer is read, however busy the server is', async (t) => {
  const work = () => {
    const { user } = process.cpuUsage()
    while (process.cpuUsage().user < user + 30_000);
  }
  const { open } = await listen(t, { work })
  const rest = Buffer.alloc(48 * 1024)
  const fields = `Host: tracker\r\nConnection: close\r\nContent-Length: ${16 * rest.length}`
  const socket = open(`POST /announce HTTP/1.1\r\n${fields}\r\n\r\n`)
  socket.allowHalfOpen = true
  assert.match((await answerOn(socket)) ?? '', /\/announce$/)
  // Requests that wait for others make it busy
  for (let n = 0; n < 3; n += 1) await answerOn(open(GET('/other').repeat(2)))
  for (let n = 0; n < 16; n += 1) await promisify<Buffer>(socket.write.bind(socket))(rest)
})

longTest('a client that pipelines on many connections delays others only briefly', async (t) => {
  const { heard, open } = await listen(t)
  for (let n = 0; n < 50; n += 1) open(GET('/announce').repeat(1500)).resume()
  await until('answered', () => heard.answered > 0)
  assert.match((await answerOn(open(GET('/other'), '::1'))) ?? '', /\/other$/)
  assert.ok(heard.answered < 50 * 1500, `${heard.answered}`)
})

/** Keeps the event loop for a millisecond. */
function workHard(): void {
  const end = performance.now() + 1
  while (performance.now() < end);
}

test('hundreds of requests at once of one client do not keep another waiting', async (t) => {
  const { heard, open } = await listen(t, { maxPerClient: 300, work: workHard })
  const many = Array.from({ length: 300 }, () => open(GET('/many')).resume())
  const other = open(GET('/other'), '::1')
  await Promise.all([...many, other].map(answerOn))
  for (const socket of many) socket.write(GET('/many'))
  other.write(GET('/other'))
  assert.match((await answerOn(other)) ?? '', /\/other$/)
  assert.ok(heard.answered < 301 + 200, `${heard.answered}`)
  await until('answered', () => heard.answered === 2 * 301)
})

test('few connections of each of many clients do not keep another waiting', async (t) => {
  const { heard, open } = await listen(t, { work: workHard })
  const many = Array.from({ length: 320 }, (_, n) => {
    return open(GET('/first'), '127.0.0.1', `127.0.0.${2 + (n % 40)}`).resume()
  })
  await Promise.all(many.map(answerOn))
  for (const socket of many) socket.write(GET('/many').repeat(20))
  await until('they begin', () => heard.answered > 320)
  const before = heard.answered
  assert.match((await answerOn(open(GET('/other'), '::1'))) ?? '', /\/other$/)
  assert.ok(heard.answered < before + 100, `${heard.answered - before}`)
})

test('requests that are never answered hold up no others of their client', async (t) => {
  const { open } = await listen(t, { maxPerClient: 300 })
  const never = GET('/never').repeat(100)
  for (let n = 0; n < 100; n += 1) open(never).resume()
  for (let n = 0; n < 20; n += 1)
    assert.match((await answerOn(open(GET('/other')))) ?? '', /\/other$/)
})

for (const [what, testPipelined, target, length, count] of [
  ['all pipelined requests on many connections are answered', test, '/announce', 50, 100],
  ['a client may send more at once than all may have waiting', longTest, '/a', 40, 1500],
] as const) {
  testPipelined(what, async (t) => {
    const { heard, open } = await listen(t)
    const last = GET('/last').replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n')
    const sent = GET(target).repeat(count - 1) + last
    const answers = await Promise.all(Array.from({ length }, () => text(open(sent))))
    for (const answer of answers) assert.match(answer, /\/last$/)
    assert.deepEqual(heard, { answered: length * count, refused: [] })
  })
}

test('one client cannot use the connections of others', async (t) => {
  const { open } = await listen(t, { maxPerClient: 2 })
  const first = open(GET('/1'))
  assert.match((await answerOn(first)) ?? '', /\/1$/)
  assert.match((await answerOn(open(GET('/2')))) ?? '', /\/2$/)
  assert.equal(await answerOn(open(GET('/3'))), null)
  assert.match((await answerOn(open(GET('/other'), '::1'))) ?? '', /\/other$/)
  first.destroy()
  let answer: string | null = null
  while (answer === null) answer = await answerOn(open(GET('/again')))
  assert.match(answer, /\/again$/)
})

test('connections above the total limit are closed', async (t) => {
  const { open } = await listen(t, { maxConnections: 2 })
  const first = open(GET('/1'))
  assert.match((await answerOn(first)) ?? '', /\/1$/)
  assert.match((await answerOn(open(GET('/2'), '127.0.0.2'))) ?? '', /\/2$/)
  assert.equal(await answerOn(open(GET('/3'), '::1')), null)
  first.destroy()
  let answer: string | null = null
  while (answer === null) answer = await answerOn(open(GET('/again'), '::1'))
  assert.match(answer, /\/again$/)
})

test('an invalid or too long request is answered and reported', async (t) => {
  const { heard, open } = await listen(t)
  assert.match((await answerOn(open('nonsense\r\n\r\n'))) ?? '', /^HTTP\/1.1 400 /)
  const long = `GET /${'x'.repeat(10_000)}`
  assert.match((await answerOn(open(long))) ?? '', /^HTTP\/1.1 431 /)
  assert.deepEqual(heard, { answered: 0, refused: [400, 431] })
})

test('a request may have 8 KiB, and its connection stays open for 15 s', async (t) => {
  const { open } = await listen(t)
  const line = (length: number) => GET(`/${'x'.repeat(length - GET('/').length)}`)
  const answer = (await answerOn(open(line(8 * 1024 - 32)))) ?? ''
  assert.match(answer, /^HTTP\/1.1 200 [^]*\r\nKeep-Alive: timeout=15\r\n/)
  assert.match((await answerOn(open(line(8 * 1024 + 32)))) ?? '', /^HTTP\/1.1 431 /)
})

test('a connection without progress is looked at every 10 s, and closed 20 s later', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const server = createServer()
  SERVER_RULES.prepare(server)
  const socket = new Socket()
  t.after(() => socket.destroy())
  Object.defineProperty(socket, 'writableLength', { value: 1 })
  server.emit('connection', socket)
  t.mock.timers.tick(19_999)
  assert.equal(socket.timeout, undefined)
  t.mock.timers.tick(1)
  assert.equal(socket.timeout, 20_000)
})

test('a target may have a scheme and a host', async (t) => {
  const { open } = await listen(t)
  for (const [target, answered] of [
    ['http://tracker:6969/announce?a=/', '/announce?a=/'],
    ['HTTP://tracker', '/'],
    ['http://tracker?a', '/?a'],
  ] as const) {
    const answer = (await answerOn(open(GET(target)))) ?? ''
    assert.equal(answer.split('\r\n\r\n')[1], answered)
  }
})
