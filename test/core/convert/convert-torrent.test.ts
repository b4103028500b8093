import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { convertTorrent } from '../../../src/core/convert/convert-torrent.js'
import type { Reading } from '../../../src/core/make/make-group.js'
import { pieceLengthOf } from '../../../src/metainfo/piece-length.js'
import { goldenTorrent, plantGolden } from '../golden-content.js'
import { hashContext } from '../requests.js'

const reading: Reading = (_, work) => work(hashContext())

test('a v2 torrent of libtorrent becomes its hybrid, and that becomes the v2 torrent', async (t) => {
  const rest = { torrent: null, path: plantGolden(t), pieceLength: pieceLengthOf(14), store: null }
  const [v2, hybrid] = [goldenTorrent('v2'), goldenTorrent('hybrid')]
  const there = await convertTorrent({ ...rest, read: () => v2, version: 'hybrid' }, reading)
  assert.equal(there.conversion.after?.infoHash, hybrid.infoHash)
  const back = await convertTorrent({ ...rest, read: () => hybrid, version: 'v2' }, reading)
  assert.equal(back.conversion.after?.infoHashV2, v2.infoHashV2)
})

test('content that is not whole is not converted', async (t) => {
  const path = plantGolden(t)
  writeFileSync(join(path, 'a', 'short.txt'), 'other')
  const read = () => goldenTorrent('hybrid')
  const rest = { torrent: null, path, pieceLength: null, store: null, version: 'v1' as const }
  const { conversion } = await convertTorrent({ ...rest, read }, reading)
  assert.equal(conversion.report?.badPieces, 1)
})
