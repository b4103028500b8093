import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KEY } from '../support/fleet.js'
import { findFreePort } from '../support/opentracker.js'
import { startBtkit } from '../support/run-btkit.js'
import { plantKeys } from '../support/queue.js'
import { makeScratch } from '../support/scratch.js'

test('a worker without its Redis does not say that it takes jobs', async (t) => {
  const share = ['--share', `s=${makeScratch(t)}`, '--share-key-file', plantKeys(t, KEY)]
  const queue = ['--queue', `redis://127.0.0.1:${await findFreePort()}`]
  const running = startBtkit(t, ['worker', ...queue, ...share, '--no-cache'])
  await running.said(/waiting for it/)
  assert.equal(running.stdout.text, '')
})
