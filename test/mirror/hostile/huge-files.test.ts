import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { makeScratch, plantHuge } from '../../support/scratch.js'
import { serveMirror } from '../../support/serve.js'
import { ask } from '../ask.js'
import { singleAddress } from '../app/yum-client.js'
import { untilMetric } from '../read-metric.js'
import { requestText } from './raw.js'

const GIB = 2 ** 30
const HUGE = ['/iso/1', '/iso/2', '/iso/3', '/iso/4']

/** A mirror with four new files that take long to hash, and a new small one. */
async function serveHuge(t: TestContext) {
  const root = makeScratch(t, { 'iso/small': 'small' })
  for (const path of HUGE) plantHuge(`${root}/iso`, path.slice(5), 64 * GIB)
  return serveMirror(t, { root })
}

/** Clients that ask for the torrents of all huge files; resolves once these are being hashed. */
async function askForHuge(t: TestContext, port: number): Promise<Socket[]> {
  const clients = HUGE.map((path) => {
    const client = connect(port, '127.0.0.1')
    t.after(() => client.destroy())
    client.write(requestText(`GET ${singleAddress(path)}`))
    return client
  })
  await untilMetric(port, 'btkit_hash_jobs', HUGE.length)
  return clients
}

test('a small file gets its torrent while clients wait for huge ones', async (t) => {
  const { port } = await serveHuge(t)
  const clients = await askForHuge(t, port)
  assert.equal((await ask(port, singleAddress('/iso/small'))).status, 200)
  await untilMetric(port, 'btkit_hash_jobs', HUGE.length)
  // The service would hash for them until its time to stop is over, or for two seconds if they only
  // close
  for (const client of clients) client.resetAndDestroy()
})
