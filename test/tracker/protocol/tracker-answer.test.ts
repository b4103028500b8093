import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  MAX_TRACKER_ANSWER,
  readTrackerAnswer,
} from '../../../src/tracker/protocol/tracker-answer.js'
import {
  isCallProved,
  proveAnswer,
  proveCall,
} from '../../../src/tracker/protocol/tracker-proof.js'

const bytes = (text: string) => Buffer.from(text, 'latin1')
const read = (text: string) => readTrackerAnswer(bytes(text), null)

const PEER = '\x01\x02\x03\x04\x1a\xe1'

test('compact peers of both families are read', () => {
  const v6 = '\x20'.repeat(18)
  const told = read(`d8:intervali120e5:peers6:${PEER}6:peers618:${v6}e`)
  assert(told.kind === 'peers')
  assert.deepEqual(Buffer.from(told.peers.peers4), bytes(PEER))
  assert.deepEqual(Buffer.from(told.peers.peers6), bytes(v6))
})

test('a refusal concerns the torrent or is permanent', () => {
  assert.equal(read('d14:failure reason10:disallowede').kind, 'disallowed')
  assert.equal(read('d14:failure reason7:unknowne').kind, 'refused')
  assert.equal(read('d14:failure reasoni1ee').kind, 'refused')
})

test('invalid answers fail', () => {
  for (const text of [
    '',
    'le',
    'i1e',
    '<html>',
    'd5:peersi5ee',
    'd5:peers5:12345e',
    'd5:peersld2:ip7:1.2.3.44:porti1eeee',
    `d5:peers6:${PEER}`,
    `d5:peers6:${PEER}5:peers6:${PEER}e`,
    `d5:peers6:${PEER}6:peers66:${PEER}e`,
    `${'l'.repeat(5000)}${'e'.repeat(5000)}`,
    `d5:peers${6 * 20_000}:${PEER.repeat(20_000)}e`,
  ]) {
    assert.equal(read(text).kind, 'failed', text.slice(0, 40))
  }
  assert(6 * 20_000 > MAX_TRACKER_ANSWER)
})

test('with a key only authenticated answers are accepted', () => {
  const check = { key: bytes('k'.repeat(16)), callProof: 'call' }
  const peers = { peers4: bytes(PEER), peers6: new Uint8Array(0) }
  const answer = (key: string, callProof = 'call') => {
    const proof = Buffer.from(proveAnswer(bytes(key), callProof, peers)).toString('latin1')
    return bytes(`d5:peers6:${PEER}13:tracker proof32:${proof}e`)
  }
  assert.equal(readTrackerAnswer(answer('k'.repeat(16)), check).kind, 'peers')
  assert.equal(readTrackerAnswer(answer('l'.repeat(16)), check).kind, 'failed')
  assert.equal(readTrackerAnswer(answer('k'.repeat(16), 'other'), check).kind, 'failed')
  assert.equal(readTrackerAnswer(bytes(`d5:peers6:${PEER}e`), check).kind, 'failed')
})

test('a proof is valid for one tracker, one torrent and some minutes', () => {
  const key = bytes('k'.repeat(16))
  const call = {
    host: 'a.example:80',
    infoHash: bytes('h'.repeat(20)),
    peerId: bytes('i'.repeat(20)),
  }
  const proof = proveCall(key, call, 1000)
  assert(isCallProved(key, call, { proof, now: 1000 }))
  assert(isCallProved(key, { ...call, host: 'A.example:80' }, { proof, now: 1300 }))
  assert(!isCallProved(key, call, { proof, now: 1301 }))
  assert(!isCallProved(key, call, { proof, now: 699 }))
  assert(!isCallProved(key, { ...call, host: 'b.example' }, { proof, now: 1000 }))
  assert(!isCallProved(key, { ...call, infoHash: bytes('j'.repeat(20)) }, { proof, now: 1000 }))
  assert(!isCallProved(bytes('other'), call, { proof, now: 1000 }))
  for (const wrong of ['', '1000', `1000.${'0'.repeat(63)}`, `1000.${'g'.repeat(64)}`]) {
    assert(!isCallProved(key, call, { proof: wrong, now: 1000 }))
  }
})
