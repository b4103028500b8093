import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodePieceLayers } from '../../../src/metainfo/build/info.js'

test('layers stand in the order of the bytes of the roots, whatever these are', () => {
  const [high, low] = [Buffer.alloc(32, 0xff), Buffer.alloc(32, 0x80)]
  const layers = new Map([
    [high.toString('latin1'), Buffer.from('of high')],
    [low.toString('latin1'), Buffer.from('of low')],
  ])
  assert.deepEqual(
    Buffer.from(encodePieceLayers(layers)),
    Buffer.concat([
      Buffer.from('d32:'),
      low,
      Buffer.from('6:of low32:'),
      high,
      Buffer.from('7:of highe'),
    ]),
  )
})

test('where no file is longer than a piece, there is an empty dictionary', () => {
  assert.equal(Buffer.from(encodePieceLayers(new Map())).toString(), 'de')
})
