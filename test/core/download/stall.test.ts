import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StallWatch } from '../../../src/core/download/stall.js'
import type { ClientTorrent } from '../../../src/core/publish/client.js'
import { fakeTorrent } from '../../support/fake-client.js'

const SECOND = 1000
const MINUTE = 60 * SECOND

/** Looks at torrents on a clock of its own. */
function watch() {
  let now = 5 * MINUTE
  const stalls = new StallWatch(() => now)
  return (ms: number, changes: Partial<ClientTorrent> = {}) => {
    now += ms
    const downloading = { state: 'downloading', size: 100, bytesDone: 10 } as const
    return stalls.look(fakeTorrent({ ...downloading, ...changes }))
  }
}

test('it is a stall when no byte came for a minute, and that is to be told once', () => {
  const look = watch()
  assert.equal(look(0), null)
  assert.equal(look(59 * SECOND), null)
  assert.deepEqual(look(SECOND), { forMs: MINUTE, isToTell: true })
  assert.deepEqual(look(SECOND), { forMs: 61 * SECOND, isToTell: false })
})

test('a stall that lasts is told every ten minutes', () => {
  const look = watch()
  look(0)
  look(MINUTE)
  assert.equal(look(10 * MINUTE - 1)?.isToTell, false)
  assert.deepEqual(look(1), { forMs: 11 * MINUTE, isToTell: true })
})

test('a byte now and then ends a stall, and does not make for a word each time', () => {
  const look = watch()
  look(0)
  assert.equal(look(MINUTE)?.isToTell, true)
  assert.equal(look(SECOND, { bytesDone: 11 }), null)
  assert.equal(look(MINUTE, { bytesDone: 11 })?.isToTell, false)
})

for (const [what, changes] of [
  ['bytes of a piece that is not whole yet come', { downloadRate: 1 }],
  ['the client checks what is there', { state: 'checking' }],
  ['all is there', { bytesDone: 100 }],
] as const) {
  test(`it is no stall while ${what}`, () => {
    const look = watch()
    look(0, changes)
    assert.equal(look(MINUTE, changes), null)
    assert.equal(look(MINUTE, changes), null)
  })
}

test('a stall begins when something was last done, not when nothing was first seen to be', () => {
  const look = watch()
  look(0, { state: 'checking' })
  look(50 * SECOND)
  assert.equal(look(10 * SECOND - 1), null)
  assert.equal(look(1)?.forMs, MINUTE)
})
