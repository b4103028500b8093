import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { independentInfoHash } from '../support/decode-torrent.js'
import { runProgram } from '../support/programs.js'
import { loadInLibtorrent } from '../support/libtorrent-hashes.js'
import { longTest, quickFirst } from '../support/long.js'
import { unlessInstalled, unlessLibtorrent } from '../support/peers.js'
import { pseudoRandom } from '../support/pseudo-random.js'
import { assertStatus, parseJson, runBtkit } from '../support/run-btkit.js'
import { makeScratch } from '../support/scratch.js'
import { TRACKER } from '../support/torrents.js'

/** Sizes around piece edges, for each piece length that all peers know. */
const GRID = [15, 16, 17, 18, 19, 20].flatMap((pow2) => {
  const piece = 2 ** pow2
  const sizes = [1, piece - 1, piece, piece + 1, 2 * piece - 1, 2 * piece, 2 * piece + 1]
  return sizes.map((size) => ({ pow2, size }))
})

interface Made {
  readonly pow2: number
  readonly size: number
  readonly source: string
  readonly torrent: string
  readonly infoHash: string
}

const directory = makeScratch({ after })
const made: Made[] = []

before(async () => {
  for (const { pow2, size } of GRID) made.push(await makeOne(pow2, size))
})

async function makeOne(pow2: number, size: number): Promise<Made> {
  const source = join(directory, `${pow2}-${size}.bin`)
  writeFileSync(source, pseudoRandom(size, pow2))
  const args = ['makemetafile', source, TRACKER, '--json', '--piece-size-pow2', `${pow2}`]
  const { infoHash, torrent } = parseJson(await runBtkit(args)) as { [key: string]: string }
  return { pow2, size, source, torrent: torrent!, infoHash: infoHash! }
}

const testPieceLength = quickFirst()

for (const pow2 of new Set(GRID.map((entry) => entry.pow2))) {
  const name = `files around the edges of pieces of 2^${pow2} have the info hash that mktorrent gives`

  testPieceLength(name, unlessInstalled('mktorrent'), async () => {
    for (const { source, infoHash, size } of made.filter((entry) => entry.pow2 === pow2)) {
      const output = `${source}.mktorrent`
      await runProgram('mktorrent', ['-l', `${pow2}`, '-a', TRACKER, '-o', output, source])
      assert.equal(infoHash, independentInfoHash(readFileSync(output)), `${size} bytes`)
    }
  })
}

test(
  'files have the info hash that buildtorrent gives',
  unlessInstalled('buildtorrent'),
  async () => {
    for (const { source, infoHash, pow2, size } of made.filter((entry) => entry.pow2 < 18)) {
      const output = `${source}.buildtorrent`
      const args = ['-q', '-L', `${pow2}`, '-a', TRACKER, source, output]
      assertStatus(await runProgram('buildtorrent', args), 0)
      assert.equal(infoHash, independentInfoHash(readFileSync(output)), `${size} in 2^${pow2}`)
    }
  },
)

test('libtorrent loads every torrent, with the same info hash', unlessLibtorrent, () => {
  const loaded = loadInLibtorrent(made.map(({ torrent }) => torrent))
  assert.deepEqual(
    loaded,
    made.map(({ infoHash, size }) => ({ infoHash, size, fileCount: 1 })),
  )
})

longTest('aria2c finds every piece of the content good', unlessInstalled('aria2c'), async () => {
  for (const { torrent } of made.filter((_, i) => i % 8 === 1)) {
    const options = ['--check-integrity', '--hash-check-only', '--enable-dht=false', '-d']
    const { status, stdout } = await runProgram('aria2c', [...options, directory, torrent])
    assert.equal(status, 0, stdout)
  }
})
