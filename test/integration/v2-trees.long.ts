import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { encodedValue } from '../../src/metainfo/edit/splice-torrent.js'
import { parseMetainfo } from '../../src/metainfo/parse/metainfo.js'
import { unlessLibtorrent, libtorrentPython } from '../support/peers.js'
import { pseudoRandom } from '../support/pseudo-random.js'
import { assertStatus, jsonLines, parseJson, runBtkit } from '../support/run-btkit.js'
import { makeScratch, plantFiles, type Files } from '../support/scratch.js'
import { spawnSync } from 'node:child_process'
import type { MetainfoVersion } from '../../src/metainfo/metainfo.js'
import type { InfoHashes } from '../../src/metainfo/values.js'
import { projectRoot } from '../support/programs.js'

const BLOCK = 16 * 1024
const VERSIONS = ['v2', 'hybrid'] as const

/** Files around the edges of blocks and of pieces of 2^15 to 2^17 bytes. */
const EDGES: Files = Object.fromEntries(
  [0, 1, BLOCK, 2 * BLOCK, 3 * BLOCK, 4 * BLOCK, 5 * BLOCK, 8 * BLOCK, 11 * BLOCK].flatMap((size) =>
    [-1, 0, 1].flatMap((more) =>
      size + more < 0 ? [] : [[`${size + more}`, pseudoRandom(size + more, size + more)]],
    ),
  ),
)

const TREES: Record<string, Files> = {
  'files of all lengths around the edges of blocks': EDGES,
  'empty files before, between and after others': {
    a: '',
    b: pseudoRandom(BLOCK + 1, 1),
    c: '',
    d: '',
    e: 'x',
    f: '',
  },
  'a large file beside many small ones': {
    ...Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`${i % 9}/${i}`, `${i}`])),
    large: pseudoRandom(5 * 1024 * 1024 + 5, 2),
  },
  'files of the same content': {
    a: pseudoRandom(5 * BLOCK, 3),
    b: pseudoRandom(5 * BLOCK, 3),
    c: 'same',
    d: 'same',
  },
  'names whose order is not that of their texts': {
    'a.b': '1',
    'a/b': '2',
    a0: '3',
    'é/日本語': '4',
    Ω: '5',
    '😀': '6',
    '\ue000': '7',
    'e\u0301': '8',
    'B/b': '9',
  },
  'deep directories': { [Array.from({ length: 60 }, (_, i) => `d${i}`).join('/')]: 'x', z: 'y' },
  'a directory with one file': { only: pseudoRandom(3 * BLOCK, 4) },
}

/** Trees of random shapes, the same in every run. */
function randomTree(seed: number): Files {
  const random = pseudoRandom(400, seed)
  const edges = [0, 1, BLOCK, 2 ** 15, 2 ** 16, 2 ** 18]
  return Object.fromEntries(
    Array.from({ length: 2 + (random[0]! % 20) }, (_, i) => {
      const at = 4 * i
      const edge = edges[random[at]! % edges.length]!
      const size = Math.max(0, edge * (1 + (random[at + 1]! % 3)) + (random[at + 2]! % 5) - 2)
      const depth = random[at + 3]! % 4
      const path = [...Array.from({ length: depth }, (_, d) => `d${random[at + d]! % 3}`), `f${i}`]
      return [path.join('/'), pseudoRandom(size, seed * 1000 + i)]
    }),
  )
}

/**
 * Makes the torrent of `source` with btkit and with libtorrent, and holds one against the other.
 */
async function assertAlike(
  source: string,
  pow2: number,
  version: (typeof VERSIONS)[number],
): Promise<void> {
  const torrent = `${source}-${version}-${pow2}`
  const args = ['makemetafile', source, '--trackerless', '--json', '--no-cache', `--${version}`]
  const run = assertStatus(await runBtkit([...args, '-l', `${pow2}`, '-o', torrent]), 0)
  const { infoHash, infoHashV2 } = parseJson(run)
  const reference = `${torrent}-libtorrent`
  const wanted = { source, pieceLength: 2 ** pow2, version, torrent: reference }
  const what = `${version} 2^${pow2}`
  assert.deepEqual([{ infoHash, infoHashV2 }], makeWithLibtorrent([wanted]), what)
  assert.deepEqual(layersOf(torrent), layersOf(reference), what)
  assert.deepEqual(parseMetainfo(readFileSync(torrent)).warnings, [], what)
}

/** The piece layers as they are encoded. */
function layersOf(torrent: string): Buffer {
  const layers = encodedValue(parseMetainfo(readFileSync(torrent)), 'piece layers')
  assert.ok(layers, `${torrent} has no piece layers`)
  return Buffer.from(layers)
}

function plant(t: TestContext, files: Files): string {
  const source = join(makeScratch(t), 'tree')
  plantFiles(source, files)
  return source
}

for (const [what, files] of Object.entries(TREES)) {
  test(`${what}: hashes and layers are libtorrent's`, unlessLibtorrent, async (t) => {
    const source = plant(t, files)
    for (const version of VERSIONS) {
      for (const pow2 of [14, 15, 17]) await assertAlike(source, pow2, version)
    }
  })
}

test("random trees: hashes and layers are libtorrent's", unlessLibtorrent, async (t) => {
  for (let seed = 1; seed <= 12; seed++) {
    const source = plant(t, randomTree(seed))
    for (const version of VERSIONS) await assertAlike(source, 14 + (seed % 6), version)
  }
})

test("a file of any length: hashes and layers are libtorrent's", unlessLibtorrent, async (t) => {
  for (const [i, content] of Object.values(EDGES).entries()) {
    if (content.length === 0) continue
    const source = join(makeScratch(t, { file: content }), 'file')
    for (const version of VERSIONS) await assertAlike(source, 14 + (i % 4), version)
  }
})

test("every piece length: hashes and layers are libtorrent's", unlessLibtorrent, async (t) => {
  const source = join(makeScratch(t, { file: pseudoRandom(2 ** 21 + 1) }), 'file')
  for (let pow2 = 14; pow2 <= 27; pow2++) {
    for (const version of VERSIONS) await assertAlike(source, pow2, version)
  }
})

/** A torrent for libtorrent to make. */
interface WantedTorrent {
  /** The absolute path of a file or directory. */
  readonly source: string
  readonly pieceLength: number
  readonly version: MetainfoVersion
  /** Where the torrent goes. */
  readonly torrent: string
}

/** Makes torrents with libtorrent's creator, and returns their info hashes. */
function makeWithLibtorrent(wanted: readonly WantedTorrent[]): InfoHashes[] {
  const script = join(projectRoot, 'test/support/libtorrent-make.py')
  const options = { input: JSON.stringify(wanted), encoding: 'utf8' as const }
  const { status, stdout, stderr } = spawnSync(libtorrentPython!, [script], options)
  if (status !== 0) throw new Error(stderr)
  return jsonLines<InfoHashes>(stdout)
}
