import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { holdHashing } from '../../support/held-hashing.js'
import { longTest, quickFirst } from '../../support/long.js'
import { makeScratch, plantFiles, plantHuge, plantSparse } from '../../support/scratch.js'
import { serveMirror } from '../../support/serve.js'
import { until } from '../../support/until.js'
import { ask } from '../ask.js'
import { readMetric, untilMetric } from '../read-metric.js'
import { startServe } from './process.js'
import { parseAnswers, rawRequest, requestText } from './raw.js'
import { besiege, postText, SINGLE, type Siege } from './siege.js'

const MIB = 2 ** 20
const GIB = 2 ** 30

/**
 * An upper limit for all tests; without it, work that never ends would look like abandoned work.
 */
const BOUNDED = { timeout: 120_000 }

/** One of several requests of a connection. */
function get(target: string): string {
  return `GET ${target} HTTP/1.1\r\nHost: mirror.example\r\n\r\n`
}

/** A client that sends its requests without waiting for answers. */
function pipeline(t: TestContext, port: number, requests: string): Socket {
  const socket = connect(port, '127.0.0.1')
  t.after(() => socket.destroy())
  socket.write(requests)
  return socket
}

const unlessLinux = { skip: process.platform !== 'linux' && 'descriptors are counted in /proc' }

test(
  'pipelined downloads open one file at a time, and none after their client left',
  {
    ...BOUNDED,
    ...unlessLinux,
  },
  async (t) => {
    const root = makeScratch(t)
    plantSparse(root, 'zeros', 512 * MIB)
    const { port, child } = await startServe(t, root)
    const countOpen = () => readdirSync(`/proc/${child.pid}/fd`).length
    // Threads and the like exist once the first request was answered
    await ask(port, '/zeros', { headers: { Range: 'bytes=0-9', Host: 'mirror.example' } })
    const before = countOpen()
    const client = pipeline(t, port, get('/zeros').repeat(500))
    await once(client, 'data')
    client.pause()
    assert.ok(countOpen() < before + 10, `${countOpen()} open, ${before} before`)
    client.destroy()
    while (countOpen() > before) await setTimeout(10)
  },
)

test(
  'pipelined torrents are made one at a time, and not after the client left',
  BOUNDED,
  async (t) => {
    const root = makeScratch(t)
    for (let i = 0; i < 20; i++) plantHuge(root, `cold${i}`, 8 * GIB)
    const { port } = await serveMirror(t, { root, args: ['--threads', '1'] })
    const requests = Array.from({ length: 20 }, (_, i) => get(`/x/torrent_service/single/cold${i}`))
    const client = pipeline(t, port, requests.join(''))
    await untilMetric(port, 'btkit_hash_jobs', 1)
    assert.equal(await readMetric(port, 'btkit_torrents_under_way'), 1)
    client.destroy()
    for (const name of ['torrents_under_way', 'planning_jobs', 'planning_queue']) {
      await untilMetric(port, `btkit_${name}`, 0)
    }
    for (const name of ['hash_jobs', 'hash_queue']) await untilMetric(port, `btkit_${name}`, 0)
  },
)

/** Short for requests; a torrent may take longer than both together. */
const SHORT = { limits: { headerTimeout: 1000, bodyTimeout: 1000 }, args: ['--max-wait', '3'] }

/** Sends requests after one for a torrent that is not hashed in time, and returns the answers. */
async function askBehindSlow(t: TestContext, requests: string, plant?: (root: string) => void) {
  const hashing = holdHashing(t)
  const setup = {
    ...SHORT,
    files: { cold: 'cold' },
    ...(plant && { plant }),
  }
  let answers: ReturnType<typeof parseAnswers> = []
  await besiege(t, setup, async ({ port }: Siege) => {
    answers = parseAnswers(await rawRequest(port, get(`${SINGLE}/cold`) + requests))
    hashing.release()
  })
  return answers
}

