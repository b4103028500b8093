import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SharedWork } from '../../../src/mirror/listing/shared-work.js'

/** A client that leaves when the test says so. */
function makeClient() {
  const client = {
    leave: () => undefined as unknown,
    onGone: (act: () => void) => {
      client.leave = act
    },
  }
  return client
}

test('work goes on while one client waits for it, and ends with the last', async () => {
  const signals: AbortSignal[] = []
  const work = new SharedWork(async (signal) => {
    signals.push(signal)
    await new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => {
        resolve()
      })
    })
    signal.throwIfAborted()
  })
  const [first, second] = [makeClient(), makeClient()]
  const waiting = [work.wait(first), work.wait(second)]
  await Promise.resolve()
  first.leave()
  assert.deepEqual([work.isAbandoned, signals[0]?.aborted], [false, false])
  second.leave()
  assert.deepEqual([work.isAbandoned, signals[0]?.aborted], [true, true])
  for (const each of waiting) await assert.rejects(each, /no request waits for it any more/)
})

test('the work is done once, and all who wait get its result', async () => {
  let count = 0
  const work = new SharedWork(() => Promise.resolve(++count))
  assert.deepEqual(await Promise.all([work.wait(makeClient()), work.wait(makeClient())]), [1, 1])
})
