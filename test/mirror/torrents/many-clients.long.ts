import assert from 'node:assert/strict'
import { Agent } from 'node:http'
import { test } from 'node:test'
import { makeScratch, plantHuge } from '../../support/scratch.js'
import { serveMirror } from '../../support/serve.js'
import { ask, FORM, formOf } from '../ask.js'
import { readHashedBytes, readMetric } from '../read-metric.js'
import { setDigest, sha1 } from '../app/reference-rules.js'
import { MOUNT } from '../app/yum-client.js'

/** One address may have 1000; both ends of each connection are open files of this process. */
const SOCKETS = 900

const CLIENTS = 10_000
const SIZE = 512 * 2 ** 20

test('ten thousand clients at once cause one hashing, and none gets an error', async (t) => {
  const root = makeScratch(t, { 'yum/a.rpm': 'a' })
  plantHuge(`${root}/yum`, 'big.iso', SIZE)
  const { port } = await serveMirror(t, { root, args: ['--log', 'off', '--max-wait', '600'] })
  const agent = new Agent({ keepAlive: true, maxSockets: SOCKETS, maxFreeSockets: SOCKETS })
  t.after(() => {
    agent.destroy()
  })
  const paths = ['/yum/big.iso', '/yum/a.rpm']
  const question = { method: 'POST', headers: FORM, body: formOf(paths), agent }
  const address = `${MOUNT}/digest/${setDigest(paths)}`
  const seen = new Map<string, number>()
  const askOnce = async () => {
    const { status, body } = await ask(port, address, question)
    const key = `${status} ${sha1(body)}`
    seen.set(key, (seen.get(key) ?? 0) + 1)
  }
  await Promise.all(Array.from({ length: CLIENTS }, askOnce))
  const { body } = await ask(port, address)
  assert.deepEqual([...seen], [[`200 ${sha1(body)}`, CLIENTS]])
  assert.equal(await readHashedBytes(port), SIZE + 1)
  assert.equal(await readMetric(port, 'btkit_torrents_total{from="files"}'), 1)
})
