import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changedFiles } from '../../src/metainfo/compare-swarms.js'
import { parseMetainfo } from '../../src/metainfo/parse/metainfo.js'
import { directoryInfo, type ListedFile, torrentOf } from '../support/torrents.js'

const PIECE = 16_384
const OLD = { a: PIECE, b: PIECE, c: PIECE }

/** A torrent of files of these lengths, each of a piece; `other` begins another digest for it. */
function torrentWith(lengths: Readonly<Record<string, number>>, other?: string) {
  const names = Object.keys(lengths)
  const files = names.map((name): ListedFile => ({ length: lengths[name] ?? 0, path: [name] }))
  const pieces = Buffer.concat(names.map((name) => Buffer.alloc(20, name === other ? 'x' : name)))
  return parseMetainfo(torrentOf(directoryInfo(files, { pieces })))
}

for (const [what, now, changes] of [
  ['nothing', torrentWith(OLD), []],
  ['the bytes of a file', torrentWith(OLD, 'b'), [{ path: 'b', old: PIECE, now: PIECE }]],
  [
    'the length of the last file',
    torrentWith({ ...OLD, c: 5 }),
    [{ path: 'c', old: PIECE, now: 5 }],
  ],
  ['a new file', torrentWith({ ...OLD, d: 5 }), [{ path: 'd', old: null, now: 5 }]],
  [
    'a file that is gone',
    torrentWith({ a: PIECE, b: PIECE }),
    [{ path: 'c', old: PIECE, now: null }],
  ],
] as const) {
  test(`between two torrents, ${what} has changed`, () => {
    assert.deepEqual(changedFiles(torrentWith(OLD), now), changes)
  })
}
