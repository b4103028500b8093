import assert from 'node:assert/strict'
import { test } from 'node:test'
import { version } from '../../../../src/cli/version.js'
import { independentInfoHash } from '../../../support/decode-torrent.js'
import { runBtkit } from '../../../support/run-btkit.js'
import {
  directoryInfo,
  goldenTorrent,
  singleFileInfo,
  torrentOf,
} from '../../../support/torrents.js'
import { LEGACY, show, showAsBitTornado } from './show.js'

const HEAD = `btshowmetainfo ${version()} - decode BitTorrent metainfo files\n\n`

test('a file is shown as BitTornado did, byte for byte', async (t) => {
  const torrent = torrentOf(singleFileInfo({ length: 40_000, pieces: new Uint8Array(60) }), {
    announce: 'http://t/announce',
    'announce-list': [['http://t/announce', 'http://u/'], ['udp://v']],
    comment: 'some words',
    httpseeds: ['http://a/', 'http://b/'],
  })
  const { status, stdout, stderr } = await showAsBitTornado(t, torrent)
  assert.deepEqual([status, stderr], [0, ''])
  assert.equal(
    stdout,
    HEAD +
      'metainfo file.: x.torrent\n' +
      `info hash.....: ${independentInfoHash(torrent)}\n` +
      'file name.....: a.txt\n' +
      'file size.....: 40000 (2 * 16384 + 7232)\n' +
      'announce url..: http://t/announce\n' +
      'announce-list.: http://t/announce,http://u/|udp://v\n' +
      'http seeds....: http://a/|http://b/\n' +
      'comment.......: some words\n',
  )
})

test('a directory is shown as BitTornado did, byte for byte', async (t) => {
  const files = [
    { length: 16_384, path: ['sub', 'b'] },
    { length: 0, path: ['é'] },
    { length: 3, path: ['z'] },
  ]
  const torrent = torrentOf(directoryInfo(files), { announce: 'http://t/' })
  const { stdout } = await showAsBitTornado(t, torrent)
  assert.equal(
    stdout,
    HEAD +
      'metainfo file.: x.torrent\n' +
      `info hash.....: ${independentInfoHash(torrent)}\n` +
      'directory name: dir\n' +
      'files.........: \n' +
      '   sub/b (16384)\n' +
      '   é (0)\n' +
      '   z (3)\n' +
      'archive size..: 16387 (1 * 16384 + 3)\n' +
      'announce url..: http://t/\n',
  )
})

test('what BitTornado did not know follows in the same style', async (t) => {
  const info = singleFileInfo({ private: 1, source: 'TAG' })
  const torrent = torrentOf(info, {
    'created by': 'someone',
    'creation date': 1_700_000_000,
    nodes: [
      ['h', 6881],
      ['::1', 6881],
    ],
    'url-list': ['http://w/', 'ftp://x/'],
  })
  const { stdout } = await show(t, torrent)
  assert.deepEqual(stdout.split('\n').slice(6), [
    'web seeds.....: http://w/|ftp://x/',
    'dht nodes.....: h:6881|[::1]:6881',
    'created by....: someone',
    'creation date.: 2023-11-14 22:13:20 UTC',
    'private.......: yes',
    'source........: TAG',
    'size..........: 5 B in 1 piece of 16 KiB',
    '',
  ])
})

test('a hybrid torrent is shown with both info hashes', async (t) => {
  const { stdout } = await show(t, goldenTorrent('hybrid-directory.torrent'))
  assert.match(stdout, /^info hash\.{5}: be94b50e5f854b55f699eeb4f25fab567f353c2a$/m)
  assert.match(stdout, /^info hash v2\.\.: 9648db46c69453a15f2efd2befc6f506381f818bb3b1af67/m)
})

test('a v2 torrent is shown with its one info hash', async (t) => {
  const { stdout } = await show(t, goldenTorrent('v2-single.torrent'))
  assert.match(stdout, /^info hash v2\.\.: 2d130489c64eb8dafedc9c14fb5305170b44a7566bfed248/m)
  assert.doesNotMatch(stdout, /^info hash\.{5}:/m)
})

test('a legacy name stands in the first line', async (t) => {
  const { stdout } = await show(t, torrentOf(singleFileInfo()))
  const shown = await runBtkit(['/nonexistent'], LEGACY)
  assert.equal(shown.stdout, HEAD)
  assert.ok(stdout.startsWith(HEAD.replace('btshowmetainfo', 'btkit')))
})

test('btkit shows the size for people as well, in a line of its own at the end', async (t) => {
  const info = { length: 40_000, pieces: new Uint8Array(60) }
  const { stdout } = await show(t, torrentOf(singleFileInfo(info)))
  assert.match(stdout, /^file size\.{5}: 40000 \(2 \* 16384 \+ 7232\)$/m)
  assert.match(stdout, /\nsize\.{10}: 39\.1 KiB in 3 pieces of 16 KiB\n$/)
})
