import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { Worker } from 'node:worker_threads'
import { makeScratch } from '../../support/scratch.js'
import { plantCertificate, tlsArgs, unlessOpenssl } from '../../support/certificates.js'
import { startTrack, type RunningTrack } from '../../support/track.js'
import type { RawAsking } from './raw-asking-thread.js'

const INFO_HASH = '%ab'.repeat(20)
const ANNOUNCE = `announce?info_hash=${INFO_HASH}&peer_id=${'x'.repeat(20)}&port=6881&left=1`

const TARGETS = [
  ...['/', '/?sort=name', '/index.html', '/index.json', '/favicon.ico', '/-/health', '/-/ready'],
  ...['/nowhere', '/torrent', `/torrent?info_hash=${INFO_HASH}`, '/torrent.json?x', '/file?y'],
  ...['/\\', '/\\[', '/[', '//', '//[', '//host/index.json', '/\xe9\xff', '/\x7f', '/%', '/%2e/x'],
  ...[`/x/../${ANNOUNCE}`, `/x/../scrape?info_hash=${INFO_HASH}`, '/./announce', '/%2e/announce'],
  ...['/announce/', '/announce#a?b', '/#', '/index.json#a', '/index.json?a#b', '/a b', '/a\tb'],
  ...['http://[/announce', 'http:///x', 'http://other/index.json', 'https://x?', 'ftp://x/'],
  ...['*', 'index.json', '?', 'x:1', '', `/${'x'.repeat(7000)}`, `/${'x'.repeat(9000)}`],
]

const HEADS = [
  'GET /index.json HTTP/1.0',
  'GET /index.json HTTP/1.0\r\nConnection: keep-alive',
  'HEAD /index.json HTTP/1.0',
  'GET / HTTP/1.1\r\nHost: a\r\nConnection: close',
  'HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close',
  'HEAD /nowhere HTTP/1.1\r\nHost: a',
  'GET /index.json HTTP/1.1',
  'GET /index.json HTTP/1.1\r\nHost: a\r\nHost: b',
  'GET /index.json HTTP/1.1\r\nHost: "<b>"',
  'GET /index.json HTTP/1.1\r\nHost: [::1]:7',
  'GET /index.json HTTP/1.1\r\nHost: a\r\nExpect: 100-continue',
  'GET /index.json HTTP/1.1\r\nHost: a\r\nExpect: more',
  'GET /index.json HTTP/1.1\r\nHost: a\r\nRange: bytes=0-1\r\nAccept: */*\r\nAccept-Encoding: gzip',
  'GET /index.json HTTP/1.1\r\nHost: a\r\nUser-Agent: some "client" \xe9\\',
  'GET /index.json HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc',
  'POST /index.json HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\na=b&c=d',
  'PUT /announce HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0',
  'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0',
  'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nConnection: close',
  'GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 9.9.9.9',
  'GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /index.json HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a',
  'GET / HTTP/2.0',
  'GET / HTTP/1.1\r\nno field',
  'nonsense',
  ...['OPTIONS', 'TRACE', 'PROPFIND', 'M-SEARCH', 'DELETE', 'QUERY', 'get'].map(
    (method) => `${method} /index.json HTTP/1.1\r\nHost: a`,
  ),
  'OPTIONS * HTTP/1.1\r\nHost: a',
]

/** Whoever gets no answer waits for ever. */
const LIMIT = { timeout: 60_000 }

/** After which each connection is closed. */
const LAST = 'GET /-/health HTTP/1.1\r\nHost: tracker\r\nConnection: close\r\n\r\n'

/** What is answered to requests on connections that the last of so many threads has. */
async function answersOf(workers: number, asked: Omit<RawAsking, 'status'>): Promise<string[]> {
  const status = new Int32Array(new SharedArrayBuffer(4))
  const requests = asked.requests.map((request) => `${request}\r\n\r\n${LAST}`)
  const workerData: RawAsking = { ...asked, requests, status }
  const asking = new Worker(new URL('raw-asking-thread.js', import.meta.url), { workerData })
  // This thread is the first of those that answer, and takes no connection while it waits
  if (workers > 1) Atomics.wait(status, 0, 0, 60_000)
  const [answers] = (await once(asking, 'message')) as [string[]]
  return answers.map((answer) => answer.replace(/^Date: .*\r\n/gm, ''))
}

