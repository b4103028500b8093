import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { digestOf } from '../src/digest.js'
import { pseudoRandom } from './support/pseudo-random.js'

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
