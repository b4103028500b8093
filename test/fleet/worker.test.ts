import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KEY } from '../support/fleet.js'
import { findFreePort } from '../support/opentracker.js'
import { Captured, runBtkit } from '../support/run-btkit.js'
import { plantKeys } from '../support/queue.js'
import { makeScratch } from '../support/scratch.js'
import { until } from '../support/until.js'

test('a worker without its Redis does not say that it takes jobs', async (t) => {
  const share = ['--share', `s=${makeScratch(t)}`, '--share-key-file', plantKeys(t, KEY)]
  const queue = ['--queue', `redis://127.0.0.1:${await findFreePort()}`]
  const [stdout, stderr] = [new Captured(), new Captured()]
  const stopping = new AbortController()
  const io = { stdout, stderr, signal: stopping.signal }
  const running = runBtkit(['worker', ...queue, ...share, '--no-cache'], io)
  await Promise.race([running, until('it waits', () => stderr.text.includes('waiting for it'))])
  assert.match(stderr.text, /waiting for it/)
  assert.equal(stdout.text, '')
  stopping.abort()
  await running
})
