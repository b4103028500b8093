import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lintMetainfo, MAX_FINDINGS_OF_A_KIND } from '../../../src/metainfo/lint/metainfo.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { editedGolden, goldenTorrent, singleFileInfo, torrentOf } from '../../support/torrents.js'
import { codesOf, torrentOfPaths } from './torrent.js'

test('nothing is found in a plain torrent', () => {
  const torrent = torrentOf(singleFileInfo(), { announce: 'http://tracker.example/announce' })
  assert.deepEqual(codesOf(torrent), [])
})

for (const name of ['v2-single', 'v2-directory', 'hybrid-directory']) {
  test(`nothing is found in the golden ${name}`, () => {
    assert.deepEqual(codesOf(goldenTorrent(`${name}.torrent`)), [])
  })
}

test('what the reader warns of is found as well', () => {
  const torrent = editedGolden('v2-single.torrent', (top) => top.set('comment', 5))
  assert.deepEqual(codesOf(torrent), ['ignored-value'])
  const unsorted = Buffer.from(`d4:infod6:lengthi1e4:name1:a12:piece lengthi16384e6:pieces20:`)
  const canonicalNot = Buffer.concat([unsorted, Buffer.alloc(20), Buffer.from('e1:a1:be\n')])
  assert.deepEqual(codesOf(canonicalNot), ['unsorted-keys', 'trailing-space'])
})

test('of each kind only so many are named, however many there are', () => {
  const paths = Array.from({ length: 60 }, (_, i) => `${i}.`)
  const findings = lintMetainfo(parseMetainfo(torrentOfPaths(paths)))
  assert.equal(findings.length, MAX_FINDINGS_OF_A_KIND + 1)
  assert.deepEqual(findings.at(-1), {
    code: 'trailing-dot-or-space',
    message: 'and more like these',
  })
})

test('what a stranger wrote is safe to print', () => {
  const torrent = torrentOf(singleFileInfo(), { announce: 'http://\x1b[31m' })
  const [finding] = lintMetainfo(parseMetainfo(torrent))
  assert.equal(
    finding?.message,
    'tracker "http://\\x1b[31m" is not an http, https, udp, ws or wss URL',
  )
})
