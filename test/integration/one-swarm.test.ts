import assert from 'node:assert/strict'
import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ask } from '../mirror/ask.js'
import { decodeTorrent } from '../support/decode-torrent.js'
import { pseudoRandom } from '../support/pseudo-random.js'
import { runBtkit } from '../support/run-btkit.js'
import { makeScratch } from '../support/scratch.js'
import { serveMirror } from '../support/serve.js'

const MIB = 2 ** 20

/** Bytes around those at which the automatic piece length doubles; sparse where they are many. */
const THRESHOLDS = [4, 16, 64].flatMap((mib) => [-1, 0, 1].map((more) => mib * MIB + more))
const SIZES = [1, 2, 16_383, 16_384, 16_385, 32_767, 32_768, 32_769, 65_537, 300_000, ...THRESHOLDS]

/** Names as mirrors have them, and worse. */
const NAMES = [
  'plain.iso',
  'with space',
  'Größe.iso',
  '日本語.iso',
  'e\u0301 decomposed',
  '100%+a;b?#&=.iso',
  'quote\'"`$(x)',
  '-dash',
  '😀.bin',
  'x'.repeat(240),
]

/** Plants 40 files in a directory and returns their names. */
function plant(root: string): string[] {
  return Array.from({ length: 40 }, (_, i) => {
    const name = `${i}${NAMES[i % NAMES.length] ?? ''}`
    const size = SIZES[i] ?? i * 7
    const path = join(root, name)
    writeFileSync(path, pseudoRandom(Math.min(size, 1000), i))
    truncateSync(path, size)
    return name
  })
}

/** The `info` of a torrent without what is not digests: equal ones have one info hash. */
function infoIn(bytes: Uint8Array): Record<string, unknown> {
  return decodeTorrent(bytes).info
}

for (const [version, query] of [
  [[], ''],
  [['--v2'], '&v2'],
  [['--hybrid'], '&hybrid'],
] as const) {
  test(`40 odd files have one info hash each by makemetafile, completedir and serve ${version.join()}`, async (t) => {
    const root = makeScratch(t)
    const names = plant(root)
    const [made, completed, cache] = [makeScratch(t), makeScratch(t), makeScratch(t)]
    const common = ['http://t.example/announce', '--cache-dir', cache, '--quiet', ...version]
    const now = () => Date.now() + 10_000
    const sources = names.map((name) => join(root, name))
    const make = ['makemetafile', ...sources, '--target', made, ...common]
    assert.deepEqual((await runBtkit(make, { now })).stderr, '')
    const places = [root, '--target', completed, '--state-dir', makeScratch(t)]
    assert.deepEqual((await runBtkit(['completedir', ...places, ...common], { now })).stderr, '')
    const { port } = await serveMirror(t, { root, cacheDir: cache })
    for (const name of names) {
      const wanted = infoIn(readFileSync(join(made, `${name}.torrent`)))
      assert.deepEqual(infoIn(readFileSync(join(completed, `${name}.torrent`))), wanted, name)
      const { body } = await ask(port, `/${encodeURIComponent(name)}?torrent${query}`)
      assert.deepEqual(infoIn(body), wanted, name)
    }
  })
}
