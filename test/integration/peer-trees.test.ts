import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { independentInfoHash } from '../support/decode-torrent.js'
import { runProgram } from '../support/programs.js'
import { loadInLibtorrent } from '../support/libtorrent-hashes.js'
import { quickFirst } from '../support/long.js'
import { unlessInstalled, unlessLibtorrent } from '../support/peers.js'
import { pseudoRandom } from '../support/pseudo-random.js'
import { parseJson, runBtkit } from '../support/run-btkit.js'
import { makeScratch, type Files } from '../support/scratch.js'
import { TRACKER } from '../support/torrents.js'

const PIECE = 2 ** 15

/**
 * Trees in which a path and a file beside it never part at a character below the slash: there
 * mktorrent's order, by whole paths, is not that by components.
 */
const TREES: Record<string, Files> = {
  'a single file': { only: 'x' },
  'files without a byte among others': { a: '', b: pseudoRandom(PIECE, 1), c: '', 'd/e': '' },
  'files that end around the edges of pieces': {
    a: pseudoRandom(PIECE - 1, 1),
    b: pseudoRandom(1, 2),
    c: pseudoRandom(PIECE + 1, 3),
    d: pseudoRandom(3 * PIECE - 2, 4),
    e: pseudoRandom(2 * PIECE, 5),
  },
  'names beyond ASCII': { 'é/日本語': '1', Ω: '2', '😀': '3', '\ue000': '4', 'e\u0301': '5' },
  'names with spaces and quotes': { 'a b/ c ': '1', "it's": '2', '"q"': '3', '%41': '4' },
  'names with newlines and tabs': { 'a\nb': '1', 'c\td/e\rf': '2', '\n': '3' },
  'deep directories': { [Array.from({ length: 60 }, (_, i) => `d${i}`).join('/')]: 'x', z: 'y' },
  'long names': { ['n'.repeat(255)]: '1', [`${'é'.repeat(127)}/${'x'.repeat(255)}`]: '2' },
  'many files': Object.fromEntries(
    Array.from({ length: 400 }, (_, i) => [`${i % 7}/${i}`, pseudoRandom((i * 37) % 1000, i)]),
  ),
}

async function makeTree(directory: string, options: readonly string[] = []) {
  const args = ['makemetafile', join(directory, 'tree'), TRACKER, '--json', '--piece-size-pow2=15']
  return parseJson(await runBtkit([...args, ...options])) as {
    torrent: string
    infoHash: string
    size: number
    fileCount: number
  }
}

function below(files: Files): Files {
  return Object.fromEntries(
    Object.entries(files).map(([path, content]) => [`tree/${path}`, content]),
  )
}

const testMktorrent = quickFirst()

const testLibtorrent = quickFirst()

for (const [what, files] of Object.entries(TREES)) {
  testMktorrent(
    `${what}: the info hash is mktorrent's`,
    unlessInstalled('mktorrent'),
    async (t) => {
      const directory = makeScratch(t, below(files))
      const { infoHash } = await makeTree(directory)
      const output = join(directory, 'mktorrent')
      const args = ['-l', '15', '-a', TRACKER, '-o', output, join(directory, 'tree')]
      await runProgram('mktorrent', args)
      assert.equal(infoHash, independentInfoHash(readFileSync(output)))
    },
  )

  testLibtorrent(
    `${what}: libtorrent loads it, with the same info hash`,
    unlessLibtorrent,
    async (t) => {
      const { torrent, ...made } = await makeTree(makeScratch(t, below(files)))
      const [loaded] = loadInLibtorrent([torrent])
      const { infoHash, size, fileCount } = made
      assert.deepEqual(loaded, { infoHash, size, fileCount })
    },
  )
}

test(
  'with --all hidden files are in, as with mktorrent',
  unlessInstalled('mktorrent'),
  async (t) => {
    const files = { '.hidden/x': '1', '.y': '2', core: '3', CVS: '4', 'Thumbs.db': '5' }
    const directory = makeScratch(t, below(files))
    const { infoHash, fileCount } = await makeTree(directory, ['--all'])
    const output = join(directory, 'mktorrent')
    await runProgram('mktorrent', ['-l15', '-a', TRACKER, '-o', output, join(directory, 'tree')])
    assert.deepEqual([infoHash, fileCount], [independentInfoHash(readFileSync(output)), 5])
  },
)

test(
  '--private and --source give the info hash of mktorrent',
  unlessInstalled('mktorrent'),
  async (t) => {
    const directory = makeScratch(t, below({ a: '1' }))
    const { infoHash } = await makeTree(directory, ['--private', '--source', 'TAG'])
    const output = join(directory, 'mktorrent')
    const args = ['-l15', '-p', '-s', 'TAG', '-a', TRACKER, '-o', output, join(directory, 'tree')]
    await runProgram('mktorrent', args)
    assert.equal(infoHash, independentInfoHash(readFileSync(output)))
  },
)
