import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NotReady } from '../../../src/server/answers/refusal.js'
import { FileClaims, type Claim, type Claimant } from '../../../src/mirror/torrents/file-claims.js'
import { refused } from '../refused.js'

const GIB = 2 ** 30

/** Work on files, as seen by work that waits for it. */
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

test('work that wants a file being read waits for that, and other work does not', async () => {
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

test('small work does not wait for large work, unless nobody waits for it', () => {
  const claims = new FileClaims()
  claims.take(filesOf('a'), claimOf({ remaining: () => 100 * GIB }).claim)
  assert.equal(claims.inTheWay(claimantOf('a', { bytes: GIB })), null)
  assert.ok(claims.inTheWay(claimantOf('a', { bytes: 50 * GIB })))
  assert.ok(claims.inTheWay(claimantOf('a', { bytes: GIB, isAhead: true })))
})

test('work that nobody waits for yields only to work that somebody waits for', () => {
  const claims = new FileClaims()
  let told = 0
  claims.take(filesOf('a'), claimOf({ remaining: () => 100 * GIB, giveWay: () => told++ }).claim)
  assert.ok(claims.inTheWay(claimantOf('a', { isAhead: true })))
  assert.equal(told, 0)
  assert.ok(claims.inTheWay(claimantOf('a')))
  assert.equal(told, 1)
})

test('work that is no longer wanted stops waiting', async () => {
  const claims = new FileClaims()
  claims.take(filesOf('a'), claimOf().claim)
  const gone = new AbortController()
  const waiting = claims.inTheWay(claimantOf('a', { signal: gone.signal }))
  gone.abort(new NotReady('gone', 1))
  await assert.rejects(waiting!, refused('busy', /gone/))
})

test('waiting work learns the progress of the other work once that runs', async () => {
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
  // Nothing else keeps this process alive
  const alive = setInterval(() => undefined, 1000)
  const waiting = claims.inTheWay(claimantOf('a', { onProgress }))
  isAtWork = true
  assert.equal(await told, 400)
  clearInterval(alive)
  end()
  await waiting
})
