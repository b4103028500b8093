import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findData, indexFiles } from '../../../src/core/find/find-data.js'
import { makeScratch } from '../../support/scratch.js'
import { FILES, goldenTorrent } from '../golden-content.js'
import { hashContext } from '../requests.js'

test('the data of a torrent of libtorrent is found by its bytes, whatever its names', async (t) => {
  const renamed: Record<string, Buffer> = {}
  for (const [path, bytes] of Object.entries(FILES))
    renamed[Buffer.from(path).toString('hex')] = bytes
  const index = await indexFiles([makeScratch(t, renamed)], assert.ifError)
  const request = { metainfo: goldenTorrent('hybrid'), torrent: 'x', index }
  const found = (await findData(request, hashContext())).map(({ status }) => status)
  assert.deepEqual(found.sort(), ['empty', 'found', 'found', 'found', 'found'])
})
