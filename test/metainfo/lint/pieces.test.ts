import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BencodeDict, BencodeValue } from '../../../src/metainfo/bencode/value.js'
import { automaticPieceLength } from '../../../src/metainfo/piece-length.js'
import { directoryInfo, singleFileInfo, torrentOf, editedGolden } from '../../support/torrents.js'
import { needsLibtorrent, readWithLibtorrent } from '../libtorrent.js'
import { libtorrentVerdicts } from '../../support/libtorrent-verdicts.js'
import { ANNOUNCE, codesOf, messagesOf, torrentOfPaths, torrentOfSize } from './torrent.js'

const KIB = 1024
const MIB = 1024 * KIB
const GIB = 1024 * MIB

test('a piece length should be a power of two, of 16 KiB at least', () => {
  assert.deepEqual(messagesOf('piece-length-odd', torrentOfSize(MIB, 100_000)), [
    'the piece length of 100000 bytes is not a power of two',
  ])
  assert.deepEqual(messagesOf('piece-length-odd', torrentOfSize(MIB, 8 * KIB)), [
    'the piece length of 8192 bytes is less than the 16 KiB that clients ask for',
  ])
  assert.deepEqual(codesOf(torrentOfSize(MIB, 16 * KIB)), [])
  const odd = torrentOfSize(5, 2 ** 53 - 1)
  assert.deepEqual(codesOf(odd), ['piece-length-odd', 'piece-length-large', 'piece-length-refused'])
})

// libtorrent 2.0.8 loads torrents with pieces of 1073741823 bytes, and none of 1073741824
test('pieces of 1 GiB are refused by clients', () => {
  assert.deepEqual(messagesOf('piece-length-refused', torrentOfSize(5000 * GIB, GIB)), [
    'clients on libtorrent refuse pieces of 1073741824 bytes: they must be shorter than 1 GiB',
  ])
  assert.deepEqual(codesOf(torrentOfSize(5000 * GIB, GIB / 2)), [])
})

for (const size of [1, 5 * MIB, 20 * MIB, 100 * MIB, GIB, 5 * GIB, 20 * GIB]) {
  test(`the automatic piece length suits ${size} bytes, and so do half and twice of it`, () => {
    for (const factor of [0.5, 1, 2, 4]) {
      const torrent = torrentOfSize(size, automaticPieceLength(size) * factor)
      assert.deepEqual(codesOf(torrent), [])
    }
  })
}

test('less than a quarter of the automatic piece length is small, more than four times is large', () => {
  assert.deepEqual(messagesOf('piece-length-small', torrentOfSize(GIB, 64 * KIB)), [
    'pieces of 65536 bytes are small for 1073741824 bytes, which makes 16384; 524288 would do',
  ])
  assert.deepEqual(messagesOf('piece-length-large', torrentOfSize(20 * MIB, 2 * MIB)), [
    'pieces of 2097152 bytes are large for 20971520 bytes, which makes 10; 131072 would do',
  ])
  for (const [size, pieceLength] of [
    [GIB, 128 * KIB],
    [100 * MIB, MIB],
    // Content so small or so large that it does not matter
    [4 * MIB, 4 * MIB],
    [1024 * GIB, 16 * MIB],
  ] as const)
    assert.deepEqual(codesOf(torrentOfSize(size, pieceLength)), [])
})

test('the pieces of 1 MiB that serve cuts all files into are large for none', () => {
  for (const size of [1, 5 * MIB, 20 * MIB, 60 * MIB]) {
    assert.deepEqual(codesOf(torrentOfSize(size, MIB)), [], String(size))
  }
})

test('a piece may be longer than the content, but not far longer and above 1 MiB', () => {
  for (const [size, pieceLength] of [
    [5, MIB],
    [MIB, 4 * MIB],
    [4 * MIB, 16 * MIB],
  ] as const)
    assert.deepEqual(codesOf(torrentOfSize(size, pieceLength)), [])
  assert.deepEqual(messagesOf('piece-length-large', torrentOfSize(1_000_000, 64 * MIB)), [
    'a piece of 67108864 bytes is longer than all 1000000 bytes of content',
  ])
  assert.deepEqual(codesOf(torrentOfSize(5, 2 * MIB)), ['piece-length-large'])
})

test('more than 100,000 pieces are many', () => {
  const size = 100_000 * 2 * MIB
  assert.deepEqual(codesOf(torrentOfSize(size, 2 * MIB)), [])
  assert.deepEqual(messagesOf('many-pieces', torrentOfSize(size + 1, 2 * MIB)), [
    '100001 pieces are more than some clients can handle',
  ])
})

test('a torrent above ten million bytes is huge', () => {
  const torrent = torrentOf(singleFileInfo(), { ...ANNOUNCE, comment: 'x'.repeat(10_000_000) })
  assert.deepEqual(codesOf(torrent), ['huge-torrent'])
  const smaller = torrentOf(singleFileInfo(), { ...ANNOUNCE, comment: 'x'.repeat(9_999_000) })
  assert.deepEqual(codesOf(smaller), [])
})

