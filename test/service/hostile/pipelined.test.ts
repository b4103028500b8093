import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { makeScratch, plantSparse } from '../../support/scratch.js'
import { serveMirror } from '../../support/serve.js'
import { ask } from '../ask.js'
import { readMetric } from '../read-metric.js'
import { startServe } from './process.js'
import { parseAnswers, rawRequest, readToEnd } from './raw.js'
import { besiege, digestAddress, postText, SINGLE } from './siege.js'

const MIB = 2 ** 20
const GIB = 2 ** 30

/** More than this never takes; without an end, work that is never given up would pass for given up. */
const BOUNDED = { timeout: 20_000 }

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

async function untilMetric(port: number, name: string, value: number): Promise<void> {
  while ((await readMetric(port, `btkit_${name}`)) !== value) await setTimeout(10)
}

const unlessLinux = { skip: process.platform !== 'linux' && 'descriptors are counted in /proc' }

test(
  'pipelined downloads hold one file at a time, and none when their client left',
  {
    ...BOUNDED,
    ...unlessLinux,
  },
  async (t) => {
    const root = makeScratch(t)
    plantSparse(root, 'zeros', 512 * MIB)
    const { port, child } = await startServe(t, root)
    const countOpen = () => readdirSync(`/proc/${child.pid}/fd`).length
    // Threads and the like are there once the first was answered
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
  'of pipelined torrents one is made at a time, and none when the client left',
  BOUNDED,
  async (t) => {
    const root = makeScratch(t)
    for (let i = 0; i < 20; i++) plantSparse(root, `cold${i}`, 512 * GIB)
    const { port } = await serveMirror(t, { root })
    const requests = Array.from({ length: 20 }, (_, i) => get(`/x/torrent_service/single/cold${i}`))
    const client = pipeline(t, port, requests.join(''))
    await untilMetric(port, 'hash_jobs', 1)
    assert.equal(await readMetric(port, 'btkit_torrents_under_way'), 1)
    client.destroy()
    for (const name of ['torrents_under_way', 'planning_jobs', 'planning_queue']) {
      await untilMetric(port, name, 0)
    }
    for (const name of ['hash_jobs', 'hash_queue']) await untilMetric(port, name, 0)
  },
)

test('a long form among pipelined requests is answered in its turn', BOUNDED, async (t) => {
  const plant = (root: string) => {
    plantSparse(root, 'cold', 64 * MIB)
  }
  await besiege(t, { plant }, async ({ port }) => {
    const paths = Array.from({ length: 1000 }, (_, i) => `/yum/${i}${'x'.repeat(200)}`)
    const form = postText([...paths, '/yum/good.rpm']).replace('Connection: close\r\n', '')
    const missing = get(digestAddress(['/yum/nothing']))
    const last = get('/yum/good.rpm').replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n')
    const requests = get(`${SINGLE}/cold`) + form + missing + last
    const answers = parseAnswers(await rawRequest(port, requests))
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 404, 412, 200],
    )
    assert.equal(answers[3]!.body, 'good')
  })
})

test(
  'a client that pipelines thousands of requests behind a slow one is hung up on',
  BOUNDED,
  async (t) => {
    const root = makeScratch(t)
    plantSparse(root, 'cold', 512 * GIB)
    const { port } = await serveMirror(t, { root })
    const slow = get('/x/torrent_service/single/cold')
    const client = pipeline(t, port, slow + get('/-/health').repeat(3000))
    assert.equal(await readToEnd(client), '')
    await untilMetric(port, 'hash_jobs', 0)
    await untilMetric(port, 'torrents_under_way', 0)
  },
)
