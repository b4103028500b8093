import assert from 'node:assert/strict'
import { Agent } from 'node:http'
import type { TestContext } from 'node:test'
import { makeScratch, plantSparse } from '../../support/scratch.js'
import { serveMirror } from '../../support/serve.js'
import { ask, FORM, formOf } from '../ask.js'
import { readHashedBytes, readMetric } from '../read-metric.js'
import { setDigest, sha1 } from '../app/reference-rules.js'
import { MOUNT } from '../app/yum-client.js'

/** One address may have 1000; both ends of each connection are open files of this process. */
const SOCKETS = 900

/** That many clients at once request one new torrent: one hashing, and no error. */
export async function askAtOnce(t: TestContext, clients: number, size: number): Promise<void> {
  const root = makeScratch(t, { 'yum/a.rpm': 'a' })
  plantSparse(`${root}/yum`, 'big.iso', size)
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
  await Promise.all(Array.from({ length: clients }, askOnce))
  const { body } = await ask(port, address)
  assert.deepEqual([...seen], [[`200 ${sha1(body)}`, clients]])
  assert.equal(await readHashedBytes(port), size + 1)
  assert.equal(await readMetric(port, 'btkit_torrents_total{from="files"}'), 1)
}
