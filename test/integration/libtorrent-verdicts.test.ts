import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BencodeDict } from '../../src/metainfo/bencode/value.js'
import { BtkitError } from '../../src/base/errors.js'
import { parseMetainfo } from '../../src/metainfo/parse/metainfo.js'
import { libtorrentVerdicts, type Verdict } from '../support/libtorrent-verdicts.js'
import { unlessLibtorrent } from '../support/peers.js'
import { directoryInfo, editedGolden, torrentOf } from '../support/torrents.js'

/** Edits a v2 torrent that libtorrent made: its top-level dictionary, file tree and layers. */
function edited(
  edit: (parts: { top: BencodeDict; tree: BencodeDict; layers: Map<string, Uint8Array> }) => void,
): Uint8Array {
  return editedGolden('v2-directory.torrent', (top, info) => {
    const tree = info.get('file tree') as BencodeDict
    edit({ top, tree, layers: top.get('piece layers') as Map<string, Uint8Array> })
  })
}

/** Returns the entry of a file tree for a file at its top, by name. */
function leafOf(tree: BencodeDict, name: string): BencodeDict {
  return (tree.get(Buffer.from(name).toString('latin1')) as BencodeDict).get('') as BencodeDict
}

/** Torrents that break a rule on which readers could differ, and whether they are accepted. */
const CASES: [what: string, torrent: Uint8Array, isAccepted: boolean][] = [
  ['no piece layers', edited(({ top }) => top.delete('piece layers')), true],
  ['a layer that is missing', edited(({ layers }) => layers.delete([...layers.keys()][0]!)), true],
  [
    'a layer that leads to another root',
    edited(({ layers }) => {
      layers.forEach((layer) => layer.fill(0, 0, 1))
    }),
    true,
  ],
  [
    'a layer that is too long',
    edited(({ layers }) => {
      for (const [root, layer] of layers) layers.set(root, Buffer.concat([layer, layer]))
    }),
    false,
  ],
  [
    'a pad file without a path',
    torrentOf(directoryInfo([{ length: 9, path: ['a'] }, bencodePad()])),
    true,
  ],
  [
    'a pad file in a file tree',
    edited(({ tree }) => leafOf(tree, 'ünï.txt').set('attr', Buffer.from('p'))),
    false,
  ],
  [
    'a root of zeros',
    edited(({ tree }) => leafOf(tree, 'ünï.txt').set('pieces root', new Uint8Array(32))),
    false,
  ],
  ['a file tree out of order', unordered(), false],
]

function bencodePad() {
  return { length: 7, attr: 'p' } as unknown as { length: number; path: string[] }
}

/** Two names are changed in the encoded tree, so that they keep their places. */
function unordered(): Uint8Array {
  const text = Buffer.from(edited(() => undefined)).toString('latin1')
  return Buffer.from(text.replace('5:empty', '5:aaaaa'), 'latin1')
}

function verdictOf(torrent: Uint8Array): Verdict {
  try {
    const { infoHash, infoHashV2 } = parseMetainfo(torrent)
    return [infoHash, infoHashV2]
  } catch (error) {
    if (!(error instanceof BtkitError)) throw error
    return error.message
  }
}

for (const [what, torrent, isAccepted] of CASES) {
  test(
    `${what} is ${isAccepted ? 'accepted' : 'refused'}, as by libtorrent`,
    unlessLibtorrent,
    () => {
      const ours = verdictOf(torrent)
      const [theirs] = libtorrentVerdicts([torrent])
      assert.equal(Array.isArray(ours), isAccepted, String(ours))
      assert.equal(Array.isArray(theirs), isAccepted, String(theirs))
      if (isAccepted) assert.deepEqual(ours, theirs)
    },
  )
}

test('a torrent of no bytes is read, where libtorrent refuses it', unlessLibtorrent, () => {
  const torrent = torrentOf({ length: 0, name: 'a', 'piece length': 16384, pieces: '' })
  assert.ok(Array.isArray(verdictOf(torrent)))
  assert.deepEqual(libtorrentVerdicts([torrent]), ['invalid length of torrent'])
})