interface Setup {
  readonly args?: readonly string[]
  readonly requests: readonly string[]
  readonly ca?: string
  /** Where is asked; by default, where the tracker tells that it listens. */
  readonly path?: string
}

/** What is answered to requests by a tracker of so many threads, and what it then has logged. */
async function behaviourOf(t: TestContext, workers: number, setup: Setup) {
  const log = join(makeScratch(t), 'log')
  const args = ['--workers', String(workers), '--log-file', log, ...(setup.args ?? [])]
  const track: RunningTrack = await startTrack(t, { args, io: { now: () => 1.7e12 } })
  const place = setup.path ? { path: setup.path } : { host: '127.0.0.1', port: track.port }
  const answers = await answersOf(workers, { ...setup, place, ca: setup.ca ?? null })
  assert.equal((await track.stop()).stderr, '')
  const lines = readFileSync(log, 'utf8').trimEnd().split('\n')
  const logged = lines.map((line) => line.replace(/^\S+ /, '').replace(/ [\d.]+ms /, ' '))
  return {
    answers: setup.requests.map((request, n) => [request, answers[n]]),
    logged: logged.sort(),
  }
}

test(
  'a second thread answers odd requests as the first does, and logs the same',
  LIMIT,
  async (t) => {
    const targets = TARGETS.map((target) => `GET ${target} HTTP/1.1\r\nHost: tracker`)
    const requests = [...targets, ...HEADS]
    const [one, two] = [
      await behaviourOf(t, 1, { requests }),
      await behaviourOf(t, 2, { requests }),
    ]
    assert.deepEqual(two, one)
    assert.ok(one.answers.every(([, answer]) => answer?.startsWith('HTTP/1.1 ')))
  },
)

test(
  'a second thread announces over TLS what the first does',
  { ...unlessOpenssl, ...LIMIT },
  async (t) => {
    const directory = makeScratch(t)
    const ca = plantCertificate(directory, 'tracker')
    const args = [
      ...tlsArgs(directory),
      '--allowed-list',
      join(makeScratch(t, { list: `${'ab'.repeat(20)}\n` }), 'list'),
    ]
    const requests = [
      'GET /index.json HTTP/1.1\r\nHost: tracker:1',
      'GET / HTTP/1.1\r\nHost: tracker:1',
    ]
    const one = await behaviourOf(t, 1, { requests, args, ca })
    assert.match(one.answers[0]?.[1] ?? '', /https%3A%2F%2Ftracker%3A1%2Fannounce/)
    assert.deepEqual(await behaviourOf(t, 2, { requests, args, ca }), one)
  },
)

test('a second thread knows as well for whom a proxy asks over a Unix socket', LIMIT, async (t) => {
  const directory = makeScratch(t, { banned: '9.9.9.9\n', allowed: '8.8.8.8\n' })
  const path = join(directory, 'socket')
  const place = ['--host', '127.0.0.1', '--host', path, '--trust-proxy', 'unix']
  const requests = ['9.9.9.9', '8.8.8.8', '8.8.8.8, 9.9.9.9', 'unknown'].map(
    (address) => `GET /index.json HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: ${address}`,
  )
  const statusesOf = async (workers: number, list: string) => {
    const args = [...place, `--${list}-ips`, join(directory, list)]
    const { answers, logged } = await behaviourOf(t, workers, { requests, args, path })
    return [...answers.map(([, answer]) => /^HTTP\/1.1 (\d+)/.exec(answer ?? '')?.[1]), logged]
  }
  for (const list of ['banned', 'allowed']) {
    assert.deepEqual(await statusesOf(2, list), await statusesOf(1, list))
  }
})

test('a page that can not be made is answered by a second thread too', LIMIT, async (t) => {
  const clock = { isBroken: false }
  const now = () => {
    if (clock.isBroken) throw new Error('no clock')
    return 1.7e12
  }
  const answerOf = async (workers: number) => {
    const track = await startTrack(t, { args: ['--workers', String(workers)], io: { now } })
    const requests = ['GET /index.json HTTP/1.1\r\nHost: a']
    clock.isBroken = true
    const place = { host: '127.0.0.1', port: track.port }
    const answers = await answersOf(workers, { requests, place, ca: null })
    clock.isBroken = false
    assert.match((await track.stop()).stderr, /no clock/)
    return answers
  }
  const one = await answerOf(1)
  assert.match(one[0] ?? '', /^HTTP\/1.1 500 /)
  assert.deepEqual(await answerOf(2), one)
})
