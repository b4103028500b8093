import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeBencode } from '../../../src/metainfo/bencode/encode.js'
import { listOf } from '../../../src/metainfo/parse/file-list.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { validateInfo } from '../../../src/metainfo/parse/info.js'
import { countPieces, totalLength } from '../../../src/metainfo/parse/v1-files.js'
import { WarningList } from '../../../src/metainfo/warning.js'
import {
  type PlainDict,
  bencodableDict,
  digestsFor,
  encodedDict,
  directoryInfo,
  singleFileInfo,
} from '../../support/torrents.js'
import { assertRefused } from '../refusal.js'

const ROOT = new Uint8Array(32).fill(1)

/** With the keys in order, however they are written here. */
function validate(info: PlainDict) {
  const top = encodedDict({ info })
  const { fileList, ...content } = validateInfo(top, encodedDict(info), true, new WarningList())
  return { ...content, files: [...fileList] }
}

function leaf(length: number): PlainDict {
  return { '': { length, 'pieces root': length === 0 ? undefined : ROOT } }
}

function v2Info(tree: PlainDict, changes: PlainDict = {}): PlainDict {
  return { 'file tree': tree, 'meta version': 2, name: 'n', 'piece length': 16384, ...changes }
}

test('a v1 directory is described', () => {
  const files = [
    { length: 16384, path: ['a'] },
    { length: 2, path: ['b', 'c'] },
  ]
  const content = validate(directoryInfo(files))
  assert.deepEqual(content, {
    version: 'v1',
    name: 'dir',
    isDirectory: true,
    pieceLength: 16384,
    pieceCount: 2,
    size: 16386,
    files: files.map((file) => ({ ...file, padding: false, attr: '' })),
    tree: null,
    pieces: digestsFor(16386),
  })
})

test('in v2 each file fills pieces of its own', () => {
  const content = validate(v2Info({ a: leaf(5), b: leaf(7), c: leaf(0) }))
  assert.equal(content.version, 'v2')
  assert.equal(content.pieces, null)
  assert.equal(content.size, 12)
  assert.equal(content.pieceCount, 2)
})

test('a v2 tree is a single file when that is called like the torrent', () => {
  assert.equal(validate(v2Info({ n: leaf(5) })).isDirectory, false)
  assert.equal(validate(v2Info({ other: leaf(5) })).isDirectory, true)
  assert.equal(validate(v2Info({ n: { n: leaf(5) } })).isDirectory, true)
  assert.equal(validate(v2Info({ n: leaf(5), o: leaf(5) })).isDirectory, true)
})

test('any positive piece length does for v1', () => {
  const info = singleFileInfo({ 'piece length': 3, pieces: new Uint8Array(40) })
  assert.equal(validate(info).pieceCount, 2)
})

test('name.utf-8 counts before name, unless the name is unsafe', () => {
  for (const name of ['e', Buffer.from('\xe9', 'latin1')]) {
    assert.equal(validate(singleFileInfo({ name, 'name.utf-8': 'é' })).name, 'é')
  }
  assert.equal(validate(singleFileInfo({ name: undefined, 'name.utf-8': 'é' })).name, 'é')
  assert.equal(validate(singleFileInfo({ name: 'e', 'name.utf-8': '' })).name, 'e')
  assert.equal(validate(singleFileInfo({ name: '..', 'name.utf-8': 'é' })).name, '..')
})

test('a hybrid is as v1 has it, if v2 agrees', () => {
  const hybrid = { ...v2Info({ 'a.txt': leaf(5) }), ...singleFileInfo() }
  const content = validate(hybrid)
  assert.equal(content.version, 'hybrid')
  assert.equal(content.isDirectory, false)
  assert.deepEqual(content.pieces, digestsFor(5))
})

/** As of BitComet, without an attribute. */
const HUGE_PAD = { length: 2 ** 41, path: ['_____padding_file_0_'] }
const HUGE = { length: 2 ** 53 - 1, path: ['a'] }

