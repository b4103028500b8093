import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeBencode } from '../../../src/metainfo/bencode/encode.js'
import { readBencode } from '../../../src/metainfo/bencode/read.js'
import type { BencodeDict } from '../../../src/metainfo/bencode/value.js'
import { spliceDict } from '../../../src/metainfo/edit/splice-torrent.js'
import { fc } from '../../support/random.js'

function dictOf(text: string) {
  const bytes = Buffer.from(text, 'latin1')
  return { bytes, spans: readBencode(bytes, { maxSize: 10_000, maxDepth: 10 }).spans }
}

/** Splices values given as bencode text. */
function splice(text: string, changes: Record<string, string | null>): string {
  const entries = Object.entries(changes).map(([key, value]): [string, Buffer | null] => {
    return [key, value === null ? null : Buffer.from(value, 'latin1')]
  })
  return Buffer.from(spliceDict(dictOf(text), new Map(entries))).toString('latin1')
}

test('in odd order that order stays, and a new entry follows its nearest smaller key', () => {
  const odd = 'd4:infode8:announce1:x7:comment1:ye'
  const list = { 'announce-list': 'le' }
  assert.equal(splice(odd, list), 'd4:infode8:announce1:x13:announce-listle7:comment1:ye')
  assert.equal(splice('d1:yi1e1:bi2ee', { z: 'i3e', b: null }), 'd1:yi1e1:zi3ee')
  assert.equal(splice(odd, { aaa: 'i1e' }), 'd3:aaai1e4:infode8:announce1:x7:comment1:ye')
})

test('white space after the end stays', () => {
  assert.equal(splice('d1:ai1ee\r\n ', { a: 'i2e', b: 'i3e' }), 'd1:ai2e1:bi3ee\r\n ')
})

test('splicing a sorted dictionary is the same as changing it and encoding it again', () => {
  const key = fc.string({ maxLength: 3 }).filter((text) => /^[\0-\xff]*$/.test(text))
  const dict = fc.dictionary(key, fc.integer())
  const changes = fc.dictionary(key, fc.option(fc.integer()))
  fc.assert(
    fc.property(dict, changes, (before, change) => {
      const after: BencodeDict = new Map(Object.entries(before))
      for (const [name, value] of Object.entries(change)) {
        if (value === null) after.delete(name)
        else after.set(name, value)
      }
      const bytes = encodeBencode(new Map(Object.entries(before)))
      const { spans } = readBencode(bytes, { maxSize: 10_000, maxDepth: 10 })
      const encoded = Object.entries(change).map(([name, value]): [string, Uint8Array | null] => {
        return [name, value === null ? null : encodeBencode(value)]
      })
      const spliced = spliceDict({ bytes, spans }, new Map(encoded))
      assert.deepEqual(Buffer.from(spliced), Buffer.from(encodeBencode(after)))
    }),
  )
})
