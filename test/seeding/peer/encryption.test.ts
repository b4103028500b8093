import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadNative } from '../../../src/base/native-addon.js'
import { Arrived } from '../../../src/seeding/peer/arrived.js'
import { acceptEncryption, beginEncryption } from '../../../src/seeding/peer/encryption.js'
import { infoHashOf } from '../../support/info-hashes.js'

const rc4 = loadNative<{ rc4: (state: Uint8Array, from: Buffer, to: Buffer) => void }>('rc4')?.rc4

/** Has two ends agree; `change` sees each message of the first end. Returns what they agree on. */
function agree(change: (message: Buffer, count: number) => void) {
  const infoHash = infoHashOf('a'.repeat(40))
  const arrived: [Buffer, Buffer] = [Buffer.alloc(0), Buffer.alloc(0)]
  const counts: [number, number] = [0, 0]
  const sendTo = (end: 0 | 1) => (bytes: Uint8Array) => {
    const message = Buffer.from(bytes)
    if (end === 1) change(message, counts[1])
    counts[end]++
    arrived[end] = Buffer.concat([arrived[end], message])
  }
  const ends = [
    beginEncryption(infoHash, sendTo(1)),
    acceptEncryption(Buffer.alloc(0), sendTo(0), () => infoHash),
  ] as const
  const steps = ends.map((end) => end.next())
  for (let turn = 0; turn < 8000; turn++) {
    const at = (turn % 2) as 0 | 1
    const { done, value } = steps[at]!
    if (done || value > arrived[at].length) continue
    const bytes = arrived[at].subarray(0, value)
    arrived[at] = arrived[at].subarray(value)
    steps[at] = ends[at].next(bytes)
  }
  return { steps, left: Buffer.concat(arrived).length, answers: counts[0] }
}

test('two ends agree on plain text, and read all padding', () => {
  const { steps, left } = agree(() => undefined)
  // What both agree on is plain
  for (const { value } of steps) assert.ok(typeof value === 'object' && value?.encrypt === null)
  assert.equal(left, 0)
})

test('what comes in one packet with the last step of an agreement is there after it', () => {
  const arrived = new Arrived()
  arrived.push(Buffer.from('last step, handsh'))
  arrived.push(Buffer.from('ake'))
  assert.equal(String(arrived.take('last step, '.length)), 'last step, ')
  assert.deepEqual([String(arrived.takeAll()), arrived.take(1)], ['handshake', null])
})

test('a peer that offers neither plain text nor RC4 gets no answer but the key', () => {
  const { steps, answers } = agree((message, count) => {
    // The cipher is a stream: a bit that flips on the way flips in the offer, which becomes 4
    if (count === 1) message[51]! ^= 3 ^ 4
  })
  assert.deepEqual([steps[1]!.done, steps[1]!.value, answers], [true, null, 1])
})

/** The stream of the key 0102030405 at 1024 (RFC 6229). */
const AT_1024 = '30abbcc7c20b01609f23ee2d5f6bb7df'

test('the addon enciphers as RFC 6229 says', { skip: !rc4 && 'there is no addon' }, () => {
  const state = Uint8Array.from({ length: 258 }, (_, n) => (n < 256 ? n : 0))
  for (let n = 0, m = 0; n < 256; n++) {
    m = (m + state[n]! + (n % 5) + 1) & 0xff
    ;[state[n], state[m]] = [state[m]!, state[n]!]
  }
  const zeros = Buffer.alloc(1040)
  for (const [from, to] of [
    [0, 700],
    [700, 1040],
  ])
    rc4?.(state, zeros.subarray(from, to), zeros.subarray(from, to))
  assert.equal(zeros.toString('hex', 1024), AT_1024)
})
