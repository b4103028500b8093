import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encode } from 'uqr'
import { encodePercent } from '../../src/base/percent.js'
import { qrAnswer, renderFoldedQr } from '../../src/page-parts/qr-code.js'

const LINK = `magnet:?xt=urn:btih:${'ab'.repeat(20)}&dn=a%20b`

test('a page links the QR code of its magnet link, and only such links have one', () => {
  const folded = renderFoldedQr(LINK, '../')
  const [, query = ''] = /src="\.\.\/qr\.svg\?([^"]*)"/.exec(folded ? folded.text : '') ?? []
  assert.equal(query, encodePercent(LINK))
  assert.equal(qrAnswer(`/qr.svg?${query}`).status, 200)
  for (const other of ['', 'https://h/', '%ff', encodePercent(`${LINK}${'x'.repeat(1200)}`)])
    assert.throws(() => qrAnswer(`/qr.svg?${other}`), /no magnet link/, other)
  assert.equal(renderFoldedQr(LINK + 'x'.repeat(1200), ''), false)
})

test('a code has the squares of its link, in one line', () => {
  const svg = String(qrAnswer(`/qr.svg?${encodePercent(LINK)}`).body)
  const { data, size } = encode(LINK, { border: 1, maskPattern: 0 })
  const [, line = ''] = / stroke="#000" d="([^"]*)"/.exec(svg) ?? []
  const drawn = data.map(() => new Array<boolean>(size).fill(false))
  let [x, y] = [0, 0]
  for (const [, act, first, second] of line.matchAll(/([Mmh])([\d.]+)(?: ([\d.]+))?/g)) {
    if (act === 'M') [x, y] = [Number(first), Number(second) - 0.5]
    else if (act === 'm') x += Number(first)
    else for (let n = 0; n < Number(first); n++) drawn[y]![x++] = true
  }
  assert.deepEqual(drawn, data)
  assert.equal(svg.match(/<path/g)?.length, 2)
})
