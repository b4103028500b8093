import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import type { BencodeDict, BencodeValue } from '../../../src/metainfo/bencode/value.js'
import { buildTorrent } from '../../../src/metainfo/build/torrent.js'
import { NO_FIELDS } from '../../../src/metainfo/fields.js'
import { isTorrent, parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { findMerkleRoot } from '../../../src/metainfo/merkle.js'
import { readPieceLayers } from '../../../src/metainfo/parse/info.js'
import { WarningList } from '../../../src/metainfo/warning.js'
import { longTest } from '../../support/long.js'
import {
  directoryInfo,
  editedGolden,
  goldenTorrent,
  singleFileInfo,
  torrentOf,
} from '../../support/torrents.js'
import { assertRefused } from '../refusal.js'

function hex(algorithm: string, data: string | Uint8Array): string {
  return createHash(algorithm).update(data).digest('hex')
}

function latin1(text: string): Uint8Array {
  return Buffer.from(text, 'latin1')
}

test('a torrent is read whole', () => {
  const bytes = torrentOf(singleFileInfo(), { announce: 'http://t/a', comment: '\ufeffhello' })
  const metainfo = parseMetainfo(bytes)
  const { start, end } = metainfo.infoSpan
  assert.equal(metainfo.bytes, bytes)
  assert.deepEqual([...metainfo.spans.keys()], ['announce', 'comment', 'info'])
  assert.equal(metainfo.infoHash, hex('sha1', bytes.subarray(start, end)))
  assert.equal(metainfo.infoHashV2, null)
  assert.equal(metainfo.version, 'v1')
  assert.equal(metainfo.name, 'a.txt')
  assert.equal(metainfo.isDirectory, false)
  assert.equal(metainfo.size, 5)
  assert.equal(metainfo.pieceCount, 1)
  assert.equal(metainfo.announce, 'http://t/a')
  assert.equal(metainfo.comment, '\ufeffhello')
  assert.deepEqual(metainfo.info.get('length'), 5)
  assert.deepEqual(metainfo.unsafePaths, [])
  assert.deepEqual(metainfo.warnings, [])
})

const PIECES = 'x'.repeat(20)

test('the info hash is that of the bytes as they stand, unsorted as they may be', () => {
  const info = `d4:name1:a6:lengthi1e12:piece lengthi16384e6:pieces20:${PIECES}e`
  const { infoHash, warnings } = parseMetainfo(latin1(`d4:info${info}e`))
  assert.equal(infoHash, hex('sha1', latin1(info)))
  assert.deepEqual(
    warnings.map(({ code }) => code),
    ['unsorted-keys'],
  )
})

test('all files empty is accepted with a warning', () => {
  const { size, pieceCount, warnings } = parseMetainfo(
    torrentOf(directoryInfo([{ length: 0, path: ['a'] }])),
  )
  assert.equal(size, 0)
  assert.equal(pieceCount, 0)
  assert.deepEqual(warnings, [{ code: 'no-content', message: 'info: the files are all empty' }])
})

test('warnings of every part are gathered', () => {
  const files = [{ length: 1, path: ['..', 'a\\b'] }]
  const torrent = torrentOf(directoryInfo(files, { name: latin1('\xe9') }), { announce: 1 })
  const { warnings, unsafePaths } = parseMetainfo(Buffer.concat([torrent, Buffer.from('\n')]))
  assert.deepEqual(
    warnings.map(({ code }) => code),
    ['trailing-space', 'not-utf8', 'ignored-value', 'unsafe-path'],
  )
  assert.deepEqual(unsafePaths, [
    { path: ['\ufffd', '..', 'a\\b'], reason: 'has a ".." component' },
  ])
})

test('a v2 single file that libtorrent made is read', () => {
  const metainfo = parseMetainfo(goldenTorrent('v2-single.torrent'))
  const { version, infoHash, infoHashV2, isDirectory, pieces, files, warnings } = metainfo
  assert.deepEqual(
    [version, infoHash, isDirectory, pieces, warnings],
    ['v2', null, false, null, []],
  )
  assert.equal(infoHashV2, '2d130489c64eb8dafedc9c14fb5305170b44a7566bfed248b00315be727662bc')
  assert.deepEqual(files, [{ path: ['content.bin'], length: 40001, padding: false, attr: '' }])
})

const TREE = [
  { path: ['a', 'large.bin'], length: 40001, padding: false, attr: '' },
  { path: ['a', 'short.txt'], length: 5, padding: false, attr: '' },
  { path: ['b', 'exact.bin'], length: 32768, padding: false, attr: '' },
  { path: ['empty'], length: 0, padding: false, attr: '' },
  { path: ['ünï.txt'], length: 16384, padding: false, attr: '' },
]

test('a v2 directory that libtorrent made is read', () => {
  const metainfo = parseMetainfo(goldenTorrent('v2-directory.torrent'))
  assert.equal(
    metainfo.infoHashV2,
    'cd0bd39c6ba4904d1666bebbefbf1fb6a1ab366a707a75cca115ad57fbfc61dc',
  )
  assert.equal(metainfo.isDirectory, true)
  assert.equal(metainfo.size, 89158)
  assert.equal(metainfo.pieceCount, 7)
  assert.deepEqual(metainfo.files, TREE)
})

test('a hybrid that libtorrent made is read, with its pad files', () => {
  const metainfo = parseMetainfo(goldenTorrent('hybrid-directory.torrent'))
  assert.equal(metainfo.version, 'hybrid')
  assert.equal(metainfo.infoHash, 'be94b50e5f854b55f699eeb4f25fab567f353c2a')
  assert.equal(
    metainfo.infoHashV2,
    '9648db46c69453a15f2efd2befc6f506381f818bb3b1af67b27411b016c3e450',
  )
  assert.deepEqual(
    metainfo.files.filter(({ padding }) => !padding),
    TREE,
  )
  assert.deepEqual(
    metainfo.files.filter(({ padding }) => padding).map(({ length }) => length),
    [9151, 16379],
  )
  assert.equal(metainfo.size, 89158 + 9151 + 16379)
  assert.equal(metainfo.pieces?.length, 7 * 20)
})

test('a layer that no file needs is warned of', () => {
  const torrent = editedGolden('v2-single.torrent', (top) => {
    const layers = top.get('piece layers') as BencodeDict
    layers.set('\xff'.repeat(32), new Uint8Array(64))
  })
  const message = `piece layers of root ${'ff'.repeat(32)}: no file needs it`
  assert.deepEqual(parseMetainfo(torrent).warnings, [{ code: 'layer-unneeded', message }])
})

test('a hybrid whose v1 half has another name for a file is refused', () => {
  const forged = editedGolden('hybrid-directory.torrent', (_, info) => {
    const [first] = info.get('files') as BencodeDict[]
    first?.set('path', [latin1('evil')])
  })
  assertRefused(
    () => parseMetainfo(forged),
    'metainfo',
    'info: v1 and v2 disagree: "evil" stands where the file tree has "a/large.bin"',
  )
})

test('what is no metainfo at all is refused by name', () => {
  const refusals: [data: string, message: string][] = [
    ['de', 'info: is missing'],
    ['d4:infolee', 'info: is not a dictionary'],
    ['d4:infodee', 'info.name: is missing'],
  ]
  for (const [data, message] of refusals) {
    assertRefused(() => parseMetainfo(latin1(data)), 'metainfo', message)
  }
})

test('what is no torrent at all is told by how it begins', () => {
  for (const [bytes, beginning] of [
    ['<!DOCTYPE html>\n<html>', '"<!DOCTYPE html>"'],
    ['404 Not Found', '"404 Not Found"'],
    ['\x1b[2J'.padEnd(50, 'x'), `"\\x1b[2J${'x'.repeat(20)}"`],
    ['le', '"le"'],
    [`${'x'.repeat(23)}\xc3\xa9`, `"${'x'.repeat(23)}\\xc3"`],
  ] as const) {
    const message = `not a torrent (it begins with ${beginning})`
    assertRefused(() => parseMetainfo(latin1(bytes)), 'bencode', message)
  }
  for (const bytes of ['\x1f\x8b\x08\x00\xc3\xa9', 'ISO\0', '\xff\xfeh'])
    assertRefused(() => parseMetainfo(latin1(bytes)), 'bencode', 'not a torrent (binary data)')
  assertRefused(() => parseMetainfo(latin1('')), 'bencode', 'not a torrent (it is empty)')
})

longTest('the size allowed is 64 MiB, or what the caller says', () => {
  const bytes = torrentOf(singleFileInfo())
  assert.equal(parseMetainfo(bytes, { maxSize: bytes.length }).size, 5)
  assertRefused(
    () => parseMetainfo(bytes, { maxSize: 10 }),
    'bencode',
    'offset 10: more than the 10 bytes allowed',
  )
  assertRefused(
    () => parseMetainfo(Buffer.alloc(64 * 1024 * 1024 + 1, 'd')),
    'bencode',
    'offset 67108864: more than the 67108864 bytes allowed',
  )
})

const PIECE = 16384
const LAYER = new Uint8Array(96).map((_, at) => at)
const ROOT = findMerkleRoot({ nodes: LAYER, height: 0 })

function treeFile(length: number, piecesRoot: Uint8Array | null = ROOT) {
  return { file: { path: ['d', 'a'], length, padding: false, attr: '' }, piecesRoot }
}

function layersOf(layer: BencodeValue): BencodeDict {
  return new Map([[Buffer.from(ROOT).toString('latin1'), layer]])
}

/** The states of the files' layers, and what is warned of. */
function read(layers: BencodeValue | undefined, files: ReturnType<typeof treeFile>[]) {
  const warnings = new WarningList()
  const tree = readPieceLayers(files, layers, PIECE, warnings)
  const messages = warnings.toArray().map(({ code, message }) => `${code}: ${message}`)
  return { states: tree.map(({ layerState }) => layerState), messages, tree }
}

test('a layer that leads to the root of each long file is right', () => {
  const { states, messages, tree } = read(layersOf(LAYER), [
    treeFile(2 * PIECE + 1),
    treeFile(3 * PIECE),
  ])
  assert.deepEqual([states, messages], [['ok', 'ok'], []])
  assert.deepEqual(tree[0]?.layer, LAYER)
})

test('files of one piece or none need no layer', () => {
  const { states, messages } = read(undefined, [treeFile(PIECE), treeFile(0, null)])
  assert.deepEqual([states, messages], [['none', 'none'], []])
})

test('without a layer a file can be told of, with a warning', () => {
  for (const layers of [undefined, new Map()]) {
    const { states, messages } = read(layers, [treeFile(3 * PIECE)])
    assert.deepEqual(states, ['missing'])
    assert.deepEqual(messages, ['layer-missing: piece layers of "d/a": is missing'])
  }
})

test('layers that are no dictionary are ignored with a warning', () => {
  const { states, messages } = read([], [treeFile(3 * PIECE), treeFile(PIECE)])
  assert.deepEqual(states, ['missing', 'none'])
  assert.deepEqual(messages, [
    'ignored-value: piece layers: is not a dictionary',
    'layer-missing: piece layers of "d/a": is missing',
  ])
})

test('a layer that leads to another root is warned of', () => {
  const { states, messages } = read(layersOf(wrong), [treeFile(3 * PIECE)])
  assert.deepEqual(states, ['wrong'])
  assert.deepEqual(messages, [
    'layer-wrong: piece layers of "d/a": does not match the pieces root; the torrent is damaged',
  ])
})

const wrong = Uint8Array.from(LAYER)

wrong[95] = 0

const REFUSED: [layers: BencodeValue | undefined, length: number, message: string][] = [
  [new Map([['short', LAYER]]), 0, 'piece layers: has a key that is not 32 bytes long'],
  [
    new Map([['a'.repeat(32), new Uint8Array(33)]]),
    0,
    `piece layers of root ${'61'.repeat(32)}: its length is not a multiple of 32`,
  ],
  [
    layersOf(3),
    3 * PIECE,
    `piece layers of root ${Buffer.from(ROOT).toString('hex')}: is not a string`,
  ],
  [
    layersOf(LAYER),
    3 * PIECE + 1,
    'piece layers of "d/a": is 96 bytes long, not 32 for each of 4 pieces',
  ],
]

for (const [layers, length, message] of REFUSED) {
  test(`refused at ${length} bytes: ${message}`, () => {
    assertRefused(
      () => {
        read(layers, [treeFile(length)])
      },
      'metainfo',
      message,
    )
  })
}

longTest('a layer that a hundred thousand files share is hashed once', () => {
  const layer = new Uint8Array(32 * 1000)
  const root = findMerkleRoot({ nodes: layer, height: 0 })
  const files = Array.from({ length: 100_000 }, () => treeFile(1000 * PIECE, root))
  read(new Map([[Buffer.from(root).toString('latin1'), layer]]), files)
})

const TORRENT = torrentOf(singleFileInfo(), { announce: 'http://t.example/', zz: [1, ['a', {}]] })

test('torrents are recognized, of one file and of several', () => {
  assert.ok(isTorrent(TORRENT))
  assert.ok(isTorrent(torrentOf(directoryInfo([{ path: ['a'], length: 1 }]), {})))
  assert.ok(isTorrent(Buffer.concat([TORRENT, Buffer.from('\r\n')])))
})

test('a v2 torrent is one, and so is one that could not be shown', () => {
  const v2 = Buffer.from('d9:file treede12:meta versioni2e4:name1:a12:piece lengthi1ee')
  assert.ok(isTorrent(buildTorrent(NO_FIELDS, { info: v2, pieceLayers: null })))
  assert.ok(isTorrent(torrentOf(singleFileInfo({ name: '../a' }), {})))
})

for (const [what, text] of Object.entries({
  'an empty file': '',
  'plain text': 'done\n',
  'another dictionary': 'd4:spam4:eggse',
  'an info that is no dictionary': 'd4:info3:abce',
  'an info without pieces': 'd4:infod12:piece lengthi1eee',
  'an info without piece length': 'd4:infod6:pieces0:ee',
  'a list': 'ld4:infod12:piece lengthi1e6:pieces0:eee',
  'a key without a value': 'd4:infod12:piece lengthi1e6:pieces0:e1:ae',
  'what ends early': 'd4:infod12:piece lengthi1e6:pieces0:e',
  'what goes on behind its end': 'd4:infod12:piece lengthi1e6:pieces0:eex',
  'a key that is no string': 'd4:infod12:piece lengthi1e6:pieces0:ei1e1:ae',
})) {
  test(`${what} is no torrent`, () => {
    assert.equal(isTorrent(Buffer.from(text)), false)
  })
}

test('no part of a torrent is one, and no depth is too much', () => {
  for (let length = 0; length < TORRENT.length; length++)
    assert.equal(isTorrent(TORRENT.subarray(0, length)), false, `${length} bytes`)
  const deep = `d1:a${'l'.repeat(1e6)}${'e'.repeat(1e6)}4:infod12:piece lengthi1e6:pieces0:ee`
  assert.equal(isTorrent(Buffer.from(deep)), true)
})

test('a frozen torrent has files and info, and so has each copy of one', () => {
  const torrent = torrentOf(directoryInfo([{ path: ['a'], length: 1 }]), {})
  const whole = parseMetainfo(torrent)
  for (const copy of [{ ...whole }, { ...whole }])
    assert.ok(copy.files === whole.files && copy.info === whole.info)
  const { files, info } = Object.freeze(parseMetainfo(torrent))
  assert.deepEqual(files, [{ path: ['a'], length: 1, padding: false, attr: '' }])
  assert.deepEqual([...info.keys()], ['files', 'name', 'piece length', 'pieces'])
})
