import assert from 'node:assert/strict'
import { test } from 'node:test'
import { contentSize } from '../../src/metainfo/metainfo.js'
import { parseMetainfo } from '../../src/metainfo/parse/metainfo.js'
import { directoryInfo, torrentOf } from '../support/torrents.js'

test('pad files are no part of what a torrent takes on a disk', () => {
  const files = [
    { length: 3, path: ['a'] },
    { length: 16_381, path: ['.pad', '16381'], attr: 'p' },
    { length: 4, path: ['b'] },
  ]
  const metainfo = parseMetainfo(torrentOf(directoryInfo(files)))
  assert.deepEqual([metainfo.size, contentSize(metainfo)], [16_388, 7])
})
