import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { infoHashesOf, infoHashOf } from '../../../src/metainfo/info-hashes.js'
import { buildInfo, type InfoParts } from '../../../src/metainfo/build/info.js'

const PARTS: InfoParts = {
  version: 'v1',
  name: 'a.iso',
  isDirectory: false,
  files: [{ path: ['a.iso'], length: 5 }],
  pieceLength: 16384,
  pieces: Buffer.from('01234567890123456789'),
  private: false,
  source: null,
}

const ROOT = Buffer.alloc(32, 'r')

function infoText(changes: Partial<InfoParts>): string {
  return Buffer.from(buildInfo({ ...PARTS, ...changes })).toString()
}

const TAIL = '12:piece lengthi16384e6:pieces20:01234567890123456789'

test('the info of a file has its keys in order and nothing else', () => {
  assert.equal(infoText({}), `d6:lengthi5e4:name5:a.iso${TAIL}e`)
})

test('the info of a directory lists its files in the order given', () => {
  const listed = [
    { path: ['z', 'b'], length: 5 },
    { path: ['a'], length: 0 },
  ]
  const files = '5:filesld6:lengthi5e4:pathl1:z1:beed6:lengthi0e4:pathl1:aeee'
  assert.equal(infoText({ isDirectory: true, files: listed }), `d${files}4:name5:a.iso${TAIL}e`)
})

test('private and source are there only when set', () => {
  const end = '7:privatei1e6:source1:Xe'
  assert.equal(infoText({ private: true, source: 'X' }), `d6:lengthi5e4:name5:a.iso${TAIL}${end}`)
})

test('text is UTF-8, and its length that in bytes', () => {
  const files = [{ path: ['日本'], length: 1 }]
  const text = infoText({ name: 'é', source: '€', isDirectory: true, files })
  assert.ok(text.includes('4:name2:é'), text)
  assert.ok(text.includes('4:pathl6:日本e'), text)
  assert.ok(text.includes('6:source3:€'), text)
})

test('lengths beyond 2^32 are written out', () => {
  assert.ok(
    infoText({ files: [{ path: ['a.iso'], length: 2 ** 53 - 1 }] }).includes(
      '6:lengthi9007199254740991e',
    ),
  )
})

test('attributes stand with each file of a list, and with a single file in info', () => {
  const files = [{ path: ['run'], length: 5, attr: 'x' }]
  assert.ok(infoText({ files }).startsWith('d4:attr1:x6:lengthi5e4:name'))
  assert.ok(infoText({ isDirectory: true, files }).includes('ld4:attr1:x6:lengthi5e4:path'))
})

test('v2 has a tree of the files in the order of their bytes, and no list', () => {
  const files = [
    { path: ['b', 'é'], length: 7, piecesRoot: ROOT },
    { path: ['b', 'z'], length: 0 },
    { path: ['a'], length: 1, piecesRoot: ROOT, attr: 'x' },
  ]
  const root = `11:pieces root32:${'r'.repeat(32)}`
  const a = `1:ad0:d4:attr1:x6:lengthi1e${root}ee`
  const b = `1:bd1:zd0:d6:lengthi0eee2:éd0:d6:lengthi7e${root}eee`
  assert.equal(
    infoText({ version: 'v2', isDirectory: true, files, pieces: null }),
    `d9:file treed${a}${b}e12:meta versioni2e4:name5:a.iso12:piece lengthi16384ee`,
  )
})

test('a single file stands in the tree under the name of the torrent', () => {
  const files = [{ path: ['on-disk.iso'], length: 5, piecesRoot: ROOT }]
  const tree = `9:file treed5:a.isod0:d6:lengthi5e11:pieces root32:${'r'.repeat(32)}eee`
  assert.equal(
    infoText({ version: 'v2', files, pieces: null }),
    `d${tree}12:meta versioni2e4:name5:a.iso12:piece lengthi16384ee`,
  )
  assert.equal(
    infoText({ version: 'hybrid', files }),
    `d${tree}6:lengthi5e12:meta versioni2e4:name5:a.iso${TAIL}e`,
  )
})

test('pad files are in the list of a hybrid, and not in its tree', () => {
  const files = [
    { path: ['a'], length: 1, piecesRoot: ROOT },
    { path: ['.pad', '16383'], length: 16383, attr: 'p' },
    { path: ['b'], length: 1, piecesRoot: ROOT },
  ]
  const text = infoText({ version: 'hybrid', isDirectory: true, files })
  assert.ok(text.includes('d4:attr1:p6:lengthi16383e4:pathl4:.pad5:16383ee'), text)
  const tree = text.slice(0, text.indexOf('5:files'))
  assert.ok(tree.includes('1:bd0:') && !tree.includes('.pad'), tree)
})

test('each version has the info hashes of its kind', () => {
  const info = buildInfo(PARTS)
  const [v1, v2] = ['sha1', 'sha256'].map((name) => createHash(name).update(info).digest('hex'))
  assert.deepEqual(infoHashesOf(info, 'v1'), { infoHash: v1, infoHashV2: null })
  assert.deepEqual(infoHashesOf(info, 'v2'), { infoHash: null, infoHashV2: v2 })
  assert.deepEqual(infoHashesOf(info, 'hybrid'), { infoHash: v1, infoHashV2: v2 })
})

test('the info hash is the SHA-1 of the info', () => {
  const info = buildInfo(PARTS)
  assert.equal(infoHashOf(info), createHash('sha1').update(info).digest('hex'))
  assert.match(infoHashOf(info), /^[0-9a-f]{40}$/)
})

test('a symbolic link says where it leads, on both sides of a hybrid', () => {
  const files = [{ path: ['l'], length: 0, attr: 'l', symlinkPath: ['a', 'b'] }]
  const text = infoText({ version: 'hybrid', isDirectory: true, files })
  const target = '12:symlink pathl1:a1:be'
  assert.ok(text.startsWith(`d9:file treed1:ld0:d4:attr1:l${target}eee`), text)
  assert.ok(text.includes(`5:filesld4:attr1:l6:lengthi0e4:pathl1:le${target}ee`), text)
})

test('other keys stand among its own, sorted, and replace none', () => {
  const extraKeys = new Map([
    ['name', 1],
    ['zed', 2],
    ['entropy', 3],
  ])
  const text = infoText({ extraKeys })
  assert.equal(text, `d7:entropyi3e6:lengthi5e4:name5:a.iso${TAIL}3:zedi2ee`)
})
