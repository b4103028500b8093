import assert from 'node:assert/strict'
import { test } from 'node:test'
import bencode from 'bencode'
import { buildInfo } from '../../../src/metainfo/build/info.js'

test('a list of very many files is encoded as the package bencode does', () => {
  const files = Array.from({ length: 5000 }, (_, i) => ({
    path: [`directory ${i % 7}`, `é${i}`],
    length: i,
  }))
  const pieces = Buffer.alloc(20)
  const built = buildInfo({
    version: 'v1',
    name: 'many',
    isDirectory: true,
    files,
    pieceLength: 16384,
    pieces,
    private: false,
    source: null,
  })
  const expected = { files, name: 'many', 'piece length': 16384, pieces }
  assert.deepEqual(Buffer.from(built), Buffer.from(bencode.encode(expected)))
})

/** The dictionary of a file of version 2. */
const leaf = (length: number) => ({ '': { length } })

test('a file tree is in the order of bytes, in whatever order its files come', () => {
  const paths = ['b', 'a/z', 'a.b', 'a/ü', 'a/\uFF5E', 'é/x', 'a/c/d', 'a/c/e']
  const files = paths.map((path, length) => ({ path: path.split('/'), length }))
  const above = { 'a.b': leaf(2), b: leaf(0), é: { x: leaf(5) } }
  const below = {
    c: { d: leaf(6), e: leaf(7) },
    z: leaf(1),
    '\uFF5E': leaf(4),
    ü: leaf(3),
  }
  const rest = { 'meta version': 2, name: 'n', 'piece length': 16384 }
  const expected = bencode.encode({ 'file tree': { a: below, ...above }, ...rest })
  const parts = { version: 'v2', name: 'n', isDirectory: true, pieceLength: 16384 } as const
  const built = (listed: typeof files) =>
    buildInfo({ ...parts, files: listed, pieces: null, private: false, source: null })
  assert.deepEqual(Buffer.from(built(files)), Buffer.from(expected))
  assert.deepEqual(Buffer.from(built(files.toReversed())), Buffer.from(expected))
  const again = [...files, { path: ['b'], length: 0 }]
  assert.deepEqual(Buffer.from(built(again)), Buffer.from(expected))
  // Without directories, and a name twice
  const few = ['b', 'a', 'a'].map((name) => ({ path: [name], length: 1 }))
  const tree = { a: leaf(1), b: leaf(1) }
  const ofFew = Buffer.from(bencode.encode({ 'file tree': tree, ...rest }))
  assert.deepEqual(Buffer.from(built(few)), ofFew)
  assert.deepEqual(Buffer.from(built(few.toReversed())), ofFew)
})
