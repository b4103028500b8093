import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { makeGroup } from '../../../src/core/make/make-group.js'
import { pieceLengthOf } from '../../../src/metainfo/piece-length.js'
import { FILES, goldenTorrent } from '../golden-content.js'
import { hashContext, makeRequest } from '../requests.js'

test('streams make the v2 torrent that libtorrent makes of the files', async () => {
  const files = Object.entries(FILES).map(([path, bytes]) => ({
    path,
    content: Readable.from([bytes]),
  }))
  const request = makeRequest('', { version: 'v2', pieceLength: pieceLengthOf(14) })
  const arrival = { place: 'streams', isDirectory: true, files }
  const group = { torrents: [{ ...request, name: 'content' }], checksums: [], arrival } as const
  const made = await makeGroup(group, { reading: (_, work) => work(hashContext()) })
  assert.equal(made.written?.infoHashV2, goldenTorrent('v2').infoHashV2)
})