// 18 items are not in the list: libtorrent counts keys and ends, too
for (const [count, codes] of [
  [3_000_000, []],
  [3_000_001, ['too-many-items']],
] as const) {
  test(`${count} items of bencode: ${codes.length === 0 ? 'well' : 'clients refuse them'}`, (t) => {
    const info = { length: 1, name: 'a', 'piece length': 16384, pieces: Buffer.alloc(20) }
    const most = torrentOf(info, ANNOUNCE).subarray(0, -1)
    const torrent = Buffer.concat([most, Buffer.from(`1:xl${'0:'.repeat(count - 18)}ee`)])
    assert.deepEqual(codesOf(torrent), codes)
    if (needsLibtorrent.skip !== false) t.skip(needsLibtorrent.skip)
    else assert.equal(typeof libtorrentVerdicts([torrent])[0] === 'string', codes.length > 0)
  })
}

test('in version 2 short pieces suit many small files, and long ones do no harm', () => {
  const names = Array.from({ length: 1700 }, (_, i) => String(i)).sort()
  const leaf = { '': { length: 10_000, 'pieces root': new Uint8Array(32).fill(1) } }
  const tree = Object.fromEntries(names.map((name) => [name, leaf]))
  for (const pieceLength of [16 * KIB, 128 * KIB, MIB]) {
    const info = { 'file tree': tree, 'meta version': 2, name: 'n', 'piece length': pieceLength }
    assert.deepEqual(codesOf(torrentOf(info, ANNOUNCE)), [], String(pieceLength))
  }
})

/** The golden hybrid with other v1 files. */
function hybridWith(edit: (files: BencodeDict[]) => BencodeDict[]): Uint8Array {
  return editedGolden('hybrid-directory.torrent', (_top, info) => {
    const files = edit(info.get('files') as BencodeDict[])
    const size = files.reduce((sum, file) => sum + (file.get('length') as number), 0)
    info.set('files', files)
    info.set('pieces', new Uint8Array(Math.ceil(size / 16384) * 20))
  })
}

test('the files of a hybrid begin on the boundaries of pieces', () => {
  assert.deepEqual(codesOf(hybridWith((files) => files)), [])
})

test('without pad files they do not', () => {
  const torrent = hybridWith((files) => files.filter((file) => !file.has('attr')))
  assert.deepEqual(messagesOf('unaligned-hybrid', torrent), [
    'path "a/short.txt" begins inside a piece, 40001 bytes into the v1 content',
    'path "b/exact.bin" begins inside a piece, 40006 bytes into the v1 content',
    'path "ünï.txt" begins inside a piece, 72774 bytes into the v1 content',
  ])
})

function padOf(length: number): BencodeDict {
  return new Map<string, BencodeValue>([
    ['attr', Buffer.from('p')],
    ['length', length],
    ['path', [Buffer.from('.pad'), Buffer.from(String(length))]],
  ])
}

/** Changes each pad file of a hybrid. */
function eachPad(edit: (length: number) => number[]) {
  return (files: BencodeDict[]) => {
    return files.flatMap((file) => {
      return file.has('attr') ? edit(file.get('length') as number).map(padOf) : [file]
    })
  }
}

const PADDINGS: [
  what: string,
  isRefused: boolean,
  edit: (files: BencodeDict[]) => BencodeDict[],
][] = [
  ['as they are', false, (files) => files],
  ['split', true, eachPad((length) => [length - 1, 1])],
  ['longer by a piece', true, eachPad((length) => [length + 16_384])],
  ['with a whole piece behind each', true, eachPad((length) => [length, 16_384])],
  ['with one of no length behind each', true, eachPad((length) => [length, 0])],
  ['before the first file', true, (files) => [padOf(16_384), ...files]],
  ['of no length before the first file', true, (files) => [padOf(0), ...files]],
  ['that end inside a piece', true, (files) => [...files, padOf(1)]],
]

for (const [what, isRefused, edit] of PADDINGS) {
  test(`pad files of a hybrid ${what}: an error if libtorrent refuses them`, (t) => {
    const torrent = hybridWith(edit)
    assert.equal(codesOf(torrent).includes('odd-padding'), isRefused)
    if (needsLibtorrent.skip !== false) t.skip(needsLibtorrent.skip)
    else if (isRefused) assert.throws(() => readWithLibtorrent(torrent), /metadata does not match/)
    else readWithLibtorrent(torrent)
  })
}

test('a pad file may fill up the last piece of the last file', needsLibtorrent, () => {
  const pad = { attr: 'p', length: 16_379, path: ['.pad', '16379'] }
  const torrent = torrentOf(
    {
      ...directoryInfo([{ length: 5, path: ['a'] }, pad]),
      'file tree': { a: { '': { length: 5, 'pieces root': Buffer.alloc(32, 1) } } },
      'meta version': 2,
    },
    { 'piece layers': {} },
  )
  assert.deepEqual(messagesOf('odd-padding', torrent), [])
  assert.deepEqual(readWithLibtorrent(torrent).files, [['dir/a', 5]])
})

test('pad files that only their names tell are noted', () => {
  const torrent = torrentOfPaths(['a', '_____padding_file_0_if you see this file', 'b'])
  assert.deepEqual(messagesOf('pad-by-name', torrent), [
    'path "_____padding_file_0_if you see this file" is a pad file only by its name, as of BitComet; some programs download it',
  ])
})