const REFUSED: [info: PlainDict, message: string][] = [
  [singleFileInfo({ name: undefined }), 'info.name: is missing'],
  [singleFileInfo({ name: 5 }), 'info.name: is not a string'],
  [singleFileInfo({ 'piece length': undefined }), 'info.piece length: is missing'],
  [singleFileInfo({ 'piece length': '1' }), 'info.piece length: is not an integer'],
  [singleFileInfo({ 'piece length': 0 }), 'info.piece length: is 0'],
  [singleFileInfo({ 'piece length': -1 }), 'info.piece length: is negative'],
  [singleFileInfo({ 'piece length': 2n ** 53n }), 'info.piece length: is too large'],
  [singleFileInfo({ pieces: undefined }), 'info.pieces: is missing'],
  [singleFileInfo({ pieces: [] }), 'info.pieces: is not a string'],
  [
    singleFileInfo({ pieces: new Uint8Array(21) }),
    'info.pieces: its length is not a multiple of 20',
  ],
  [singleFileInfo({ length: 16385 }), 'info.pieces: has 1 piece, but the content fills 2'],
  [singleFileInfo({ length: 0 }), 'info.pieces: has 1 piece, but the content fills 0'],
  [singleFileInfo({ length: undefined }), 'info: has neither length nor files'],
  [
    singleFileInfo({ length: undefined, files: [HUGE, HUGE] }),
    'info: the files are too large together',
  ],
  [
    singleFileInfo({ 'piece length': 2 ** 50, length: 2 ** 49, attr: 'p' }),
    'info: a pad file is longer than the longest piece, 1 GiB',
  ],
  [
    singleFileInfo({ length: undefined, files: [{ length: 5, path: ['a'] }, HUGE_PAD] }),
    'info: a pad file is longer than the longest piece, 1 GiB',
  ],
  [singleFileInfo({ 'meta version': 3 }), 'info.meta version: only version 2 is known'],
  [singleFileInfo({ 'meta version': 2 }), 'info.file tree: is missing'],
  [singleFileInfo({ 'file tree': {} }), 'info.meta version: is not 2, though there is a file tree'],
  [
    v2Info({ a: leaf(5) }, singleFileInfo()),
    'info: v1 and v2 disagree: "a.txt" stands where the file tree has "a"',
  ],
  [v2Info({ a: leaf(5) }, { pieces: digestsFor(5) }), 'info: has neither length nor files'],
]

for (const pieceLength of [1, 8192, 16383, 24576, 2 ** 31, 2 ** 52 + 1]) {
  REFUSED.push([
    v2Info({ a: leaf(1) }, { 'piece length': pieceLength }),
    'info.piece length: is not a power of two from 16 KiB to 1 GiB, as version 2 needs',
  ])
}

for (const [info, message] of REFUSED) {
  test(`refused: ${message}`, () => {
    assertRefused(() => validate(info), 'metainfo', message)
  })
}

test('a v2 piece length may be any power of two from 16 KiB to 1 GiB', () => {
  for (const pieceLength of [2 ** 14, 2 ** 20, 2 ** 30]) {
    const info = v2Info({ a: leaf(1) }, { 'piece length': pieceLength })
    assert.equal(validate(info).pieceLength, pieceLength)
  }
})

test('in v2 all keys must stand in byte order, as that is the order of the files', () => {
  const top = bencodableDict({ info: v2Info({ a: leaf(5) }) })
  const ordered = Buffer.from(encodeBencode(top)).toString('latin1')
  const [file = ''] = /1:ad0:.*?ee/s.exec(ordered) ?? []
  for (const [from, to, place] of [
    [file, file.replace('1:a', '1:b') + file, 'file tree'],
    ['i16384e', 'i16384e1:xld1:bi0e1:ai0eee', 'x'],
  ] as const) {
    const unordered = Buffer.from(
      ordered.replace(from, () => to),
      'latin1',
    )
    assertRefused(
      () => parseMetainfo(unordered),
      'metainfo',
      `info.${place}: "a" stands behind "b", but version 2 needs byte order`,
    )
  }
})

function filesOf(...lengths: number[]) {
  return lengths.map((length) => ({ path: ['a'], length, padding: false, attr: '' }))
}

test('pieces are counted exactly where a quotient would be rounded', () => {
  assert.equal(countPieces(2 ** 53 - 1, 2 ** 52), 2)
  assert.equal(countPieces(2 ** 53 - 1, 2), 2 ** 52)
  assert.equal(countPieces(2 ** 53 - 2, 2), 2 ** 52 - 1)
  assert.equal(countPieces(9007199254740991, 9007199254740990), 2)
})

test('lengths are added up to 2^53 - 1 and no further', () => {
  assert.equal(totalLength(listOf([])), 0)
  assert.equal(totalLength(listOf(filesOf(2 ** 53 - 2, 1))), 2 ** 53 - 1)
  assertRefused(
    () => totalLength(listOf(filesOf(2 ** 53 - 1, 1))),
    'metainfo',
    'info: the files are too large together',
  )
})
