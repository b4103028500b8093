import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readFileTree } from '../../../src/metainfo/parse/file-tree.js'
import { WarningList } from '../../../src/metainfo/warning.js'
import { bencodableDict, type Plain, type PlainDict } from '../../support/torrents.js'
import { assertRefused } from '../refusal.js'

const ROOT = new Uint8Array(32).fill(1)

function read(tree: Plain | undefined, warnings = new WarningList()) {
  return readFileTree(bencodableDict({ 'file tree': tree }), warnings)
}

function leaf(changes: PlainDict = {}): PlainDict {
  return { '': { length: 5, 'pieces root': ROOT, ...changes } }
}

test('files are read in the order of the tree, with their roots', () => {
  const tree = { b: leaf({ attr: 'x' }), a: { ü: leaf(), d: { e: { '': { length: 0 } } } } }
  assert.deepEqual(read(tree), [
    { file: { path: ['b'], length: 5, padding: false, attr: 'x' }, piecesRoot: ROOT },
    { file: { path: ['a', 'ü'], length: 5, padding: false, attr: '' }, piecesRoot: ROOT },
    { file: { path: ['a', 'd', 'e'], length: 0, padding: false, attr: '' }, piecesRoot: null },
  ])
})

test('a pieces root of an empty file is ignored with a warning', () => {
  for (const root of [new Uint8Array(32), ROOT, 'x', 1]) {
    const warnings = new WarningList()
    const [file] = read({ a: leaf({ length: 0, 'pieces root': root }) }, warnings)
    assert.equal(file?.piecesRoot, null)
    const message = 'info.file tree "a" pieces root: an empty file has none'
    assert.deepEqual(warnings.toArray(), [{ code: 'ignored-value', message }])
  }
})

test('a symbolic link needs no length', () => {
  const [link] = read({ a: { '': { attr: 'l', 'symlink path': ['b'] } } })
  const said = { path: ['a'], length: 0, padding: false, attr: 'l', symlinkPath: ['b'] }
  assert.deepEqual(link?.file, said)
})

test('a name that is not UTF-8 is warned of', () => {
  const warnings = new WarningList()
  const tree = new Map([['\xe9', new Map([['', new Map([['length', 0]])]])]])
  const [first] = readFileTree(new Map([['file tree', tree]]), warnings)
  assert.deepEqual(first?.file.path, ['\ufffd'])
  assert.equal(warnings.toArray()[0]?.message, 'info.file tree: not UTF-8, read as "\ufffd"')
})

const REFUSED: [tree: Plain | undefined, message: string][] = [
  [undefined, 'info.file tree: is missing'],
  [[], 'info.file tree: is not a dictionary'],
  [{}, 'info.file tree: has no files'],
  [{ a: { b: {} } }, 'info.file tree: has no files'],
  [leaf(), 'info.file tree: has a file without a name'],
  [{ a: 1 }, 'info.file tree "a": is not a dictionary'],
  [{ a: { '': 1 } }, 'info.file tree "a": is not a dictionary'],
  [{ a: { ...leaf(), b: leaf() } }, 'info.file tree "a": is both a file and a directory'],
  [{ a: { b: { '': {} } } }, 'info.file tree "a/b" length: is missing'],
  [{ a: leaf({ length: -1 }) }, 'info.file tree "a" length: is negative'],
  [{ a: leaf({ length: 2n ** 60n }) }, 'info.file tree "a" length: is too large'],
  [{ a: leaf({ length: 'x' }) }, 'info.file tree "a" length: is not an integer'],
  [{ a: leaf({ 'pieces root': undefined }) }, 'info.file tree "a" pieces root: is missing'],
  [{ a: leaf({ 'pieces root': 1 }) }, 'info.file tree "a" pieces root: is not a string'],
  [{ a: leaf({ 'pieces root': 'x' }) }, 'info.file tree "a" pieces root: is not 32 bytes long'],
  [
    { a: leaf({ 'pieces root': new Uint8Array(32) }) },
    'info.file tree "a" pieces root: is all zeros',
  ],
  [{ a: leaf({ attr: 'xp' }) }, 'info.file tree "a": is a pad file, which version 2 has not'],
  [{ 'a\n': 1 }, 'info.file tree "a\\n": is not a dictionary'],
]

for (const [tree, message] of REFUSED) {
  test(`refused: ${message}`, () => {
    assertRefused(() => read(tree), 'metainfo', message)
  })
}

test('a long directory name of many files is refused before their paths fill the memory', () => {
  const empty = new Map([['', new Map([['length', 0]])]])
  const files = new Map(Array.from({ length: 300 }, (_, at) => [String(at), empty]))
  const tree = new Map([['x'.repeat(1024 * 1024), files]])
  assertRefused(
    () => readFileTree(new Map([['file tree', tree]]), new WarningList()),
    'metainfo',
    'info.file tree: its paths are too long together',
  )
})
