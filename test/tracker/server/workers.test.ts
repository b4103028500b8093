import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { join } from 'node:path'
import { makeScratch } from '../../support/scratch.js'
import { announceQuery, compactPeers, startTrack, textIn } from '../../support/track.js'

const HASH = 'ab'.repeat(20)
const OTHER = 'cd'.repeat(20)
const ALONE = { headers: { Connection: 'close' } }

test('all workers see one swarm, show the pages, and write one log and one state', async (t) => {
  const log = join(makeScratch(t), 'log')
  const args = ['--workers', '2', '--log-file', log]
  const track = await startTrack(t, { args })
  for (let n = 1; n <= 40; n += 1) {
    const answer = await track.ask(announceQuery(HASH, { peer: `${n}`, port: n, left: 1 }), ALONE)
    assert.equal(compactPeers(answer).length, n - 1)
  }
  for (let n = 0; n < 10; n += 1) {
    const page = await track.get('/', ALONE)
    assert.equal(page.status, 200)
    assert.match(await page.text(), new RegExp(HASH))
  }
  const { status, stderr } = await track.stop()
  assert.deepEqual([status, stderr], [0, ''])
  const again = await startTrack(t, { stateFile: track.stateFile })
  const answer = await again.ask(announceQuery(HASH, { peer: '41', port: 41, left: 1 }))
  assert.equal(compactPeers(answer).length, 40)
})

test('a worker answers while another is busy', { timeout: 30_000 }, async (t) => {
  const track = await startTrack(t, { args: ['--workers', '2'] })
  const status = new Int32Array(new SharedArrayBuffer(4))
  const url = track.address + announceQuery(HASH)
  new Worker(new URL('asking-thread.js', import.meta.url), { workerData: { url, status } })
  // This thread is one of the workers, and does nothing until there is an answer
  Atomics.wait(status, 0, 0, 10_000)
  assert.equal(status[0], 200)
})

test('what is allowed is known to all workers', async (t) => {
  const directory = makeScratch(t, { list: `${HASH}\n` })
  const args = ['--workers', '3', '--allowed-list', join(directory, 'list')]
  const track = await startTrack(t, { args })
  for (let n = 0; n < 12; n += 1) {
    const refused = await track.ask(announceQuery(OTHER), ALONE)
    assert.match(textIn(refused, 'failure reason') ?? '', /authorized/)
    assert.equal((await track.ask(announceQuery(HASH), ALONE)).get('complete'), 1)
  }
})
