import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { LooksOnDemand } from '../../../src/tracker/allowed/looks-on-demand.js'
import { until } from '../../support/until.js'

/** Scans that are counted and end when the test says so. */
function countedLooks() {
  const ends: (() => void)[] = []
  const looks = new LooksOnDemand(() => new Promise((resolve) => ends.push(resolve)))
  const began = async (count: number) => {
    await until(`${count} looks`, () => ends.length >= count)
  }
  return { looks, ends, began }
}

test('simultaneous requests share one scan, which begins at once', async () => {
  const { looks, ends, began } = countedLooks()
  const asked = ['10.0.0.1', '10.0.0.2', null].map((client) => looks.ask(client) ?? assert.fail())
  await began(1)
  ends[0]?.()
  await Promise.all(asked)
  assert.equal(ends.length, 1)
  looks.close()
})

test('a flood of requests causes one scan per second', async () => {
  const { looks, ends, began } = countedLooks()
  const begun = performance.now()
  for (let look = 1; look <= 3; look += 1) {
    for (let n = 0; n < 1000; n += 1) looks.ask(`10.0.${n >> 8}.${n & 255}`)
    await began(look)
    ends.at(-1)?.()
    await setTimeout(100)
  }
  assert.ok(performance.now() - begun >= 2000)
  assert.equal(ends.length, 3)
  looks.close()
})

test('a request during a scan waits for the next one', { timeout: 10_000 }, async () => {
  const { looks, ends, began } = countedLooks()
  const first = looks.ask('10.0.0.1')
  await began(1)
  const second = looks.ask('10.0.0.1')
  ends[0]?.()
  await first
  await began(2)
  ends[1]?.()
  await second
  assert.equal(ends.length, 2)
  looks.close()
})

test('waiting requests are limited per client and in total', async () => {
  const { looks, ends, began } = countedLooks()
  const ofOne = Array.from({ length: 20 }, (_, n) => looks.ask(`2001:db8::${n}`))
  assert.equal(ofOne.filter((look) => look === null).length, 4)
  assert.notEqual(looks.ask('2001:db8:1::'), null)
  const ofAll = Array.from({ length: 5000 }, (_, n) => looks.ask(`10.0.${n >> 8}.${n & 255}`))
  const waiting = ofAll.filter((look) => look !== null)
  assert.equal(waiting.length, 4096 - 17)
  await began(1)
  ends[0]?.()
  await Promise.all(waiting)
  looks.close()
})

test('closing takes effect at once', { timeout: 5000 }, async () => {
  const { looks, ends, began } = countedLooks()
  const first = looks.ask(null)
  await began(1)
  // A scan of half a second is followed by a pause of five
  await setTimeout(500)
  ends[0]?.()
  await first
  const second = looks.ask(null)
  looks.close()
  await began(2)
  ends[1]?.()
  await second
  assert.equal(looks.ask(null), null)
})
