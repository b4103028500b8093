import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { findData, indexFiles } from '../../../src/core/find/find-data.js'
import { goldenBytes, goldenTorrent, plantGolden } from '../golden-content.js'
import { hashContext } from '../requests.js'

for (const version of ['v2', 'hybrid'] as const) {
  test(`the data of a ${version} torrent of libtorrent is found by its bytes`, async (t) => {
    const root = plantGolden(t, (path) => `other/${Buffer.from(path).toString('hex')}`)
    const damaged = goldenBytes(40_001)
    damaged[40_000] = 0
    writeFileSync(join(root, 'other', Buffer.from('a/large.bin').toString('hex')), damaged)
    const index = await indexFiles([root], assert.fail)
    const request = { metainfo: goldenTorrent(version), torrent: 'x', index }
    const found = await findData(request, hashContext())
    const told = found.map(({ file, status }) => [file.path.join('/'), status])
    assert.deepEqual(Object.fromEntries(told), {
      'a/large.bin': 'damaged',
      'a/short.txt': 'found',
      'b/exact.bin': 'found',
      empty: 'empty',
      'ünï.txt': 'found',
    })
  })
}
