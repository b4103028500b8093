import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RenderBudget } from '../../../src/tracker/page/render-budget.js'

interface Asker {
  readonly address: string
  /** Requests per second. */
  readonly rate: number
}

/**
 * The share of each client's granted requests over ten seconds, beginning a minute after the first.
 */
function grantedOver(askers: readonly Asker[]): number[] {
  let time = 0
  const budget = new RenderBudget(() => time)
  const asked = askers.map(() => 0)
  const granted = askers.map(() => 0)
  for (; time < 70_000; time += 1) {
    for (const [n, { address, rate }] of askers.entries()) {
      // Clients do not ask at the same instant
      if (
        Math.floor((time * rate) / 1000 + n / 7) === Math.floor(((time - 1) * rate) / 1000 + n / 7)
      )
        continue
      const isGranted = budget.spend(address)
      if (time < 60_000) continue
      asked[n] = (asked[n] ?? 0) + 1
      granted[n] = (granted[n] ?? 0) + Number(isGranted)
    }
  }
  return granted.map((count, n) => count / (asked[n] ?? 0))
}

test('a client that asks too fast does not take pages from others', () => {
  const greedy = { address: '192.0.2.1', rate: 80 }
  const honest = Array.from({ length: 5 }, (_, n) => ({ address: `192.0.2.${n + 2}`, rate: 2 }))
  const [ofGreedy = 1, ...ofHonest] = grantedOver([greedy, ...honest])
  assert.deepEqual(ofHonest, Array(5).fill(1))
  assert.ok(ofGreedy < 0.5, `${ofGreedy}`)
})

test('many such clients, or one with many IPv6 addresses, do not either', () => {
  const greedy = Array.from({ length: 20 }, (_, n) => ({ address: `192.0.2.${n}`, rate: 20 }))
  const spread = Array.from({ length: 20 }, (_, n) => ({ address: `2001:db8::${n}`, rate: 20 }))
  const granted = grantedOver([...greedy, ...spread, { address: '198.51.100.1', rate: 1 }])
  assert.equal(granted.at(-1), 1)
})

test('a single client gets all pages, and all clients together get no more', () => {
  const [alone = 0] = grantedOver([{ address: '192.0.2.1', rate: 49 }])
  assert.equal(alone, 1)
  const many = Array.from({ length: 100 }, (_, n) => ({ address: `192.0.2.${n}`, rate: 10 }))
  const pages = grantedOver(many).reduce((sum, share) => sum + share * 100, 0)
  assert.ok(pages <= 10 * 50 + 120, `${pages}`)
})

test('a new client is served even if others ask too fast', () => {
  let time = 0
  const budget = new RenderBudget(() => time)
  for (; time < 20_000; time += 1) budget.spend('192.0.2.1')
  for (let n = 0; n < 10; n += 1) assert.equal(budget.spend('192.0.2.2'), true, `${n}`)
  for (let n = 0; n < 10; n += 1) assert.equal(budget.spend(null), true, `${n}`)
})

test('a page that takes as long as five counts as five', () => {
  const budget = new RenderBudget(() => 0)
  const granted = (pages: number, client: string) => {
    const asked = Array.from({ length: 200 }, () => budget.spend(client, pages))
    return asked.filter((isGranted) => isGranted).length
  }
  const five = granted(5, '192.0.2.1')
  assert.ok(five > 0 && five <= 20, `${five}`)
})