test('a form that waits behind slow work is read once that is answered', BOUNDED, async (t) => {
  const form = postText(Array.from({ length: 4000 }, (_, i) => `/yum/${i}${'x'.repeat(200)}`))
  const answers = await askBehindSlow(t, form)
  assert.deepEqual(
    answers.map(({ status }) => status),
    [503, 404],
  )
})

const LATE = {
  'a form': postText(['/yum/a']).slice(0, -2),
  'a line': 'GET /yum/good.rpm HTTP/1.1\r\nHost: mirr',
}

const testLate = quickFirst()

for (const [what, late] of Object.entries(LATE)) {
  testLate(
    `${what} that never arrives completely spoils no answer before it`,
    BOUNDED,
    async (t) => {
      const [first, ...others] = await askBehindSlow(t, late)
      assert.equal(first?.status, 503)
      // With or without an answer, the connection is closed
      assert.ok(
        others.every(({ status }) => status === 408),
        JSON.stringify(others),
      )
    },
  )
}

test(
  'requests of a client are answered beside thousands whose answers it does not read',
  BOUNDED,
  async (t) => {
    const root = makeScratch(t)
    plantSparse(root, 'zeros', 512 * MIB)
    const { port } = await serveMirror(t, { root })
    const unread = Array.from({ length: 20 }, () => pipeline(t, port, get('/zeros').repeat(200)))
    // The requests of a connection are read together
    await Promise.all(unread.slice(0, 10).map((socket) => once(socket, 'readable')))
    assert.equal((await ask(port, '/-/health')).status, 200)
  },
)

const HEALTH = { target: '/-/health', body: 'ok\n' }

/** More requests than are read of a connection at once, with the expected answers. */
const MANY = Array.from({ length: 1500 }, (_, i) => {
  return i % 10 === 0 ? { target: `/many/${i}`, body: `content ${i}` } : HEALTH
})

function plantMany(root: string): void {
  const files = MANY.filter((each) => each !== HEALTH)
  plantFiles(root, Object.fromEntries(files.map(({ target, body }) => [target.slice(1), body])))
}

const GET_MANY = MANY.map(({ target }) => get(target)).join('') + requestText('GET /-/health')

/** Long enough for thousands of answers on a busy machine. */
const PATIENT = { timeout: 60_000 }

longTest('thousands of pipelined requests are answered in their order', PATIENT, async (t) => {
  await besiege(t, { plant: plantMany }, async ({ port }) => {
    const answers = parseAnswers(await rawRequest(port, GET_MANY))
    assert.deepEqual(
      answers.map(({ body }) => body),
      [...MANY, HEALTH].map(({ body }) => body),
    )
  })
})

longTest('thousands of requests behind a slow one are not treated as late', PATIENT, async (t) => {
  const answers = await askBehindSlow(t, GET_MANY, plantMany)
  assert.deepEqual(
    answers.map(({ status }) => status),
    [503, ...[...MANY, HEALTH].map(() => 200)],
  )
})

test('requests that come one by one while nothing is read are all answered', BOUNDED, async (t) => {
  const root = makeScratch(t)
  plantSparse(root, 'zeros', 64 * MIB)
  const { port } = await serveMirror(t, { root })
  const socket = pipeline(t, port, get('/zeros'))
  await once(socket, 'data')
  socket.pause()
  for (const path of ['/-/health', '/-/ready']) {
    socket.write(get(path))
    // Others are served meanwhile, and the server has seen what came
    await Promise.all(Array.from({ length: 20 }, () => ask(port, '/-/health')))
  }
  let tail = ''
  socket.on('data', (chunk: Buffer) => (tail = (tail + chunk.toString('latin1')).slice(-4000)))
  socket.resume()
  await until('both are answered', () => tail.split('HTTP/1.1 200').length > 2)
  assert.match(tail, /\r\nok\n(?:.|\r|\n)*\r\nok\n$/)
})
