import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changedFiles, swarmDifferences } from '../../src/metainfo/compare-swarms.js'
import { parseMetainfo } from '../../src/metainfo/parse/metainfo.js'
import {
  directoryInfo,
  goldenTorrent,
  type ListedFile,
  singleFileInfo,
  torrentOf,
} from '../support/torrents.js'

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

const inFile = (info: object) => parseMetainfo(torrentOf(singleFileInfo({ ...info })))

for (const [what, one, other, first, second] of [
  ['size', inFile({}), inFile({ length: 1 }), '5 bytes', '1 byte'],
  ['kind', inFile({ name: 'dir' }), torrentWith({ a: PIECE }), 'single file', 'directory'],
  ['version', inFile({}), parseMetainfo(goldenTorrent('v2-single.torrent')), 'v1', 'v2'],
  [
    'files',
    torrentWith({ a: PIECE, b: PIECE }),
    torrentWith({ a: PIECE, c: PIECE, d: PIECE }),
    '2 files, with b',
    '3 files, with c',
  ],
  [
    'order',
    torrentWith({ a: PIECE, b: PIECE }),
    torrentWith({ b: PIECE, a: PIECE }),
    'file 1 is a',
    'file 1 is b',
  ],
  ['size', torrentWith(OLD), torrentWith({ ...OLD, c: 5 }), 'c: 16384 bytes', 'c: 5 bytes'],
] as const) {
  test(`two torrents are told to differ by ${what}: ${first}, ${second}`, () => {
    const found = swarmDifferences(one, other).filter((each) => each.what === what)
    assert.deepEqual(found, [{ what, first, second }])
  })
}

test('torrents that differ by their content alone have their info hashes told', () => {
  const [one, other] = [torrentWith(OLD), torrentWith(OLD, 'b')]
  assert.deepEqual(swarmDifferences(one, other), [
    { what: 'content', first: one.infoHash, second: other.infoHash },
  ])
})
