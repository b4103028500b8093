import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sipHash } from '../../../src/tracker/protocol/sip-hash.js'

// openssl mac -macopt hexkey:KEY -macopt size:8 -in FILE SIPHASH
const GOLDEN = [
  ['000102030405060708090a0b0c0d0e0f', '000102030405060708090a0b0c0d0e0f', 'db9bc2577fcc2a3f'],
  ['ffeeddccbbaa99887766554433221100', '00000000000000000000ffff0a010203', '31948ec2a3009112'],
  ['ffffffffffffffffffffffffffffffff', 'ffffffffffffffffffffffffffffffff', '2e9ad29e85dd271a'],
] as const

test('16 bytes have the hash that OpenSSL gives them', () => {
  for (const [key, message, hash] of GOLDEN) {
    const keyBytes = Buffer.from(key, 'hex')
    const words = Uint32Array.from([0, 4, 8, 12], (at) => keyBytes.readUInt32LE(at))
    const digest = new Uint32Array(2)
    sipHash(words, Buffer.from(message, 'hex'), digest)
    const bytes = Buffer.alloc(8)
    bytes.writeUInt32LE(digest[0]!)
    bytes.writeUInt32LE(digest[1]!, 4)
    assert.equal(bytes.toString('hex'), hash)
  }
})
