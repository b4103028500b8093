import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NotReady } from '../../../src/server/answers/refusal.js'
import { FileClaims, type Claim, type Claimant } from '../../../src/mirror/torrents/file-claims.js'
import { refused } from '../refused.js'

const GIB = 2 ** 30

/** Work on files, as far as those see it that wait for it. */
function claimOf(parts: Partial<Claim> = {}) {
  let end: () => void = () => undefined
  const done = new Promise<void>((resolve) => (end = resolve))
  const claim = { remaining: () => 1000, isAtWork: () => true, done, giveWay: null, ...parts }
  return { claim, end }
}

function claimantOf(name: string, parts: Partial<Claimant> = {}): Claimant {
  const { signal } = new AbortController()
  return { files: filesOf(name), bytes: 1000, isAhead: false, signal, ...parts }
}

function filesOf(...names: string[]) {
  return names.map((name) => ({ absolutePath: `/m/${name}` }))
}

test('who wants a file that is being read waits until it is, and nobody else does', async () => {
  const claims = new FileClaims()
  const { claim, end } = claimOf()
  claims.take(filesOf('a', 'b'), claim)
  assert.equal(claims.inTheWay(claimantOf('c')), null)
  const waiting = claims.inTheWay(claimantOf('b'))
  assert.ok(waiting)
  end()
  await waiting
  assert.equal(claims.inTheWay(claimantOf('b')), null)
})

test('small work does not wait for large, but what nobody waits for does', () => {
  const claims = new FileClaims()
  claims.take(filesOf('a'), claimOf({ remaining: () => 100 * GIB }).claim)
  assert.equal(claims.inTheWay(claimantOf('a', { bytes: GIB })), null)
  assert.ok(claims.inTheWay(claimantOf('a', { bytes: 50 * GIB })))
  assert.ok(claims.inTheWay(claimantOf('a', { bytes: GIB, isAhead: true })))
})

test('what nobody waits for is told to give way to who is waited for alone', () => {
  const claims = new FileClaims()
  let told = 0
  claims.take(filesOf('a'), claimOf({ remaining: () => 100 * GIB, giveWay: () => told++ }).claim)
  assert.ok(claims.inTheWay(claimantOf('a', { isAhead: true })))
  assert.equal(told, 0)
  assert.ok(claims.inTheWay(claimantOf('a')))
  assert.equal(told, 1)
})

test('who is not wanted any more waits no longer', async () => {
  const claims = new FileClaims()
  claims.take(filesOf('a'), claimOf().claim)
  const gone = new AbortController()
  const waiting = claims.inTheWay(claimantOf('a', { signal: gone.signal }))
  gone.abort(new NotReady('gone', 1))
  await assert.rejects(waiting!, refused('busy', /gone/))
})

test('who waits hears how far the work is that he waits for, once it is at work', async () => {
  const claims = new FileClaims()
  let isAtWork = false
  const { claim, end } = claimOf({ remaining: () => 600, isAtWork: () => isAtWork })
  claims.take(filesOf('a'), claim)
  let tell: (bytes: number) => void = () => undefined
  const told = new Promise<number>((resolve) => (tell = resolve))
  const onProgress = (bytes: number) => {
    assert.ok(isAtWork)
    tell(bytes)
  }
  // Nothing else keeps this process
  const alive = setInterval(() => undefined, 1000)
  const waiting = claims.inTheWay(claimantOf('a', { onProgress }))
  isAtWork = true
  assert.equal(await told, 400)
  clearInterval(alive)
  end()
  await waiting
})
