import assert from 'node:assert/strict'
import { Socket } from 'node:net'
import { test } from 'node:test'
import { AccessLog, type LogFormat } from '../../../src/server/exchange/access-log.js'
import {
  ClientAddresses,
  parseTrustedProxy,
} from '../../../src/server/connections/client-address.js'

const TIME = Date.UTC(2023, 10, 14, 22, 13, 20)

interface Asked {
  readonly url?: string
  readonly method?: string
  readonly agent?: string
  readonly client?: string | undefined
  readonly forwardedFor?: string
}

const clientAddresses = new ClientAddresses([parseTrustedProxy('10.0.0.0/8')])

/** The output of the log, by calls of `write`. */
function openLog(format: LogFormat) {
  const written: string[] = []
  const log = new AccessLog({
    format,
    write: (lines) => written.push(lines),
    now: () => TIME,
    clientAddresses,
  })
  return { log, written }
}

function note(log: AccessLog, asked: Asked = {}): void {
  const { url = '/a.torrent', method = 'GET', agent, client, forwardedFor } = asked
  const socket = new Socket()
  Object.defineProperty(socket, 'remoteAddress', { value: client })
  const headers = { 'user-agent': agent, 'x-forwarded-for': forwardedFor }
  const request = { socket, headers, method, url }
  const exchange = { route: '/*', status: 200, bytes: 512, milliseconds: 1.26, isComplete: true }
  log.note({ request, ...exchange })
}

test('a line of text names the client, the request and the result', () => {
  const { log, written } = openLog('text')
  note(log, { agent: 'yum/3.2', client: '192.0.2.1' })
  log.flush()
  const line = '2023-11-14T22:13:20.000Z 192.0.2.1 "GET /a.torrent" 200 512 1.3ms "yum/3.2"\n'
  assert.deepEqual(written, [line])
})

test('unknown fields are a dash', () => {
  const { log, written } = openLog('text')
  note(log)
  log.flush()
  assert.match(written.join(''), /Z - "GET \/a\.torrent" 200 512 1\.3ms "-"\n$/)
})

test('the client of a trusted proxy is the one that the proxy names', () => {
  const { log, written } = openLog('text')
  note(log, { client: '10.0.0.1', forwardedFor: '192.0.2.9' })
  note(log, { client: '192.0.2.1', forwardedFor: '192.0.2.9' })
  log.flush()
  const clients = written
    .join('')
    .split('\n')
    .map((line) => line.split(' ')[1])
  assert.deepEqual(clients.slice(0, 2), ['192.0.2.9', '192.0.2.1'])
})

test('unreadable requests are a dash', () => {
  const { log, written } = openLog('text')
  note(log, { method: '', url: '', client: '192.0.2.1' })
  log.flush()
  assert.match(written.join(''), /Z 192\.0\.2\.1 "-" 200 /)
})

test('a line of JSON has the same fields', () => {
  const { log, written } = openLog('json')
  note(log, { agent: 'a "b"\n', client: '::1' })
  log.flush()
  assert.deepEqual(JSON.parse(written.join('')), {
    time: '2023-11-14T22:13:20.000Z',
    client: '::1',
    method: 'GET',
    url: '/a.torrent',
    status: 200,
    bytes: 512,
    milliseconds: 1.3,
    agent: 'a "b"\n',
    complete: true,
  })
  assert.equal(written.join('').split('\n').length, 2)
})

test('a stranger can neither begin a line nor control a terminal', () => {
  const { log, written } = openLog('text')
  note(log, { agent: 'x\n2023 forged\r\u001b[2J', url: '/\u202e' })
  log.flush()
  const text = written.join('')
  assert.equal(text.indexOf('\n'), text.length - 1)
  assert.doesNotMatch(text, /[\u001b\r\u202e]/)
})

test('lines are written in batches, each exactly once', () => {
  const { log, written } = openLog('text')
  for (let i = 0; i < 3; i++) note(log, { url: `/${i}` })
  assert.deepEqual(written, [])
  log.flush()
  log.flush()
  assert.equal(written.length, 1)
  assert.deepEqual(written.join('').match(/\/\d/g), ['/0', '/1', '/2'])
})

test('lines are written after a moment', async () => {
  const lines = await new Promise<string>((resolve) => {
    const log = new AccessLog({
      format: 'text',
      write: (text) => {
        clearInterval(alive)
        resolve(text)
      },
      now: () => TIME,
      clientAddresses,
    })
    // The log's own timer does not keep the process alive
    const alive = setInterval(() => undefined, 1000)
    note(log, { url: '/a' })
  })
  assert.match(lines, /^[^\n]*\/a[^\n]*\n$/)
})

test('very many lines are written at once', () => {
  const { log, written } = openLog('text')
  for (let i = 0; i < 100; i++) note(log, { url: `/${'x'.repeat(2000)}` })
  assert.ok(written.length > 0)
})

test('a log that is off writes nothing', () => {
  const { log, written } = openLog('off')
  note(log)
  log.flush()
  assert.deepEqual(written, [])
})
