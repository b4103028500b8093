import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { buildInfo, infoHashOf, type InfoParts } from '../../../src/metainfo/build/info.js'

const PARTS: InfoParts = {
  name: 'a.iso',
  content: 5,
  pieceLength: 16384,
  pieces: Buffer.from('01234567890123456789'),
  private: false,
  source: null,
}

function infoText(changes: Partial<InfoParts>): string {
  return Buffer.from(buildInfo({ ...PARTS, ...changes })).toString()
}

const TAIL = '12:piece lengthi16384e6:pieces20:01234567890123456789'

test('the info of a file has its keys in order and nothing else', () => {
  assert.equal(infoText({}), `d6:lengthi5e4:name5:a.iso${TAIL}e`)
})

test('the info of a directory lists its files in the order given', () => {
  const content = [
    { path: ['z', 'b'], length: 5 },
    { path: ['a'], length: 0 },
  ]
  const files = '5:filesld6:lengthi5e4:pathl1:z1:beed6:lengthi0e4:pathl1:aeee'
  assert.equal(infoText({ content }), `d${files}4:name5:a.iso${TAIL}e`)
})

test('private and source are there only when set', () => {
  const end = '7:privatei1e6:source1:Xe'
  assert.equal(infoText({ private: true, source: 'X' }), `d6:lengthi5e4:name5:a.iso${TAIL}${end}`)
})

test('text is UTF-8, and its length that in bytes', () => {
  const content = [{ path: ['日本'], length: 1 }]
  const text = infoText({ name: 'é', source: '€', content })
  assert.ok(text.includes('4:name2:é'), text)
  assert.ok(text.includes('4:pathl6:日本e'), text)
  assert.ok(text.includes('6:source3:€'), text)
})

test('lengths beyond 2^32 are written out', () => {
  assert.ok(infoText({ content: 2 ** 53 - 1 }).includes('6:lengthi9007199254740991e'))
})

test('the info hash is the SHA-1 of the info', () => {
  const info = buildInfo(PARTS)
  assert.equal(infoHashOf(info), createHash('sha1').update(info).digest('hex'))
  assert.match(infoHashOf(info), /^[0-9a-f]{40}$/)
})
