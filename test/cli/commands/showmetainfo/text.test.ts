import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BencodeDict } from '../../../../src/metainfo/bencode/value.js'
import { version } from '../../../../src/base/process.js'
import { independentInfoHash } from '../../../support/decode-torrent.js'
import { Captured, assertQuiet, assertStatus, runBtkit } from '../../../support/run-btkit.js'
import {
  directoryInfo,
  editedGolden,
  goldenTorrent,
  singleFileInfo,
  torrentOf,
} from '../../../support/torrents.js'
import { show, showAsBitTornado } from './show.js'

const HEAD = `btshowmetainfo ${version()} - decode BitTorrent metainfo files\n\n`

test('a file is shown as BitTornado did, byte for byte', async (t) => {
  const torrent = torrentOf(singleFileInfo({ length: 40_000, pieces: new Uint8Array(60) }), {
    announce: 'http://t/announce',
    'announce-list': [['http://t/announce', 'http://u/'], ['udp://v']],
    comment: 'some words',
    httpseeds: ['http://a/', 'http://b/'],
  })
  const { stdout } = assertQuiet(await showAsBitTornado(t, torrent))
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

test('an error comes without the heading', async () => {
  const { status, stdout } = await runBtkit(['showmetainfo', '/nowhere/a.torrent'])
  assert.deepEqual([status, stdout], [1, ''])
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

test('a blank announce is shown as BitTornado did', async (t) => {
  const { stdout } = await showAsBitTornado(t, torrentOf(singleFileInfo(), { announce: '' }))
  assert.ok(stdout.endsWith('file size.....: 5 (0 * 16384 + 5)\nannounce url..: \n'), stdout)
})

test('values that BitTornado does not know follow in the same style', async (t) => {
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

test('btkit shows what the layers of version 2 are worth, and roots beside files without padding', async (t) => {
  const { stdout } = await show(t, goldenTorrent('hybrid-directory.torrent'))
  const [, tail] = stdout.split('\nversion')
  assert.equal(
    tail,
    '.......: 1 and 2 (hybrid)\n' +
      'piece layers..: 2 of 2 right\n' +
      'files.........: 5\n' +
      '   a/large.bin (40001) dcdf17f7cf9774b562b5c8b9df549a13b1566e87d6d48999355f9ab32a9e0ed6\n' +
      '   a/short.txt (5) 08bb5e5d6eaac1049ede0893d30ed022b1a4d9b5b48db414871f51c9cb35283d\n' +
      '   b/exact.bin (32768) d9e13d0b676ad681164ef0b7b5910d1328ea83a047cad57e619d76bbe3a08525\n' +
      '   empty (0)\n' +
      '   ünï.txt (16384) 4348e3b98e8a327b34ced39c1da9e67cdb4cd5e48e4d7960607a3ae403d35f0c\n',
  )
})

test('the files come after all other values, and only a terminal shows the first alone', async (t) => {
  const paths = Array.from({ length: 1300 }, (_, i) => `f${i + 1000}`)
  const torrent = torrentOf(directoryInfo(paths.map((path) => ({ length: 1, path: [path] }))), {
    announce: 'http://t/',
    comment: 'c',
  })
  const all = await show(t, torrent)
  assert.match(all.stdout, /\ncomment\.{7}: c\n[^]*\nfiles\.{9}: 1300\n {3}f1000 \(1\)\n/)
  assert.equal(all.stdout.match(/^ {3}f/gm)?.length, 1300)
  assert.ok(all.stdout.endsWith('   f2299 (1)\n'))
  const terminal = () => Object.assign(new Captured(), { isTTY: true })
  const [cut, whole] = [terminal(), terminal()]
  await show(t, torrent, { stdout: cut })
  assert.equal(cut.text.match(/^ {3}f/gm)?.length, 50)
  assert.ok(cut.text.endsWith('   f1049 (1)\n   … and 1,250 more (--all)\n'))
  await show(t, torrent, { stdout: whole, args: ['--all'] })
  assert.equal(whole.text, all.stdout)
})

test('a torrent without right layers is shown, with a warning', async (t) => {
  const bare = editedGolden('v2-directory.torrent', (top) => {
    const layers = top.get('piece layers') as BencodeDict
    const [first, second] = layers.keys()
    layers.delete(first!)
    layers.set(second!, new Uint8Array(96))
  })
  const { stdout, stderr } = assertStatus(await show(t, bare), 0)
  assert.match(stdout, /^version\.{7}: 2$/m)
  assert.match(stdout, /^piece layers\.\.: 0 of 2 right, 1 missing, 1 wrong$/m)
  assert.match(stderr, /warning: .*: piece layers of "b\/exact\.bin": is missing\n/)
  assert.match(
    stderr,
    /warning: .*: piece layers of "a\/large\.bin": does not match the pieces root; the torrent is damaged\n/,
  )
})

test('BitTornado knew nothing of that', async (t) => {
  const { stdout } = await showAsBitTornado(t, goldenTorrent('hybrid-directory.torrent'))
  assert.doesNotMatch(stdout, /layers|dcdf17|version/)
  assert.match(stdout, /^files\.{9}: \n {3}a\/large\.bin \(40001\)\n {3}\.pad\/\d+ \(\d+\)\n/m)
})

test('a v2 torrent is shown with its one info hash', async (t) => {
  const { stdout } = await show(t, goldenTorrent('v2-single.torrent'))
  assert.match(stdout, /^info hash v2\.\.: 2d130489c64eb8dafedc9c14fb5305170b44a7566bfed248/m)
  assert.doesNotMatch(stdout, /^info hash\.{5}:/m)
})

test('the first line names the program as it was called', async (t) => {
  const { stdout } = await show(t, torrentOf(singleFileInfo()))
  const shown = await showAsBitTornado(t, torrentOf(singleFileInfo()))
  assert.ok(shown.stdout.startsWith(HEAD))
  assert.ok(stdout.startsWith(HEAD.replace('btshowmetainfo', 'btkit')))
})

test('btkit shows the size for people as well, in a line of its own at the end', async (t) => {
  const info = { length: 40_000, pieces: new Uint8Array(60) }
  const { stdout } = await show(t, torrentOf(singleFileInfo(info)))
  assert.match(stdout, /^file size\.{5}: 40000 \(2 \* 16384 \+ 7232\)$/m)
  assert.match(stdout, /\nsize\.{10}: 39\.1 KiB in 3 pieces of 16 KiB\n$/)
})

test('btkit shows where newer torrents and shared files may be', async (t) => {
  const info = singleFileInfo({ 'update-url': 'http://t/next', similar: [Buffer.alloc(20, 1)] })
  const torrent = torrentOf(info, { collections: ['one', 'two'] })
  const { stdout } = await show(t, torrent)
  assert.deepEqual(stdout.split('\n').slice(-4), [
    'update url....: http://t/next',
    `similar.......: ${'01'.repeat(20)}`,
    'collections...: one|two',
    '',
  ])
  assert.doesNotMatch((await showAsBitTornado(t, torrent)).stdout, /update|similar|collections/)
})

test('keys that are shown nowhere else are named, safe to print', async (t) => {
  const torrent = torrentOf(singleFileInfo({ x: 1 }), { 'a\x1b[2J': 1, zz: 1 })
  const { stdout } = await show(t, torrent)
  assert.match(stdout, /^other keys\.\.\.\.: info\.x, a\\x1b\[2J, zz$/m)
  const bitTornados = await showAsBitTornado(t, torrent)
  assert.doesNotMatch(bitTornados.stdout, /other keys/)
})

test('only the first of many other keys are named, and long names are cut', async (t) => {
  const keys = Array.from({ length: 30 }, (_, i) => [`k${i + 10}`, 1] as const)
  const torrent = torrentOf(singleFileInfo(), { ...Object.fromEntries(keys), ['a'.repeat(100)]: 1 })
  const { stdout } = await show(t, torrent)
  assert.match(stdout, /^other keys\.\.\.\.: a{60}…, k10, [^\n]*, k28, and 11 more$/m)
})
