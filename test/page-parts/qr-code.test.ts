import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodePercent } from '../../src/base/percent.js'
import { qrCode, renderFoldedQr } from '../../src/page-parts/qr-code.js'

const LINK = `magnet:?xt=urn:btih:${'ab'.repeat(20)}&dn=a%20b`

test('a page links the QR code of its magnet link, and only such links have one', () => {
  const folded = renderFoldedQr(LINK, '../')
  const [, query = ''] = /src="\.\.\/qr\.svg\?([^"]*)"/.exec(folded ? folded.text : '') ?? []
  assert.equal(query, encodePercent(LINK))
  assert.match(qrCode(query) ?? '', /^<svg/)
  for (const other of ['', 'https://h/', '%ff', encodePercent(`${LINK}${'x'.repeat(1200)}`)])
    assert.equal(qrCode(other), null, other)
  assert.equal(renderFoldedQr(LINK + 'x'.repeat(1200), ''), false)
})
