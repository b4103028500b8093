import assert from 'node:assert/strict'
import { Socket } from 'node:net'
import { test } from 'node:test'
import {
  ClientAddresses,
  parseTrustedProxy,
} from '../../../src/server/connections/client-address.js'
import { type LogFormat, AccessLog } from '../../../src/server/exchange/access-log.js'
import type { Exchange } from '../../../src/server/exchange/exchanges.js'
import { RequestFigures } from '../../../src/server/exchange/request-figures.js'

const TIME = Date.UTC(2023, 10, 14, 22, 13, 20)

interface Asked {
  readonly url?: string
  readonly method?: string
  readonly agent?: string
  readonly client?: string | undefined
  readonly forwardedFor?: string
  readonly isComplete?: boolean
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
  const { isComplete = true } = asked
  const exchange = { route: '/*', status: 200, bytes: 512, milliseconds: 1.26, isComplete }
  log.note({ request, ...exchange })
}

test('unknown fields are a dash', () => {
  const { log, written } = openLog('text')
  note(log)
  log.flush()
  assert.match(written.join(''), /Z - "GET \/a\.torrent" 200 512 1\.3ms "-"\n$/)
})

test('text in UTF-8 is shown as such, and that of old clients as ISO-8859-1', () => {
  // Node makes a character of each byte
  const bytesOf = (text: string) => Buffer.from(text).toString('latin1')
  for (const [sent, shown] of [
    [bytesOf('Müller/1.0 名'), 'Müller/1.0 名'],
    ['M\u00fcller/1.0', 'Müller/1.0'],
    [bytesOf('a\u202eb'), 'a\\u202eb'],
  ] as const) {
    for (const format of ['text', 'json'] as const) {
      const { log, written } = openLog(format)
      note(log, { agent: sent, url: `/${sent}` })
      log.flush()
      const line = written.join('').replaceAll('\\u{202e}', '\\u202e')
      assert.equal(line.split(shown).length, 3, line)
    }
  }
})

test('a line says whether the answer was cut', () => {
  for (const [format, told] of [
    ['text', /200 512 1\.3ms "-" cut\n$/],
    ['json', /"status":200,"bytes":512,.*"complete":false\}\n$/],
  ] as const) {
    const { log, written } = openLog(format)
    note(log, { isComplete: false })
    log.flush()
    assert.match(written.join(''), told)
  }
})

test('lines are written a moment after the first one, very many at once, and each line once', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { log, written } = openLog('text')
  for (const url of ['/1', '/2']) {
    note(log, { url })
    t.mock.timers.tick(200)
  }
  for (let i = 0; i < 50; i++) note(log, { url: `/3${'x'.repeat(2000)}` })
  assert.deepEqual(
    written.map((lines) => [...new Set(lines.match(/ \/./g))].join()),
    [' /1', ' /2', ' /3'],
  )
})

/** Figures of exchanges with the given fields; other fields have plain values. */
function figuresOf(exchanges: readonly Partial<Exchange>[]): RequestFigures {
  const figures = new RequestFigures()
  const request = { socket: new Socket(), headers: {}, method: 'GET', url: '/' }
  const plain = { request, route: '/a', status: 200, bytes: 0, milliseconds: 1, isComplete: true }
  for (const exchange of exchanges) figures.note({ ...plain, ...exchange })
  return figures
}

test('each bucket of durations includes all lower ones', () => {
  const times = [1, 2, 60_000, 61_000].map((milliseconds) => ({ milliseconds }))
  const samples = figuresOf(times).durations()
  const values = Object.fromEntries(
    samples.map(({ suffix = '', labels, value }) => [suffix + (labels?.['le'] ?? ''), value]),
  )
  assert.equal(values['_bucket0.001'], 1)
  assert.equal(values['_bucket0.005'], 2)
  assert.equal(values['_bucket30'], 2)
  assert.equal(values['_bucket60'], 3)
  assert.equal(values['_bucket+Inf'], 4)
  assert.equal(values['_count'], 4)
  assert.equal(values['_sum'], 121.003)
})
