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
