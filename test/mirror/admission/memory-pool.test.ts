import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryPool } from '../../../src/mirror/admission/memory-pool.js'
import { refused } from '../refused.js'

const KIB = 1024
const LIMITS = { bytes: 1000 * KIB, bytesPerClient: 600 * KIB }

const full = refused('busy', /the server is busy/)
const greedy = refused('throttled', /your requests need too much memory/)

test('requests take memory until none is left, and give it back', () => {
  const pool = new MemoryPool(LIMITS)
  const [a, b] = [pool.open(null), pool.open(null)]
  a.take(516 * KIB)
  assert.equal(pool.taken, 500 * KIB)
  b.take(516 * KIB)
  assert.throws(() => {
    b.take(1)
  }, full)
  a.close()
  b.take(1)
  b.close()
  assert.equal(pool.taken, 0)
})

test('no client takes all of it', () => {
  const pool = new MemoryPool(LIMITS)
  const accounts = [pool.open('a'), pool.open('a')]
  accounts[0]!.take(400 * KIB)
  assert.throws(() => {
    accounts[1]!.take(300 * KIB)
  }, greedy)
  pool.open('b').take(300 * KIB)
  accounts[0]!.close()
  accounts[1]!.take(300 * KIB)
})

test('however many clients take all they can, some is left for the next one', () => {
  const pool = new MemoryPool({ bytes: 3000 * KIB, bytesPerClient: 1000 * KIB })
  const most = (client: string) => {
    const account = pool.open(client)
    for (let taken = 0; ; taken += KIB) {
      try {
        account.take(KIB)
      } catch {
        return Math.round(taken / KIB)
      }
    }
  }
  const shares = ['a', 'b', 'c', 'd', 'e'].map(most)
  const wanted = [1000, 667, 444, 296, 198].map((share) => share + 16)
  assert.ok(
    shares.every((share, i) => Math.abs(share - (wanted[i] ?? 0)) <= 2),
    shares.join(),
  )
})

test('a small request is never refused because of large ones', () => {
  const pool = new MemoryPool({ bytes: 100 * KIB, bytesPerClient: 100 * KIB })
  pool.open('a').take(116 * KIB)
  for (const client of ['a', 'b', null]) pool.open(client).take(16 * KIB)
  assert.throws(() => {
    pool.open('b').take(17 * KIB)
  }, full)
})

test('many small amounts count like a large one', () => {
  const pool = new MemoryPool(LIMITS)
  const account = pool.open(null)
  for (let i = 0; i < 1016; i++) account.take(KIB)
  assert.equal(pool.taken, 1000 * KIB)
  assert.throws(() => {
    account.take(KIB)
  }, full)
  account.clear()
  assert.equal(pool.taken, 0)
  account.take(500 * KIB)
  assert.equal(pool.taken, 484 * KIB)
})

test('bytes after the end of a request are not counted', () => {
  const pool = new MemoryPool(LIMITS)
  const account = pool.open('a')
  account.close()
  account.take(900 * KIB)
  account.close()
  assert.equal(pool.taken, 0)
})
