import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import { test } from 'node:test'
import { digestOf, hmacOf } from '../../src/base/bytes.js'
import { pseudoRandom } from '../support/pseudo-random.js'

for (const algorithm of ['sha1', 'sha256'] as const) {
  test(`${algorithm} of any length is that of OpenSSL`, () => {
    for (const length of [0, 1, 55, 56, 63, 64, 65, 119, 120, 1000, 100_003]) {
      const bytes = pseudoRandom(length)
      const wanted = createHash(algorithm).update(bytes).digest('hex')
      assert.equal(digestOf(algorithm, bytes).toString('hex'), wanted, `${length} bytes`)
    }
  })

  test(`${algorithm} of a text is that of its UTF-8`, () => {
    const text = 'na\u00efve \u6587\u4ef6'
    const wanted = createHash(algorithm).update(text).digest('hex')
    assert.equal(digestOf(algorithm, text).toString('hex'), wanted)
  })
}

// RFC 4231, cases 2, 3 and 6
for (const { key, parts, mac } of [
  {
    key: Buffer.from('Jefe'),
    parts: ['what do ya want ', 'for nothing?'],
    mac: '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  },
  {
    key: Buffer.alloc(20, 0xaa),
    parts: [Buffer.alloc(50, 0xdd)],
    mac: '773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe',
  },
  {
    key: Buffer.alloc(131, 0xaa),
    parts: ['Test Using Larger Than Block-Size Key - Hash Key First'],
    mac: '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
  },
]) {
  test(`the MAC with a key of ${key.length} bytes is that of RFC 4231`, () => {
    const bytes = parts.map((part) => Buffer.from(part))
    assert.equal(hmacOf(key, bytes).toString('hex'), mac)
    assert.equal(hmacOf(key, bytes).toString('hex'), mac)
  })
}

test('a MAC of texts and of long parts is that of OpenSSL', () => {
  const key = pseudoRandom(32)
  for (const length of [0, 1, 5000, 5500, 20_000]) {
    const [text, bytes] = ['\u6587'.repeat(length), pseudoRandom(length)]
    const wanted = createHmac('sha256', key).update(text).update(bytes).digest('hex')
    assert.equal(hmacOf(key, [text, bytes]).toString('hex'), wanted, `${length}`)
  }
})
