import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { loadInLibtorrent } from '../support/libtorrent-hashes.js'
import { libtorrentPython, unlessLibtorrent } from '../support/peers.js'
import { pseudoRandom } from '../support/pseudo-random.js'
import { parseJson, runBtkit } from '../support/run-btkit.js'
import { makeScratch } from '../support/scratch.js'

/**
 * Prints the info hash of a v1 torrent with attributes and libtorrent's pad files, except the last.
 */
const MAKE = `
import hashlib, os, sys, libtorrent
tree, piece_length = sys.argv[1], int(sys.argv[2])
create = libtorrent.create_torrent
flags = create.v1_only | create.canonical_files_no_tail_padding
files = libtorrent.file_storage()
libtorrent.add_files(files, tree, flags=flags)
torrent = create(files, piece_length, flags)
libtorrent.set_piece_hashes(torrent, os.path.dirname(tree))
info = torrent.generate()[b"info"]
print(hashlib.sha1(libtorrent.bencode(info)).hexdigest())
`

const P = 2 ** 14

for (const [what, files] of [
  ['files around the edges of pieces', { a: P - 1, b: P, c: P + 1, d: 3 * P, e: 5 }],
  ['empty files between and at the end', { a: '', b: 5, c: '', 'd/e': P + 1, 'd/f': '', z: '' }],
  ['files in directories', { 'a/b/c': 3 * P + 7, 'a/d': 1, 'b!': 2, 'b/c': 3 }],
] as const) {
  test(`pad files of ${what}: the info hash is libtorrent's`, unlessLibtorrent, async (t) => {
    const planted = Object.entries(files).map(([path, size], i) => {
      return [`tree/${path}`, size === '' ? '' : pseudoRandom(size, i)] as const
    })
    const directory = makeScratch(t, Object.fromEntries(planted))
    const tree = join(directory, 'tree')
    chmodSync(join(directory, planted[1]![0]), 0o755)
    const command = ['makemetafile', tree, 'http://t.example/', '--json', '-l', '14']
    const made = parseJson(await runBtkit([...command, '--pad-files', '--attributes']))
    const theirs = spawnSync(libtorrentPython!, ['-c', MAKE, tree, String(P)], { encoding: 'utf8' })
    assert.equal(made['infoHash'], theirs.stdout.trim(), theirs.stderr)
    const [loaded] = loadInLibtorrent([String(made['torrent'])])
    assert.equal(loaded?.infoHash, made['infoHash'])
  })
}
