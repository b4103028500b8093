import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildTorrent, type TorrentParts } from '../../../src/metainfo/build/torrent.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { singleFileInfo, torrentOf } from '../../support/torrents.js'

const NOTHING: TorrentParts = {
  announce: null,
  announceList: [],
  httpSeeds: [],
  webSeeds: [],
  nodes: [],
  comment: null,
  createdBy: null,
  creationDate: null,
}

const INFO = Buffer.from('d4:spam4:eggse')

function torrentText(changes: Partial<TorrentParts>): string {
  return Buffer.from(
    buildTorrent({ ...NOTHING, ...changes }, { info: INFO, pieceLayers: null }),
  ).toString()
}

test('a torrent of nothing else holds its info as it is', () => {
  assert.equal(torrentText({}), 'd4:infod4:spam4:eggsee')
})

test('piece layers stand between the info and the web seeds', () => {
  const core = { info: INFO, pieceLayers: Buffer.from('de') }
  const torrent = buildTorrent({ ...NOTHING, nodes: [], webSeeds: ['ftp://s/'] }, core)
  assert.equal(
    Buffer.from(torrent).toString(),
    'd4:infod4:spam4:eggse12:piece layersde8:url-listl8:ftp://s/ee',
  )
})

for (const [what, changes, before, after] of [
  ['the tracker', { announce: 'http://t/' }, '8:announce9:http://t/', ''],
  [
    'tiers of trackers',
    { announceList: [['http://a/', 'udp://b'], ['ws://c']] },
    '13:announce-listll9:http://a/7:udp://bel6:ws://cee',
    '',
  ],
  ['the comment', { comment: 'é' }, '7:comment2:é', ''],
  ['the creator', { createdBy: 'btkit' }, '10:created by5:btkit', ''],
  ['any other key', { extraKeys: new Map([['comment.utf-8', 7]]) }, '13:comment.utf-8i7e', ''],
  ['the date', { creationDate: 0 }, '13:creation datei0e', ''],
  ['a late date', { creationDate: 2 ** 40 }, '13:creation datei1099511627776e', ''],
  ['HTTP seeds', { httpSeeds: ['http://s/'] }, '9:httpseedsl9:http://s/e', ''],
  ['nodes', { nodes: [{ host: 'h', port: 80 }] }, '', '5:nodesll1:hi80eee'],
  ['web seeds', { webSeeds: ['ftp://s/'] }, '', '8:url-listl8:ftp://s/e'],
] as const) {
  test(`${what} stands in its place`, () => {
    assert.equal(torrentText(changes), `d${before}4:infod4:spam4:eggse${after}e`)
  })
}

test('with all of it, the keys are in the order that bencode asks for', () => {
  const parts: TorrentParts = {
    announce: 'http://t/',
    announceList: [['http://t/']],
    httpSeeds: ['http://s/'],
    webSeeds: ['http://w/'],
    nodes: [{ host: 'h', port: 80 }],
    comment: 'c',
    createdBy: 'b',
    creationDate: 5,
  }
  const { infoSpan, bytes } = parseMetainfo(torrentOf(singleFileInfo()), { maxSize: 10_000 })
  const info = bytes.subarray(infoSpan.start, infoSpan.end)
  const metainfo = parseMetainfo(buildTorrent(parts, { info, pieceLayers: null }), {
    maxSize: 10_000,
  })
  assert.deepEqual(metainfo.warnings, [])
  assert.deepEqual([...metainfo.spans.keys()], [...metainfo.spans.keys()].sort())
  const { announce, announceList, httpSeeds, webSeeds, nodes, comment, createdBy, creationDate } =
    metainfo
  assert.deepEqual(
    { announce, announceList, httpSeeds, webSeeds, nodes, comment, createdBy, creationDate },
    parts,
  )
})
