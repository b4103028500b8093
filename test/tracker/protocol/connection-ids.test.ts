import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseAddress } from '../../../src/tracker/protocol/peer-address.js'
import { ConnectionIds, ID_SECRET } from '../../../src/tracker/udp/udp-answers.js'
import { pseudoRandom } from '../../support/pseudo-random.js'

const HERE = parseAddress('10.0.0.1')!

test('an id is valid for one to two minutes', () => {
  const ids = new ConnectionIds(pseudoRandom(ID_SECRET))
  for (const second of [600, 630, 659]) {
    const id = ids.issue(HERE, second)
    assert.equal(ids.accepts(id, HERE, second), true)
    assert.equal(ids.accepts(id, HERE, second + 60), true)
    assert.equal(ids.accepts(id, HERE, second + 121), false)
  }
})

test('an id is valid only for its address and only with the secret', () => {
  const ids = new ConnectionIds(pseudoRandom(ID_SECRET))
  const id = ids.issue(HERE, 600)
  for (const other of ['10.0.0.2', '2001:db8::1', '0.0.0.0']) {
    assert.equal(ids.accepts(id, parseAddress(other)!, 600), false)
  }
  assert.equal(new ConnectionIds(pseudoRandom(ID_SECRET)).accepts(id, HERE, 600), true)
  assert.equal(new ConnectionIds(pseudoRandom(ID_SECRET, 1)).accepts(id, HERE, 600), false)
})

test('an id with one changed bit is invalid', () => {
  const ids = new ConnectionIds(pseudoRandom(ID_SECRET))
  for (let bit = 0; bit < 64; bit += 1) {
    const id = Uint8Array.from(ids.issue(HERE, 600))
    id[bit >> 3]! ^= 1 << (bit & 7)
    assert.equal(ids.accepts(id, HERE, 600), false)
  }
})
