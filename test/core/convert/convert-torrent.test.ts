import assert from 'node:assert/strict'
import { test } from 'node:test'
import { convertTorrent } from '../../../src/core/convert/convert-torrent.js'
import { pieceLengthOf } from '../../../src/metainfo/piece-length.js'
import { makeScratch } from '../../support/scratch.js'
import { FILES, goldenTorrent } from '../golden-content.js'
import { hashContext } from '../requests.js'

test('a v2 torrent of libtorrent becomes its hybrid, and that becomes the v2 torrent', async (t) => {
  const place = { torrent: null, path: makeScratch(t, FILES), store: null }
  const [v2, hybrid] = [goldenTorrent('v2'), goldenTorrent('hybrid')]
  for (const [from, to] of [
    [v2, hybrid],
    [hybrid, v2],
  ] as const) {
    const request = {
      ...place,
      pieceLength: pieceLengthOf(14),
      read: () => from,
      version: to.version,
    }
    const { conversion } = await convertTorrent(request, (_, work) => work(hashContext()))
    assert.equal(conversion.after?.infoHash, to.infoHash)
    if (to === v2) assert.equal(conversion.after.infoHashV2, v2.infoHashV2)
  }
})
