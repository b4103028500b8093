import assert from 'node:assert/strict'
import { existsSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { encodeBencode } from '../../../../src/metainfo/bencode/encode.js'
import { readBencode } from '../../../../src/metainfo/bencode/read.js'
import type { BencodeDict } from '../../../../src/metainfo/bencode/value.js'
import { flip, PIECE, placeOf, plantV2, type V2Options } from '../../../core/verify/release.js'
import { makeScratch } from '../../../support/scratch.js'
import { pseudoRandom } from '../../../support/pseudo-random.js'
import { assertStatus, parseJson, runBtkit } from '../../../support/run-btkit.js'

/** A release of two files, its torrent perhaps edited. */
function plant(
  t: TestContext,
  version: V2Options['version'],
  edit: (top: BencodeDict, info: BencodeDict) => void = () => undefined,
) {
  const files = [
    { path: 'a', size: 3 * PIECE },
    { path: 'b', size: 1 },
  ]
  const release = plantV2(t, files, { version, pieceLength: PIECE })
  const limits = { maxSize: 1024 * 1024, maxDepth: 100 }
  const top = readBencode(release.torrent, limits).value as BencodeDict
  edit(top, top.get('info') as BencodeDict)
  const torrentPath = join(release.directory, 'release.torrent')
  writeFileSync(torrentPath, encodeBencode(top))
  return { ...release, torrentPath }
}

test('a v2 torrent is verified, and its bad blocks are named', async (t) => {
  const release = plant(t, 'v2')
  const whole = await runBtkit(['verify', release.torrentPath])
  const said = `${release.torrentPath}: whole: 2 files, 48.0 KiB in 4 pieces\n`
  assert.deepEqual([whole.status, whole.stdout, whole.stderr], [0, said, ''])
  flip(placeOf(release, 'a'), PIECE)
  const { status, stdout } = await runBtkit(['verify', release.torrentPath])
  assert.deepEqual(
    [status, stdout],
    [
      1,
      'damaged     a: bad bytes 16384-32767\n' +
        `${release.torrentPath}: not whole: pieces: 1 bad of 4; files: 1 damaged\n`,
    ],
  )
  const { files } = parseJson(await runBtkit(['verify', '--json', release.torrentPath]))
  const [first] = files as Record<string, unknown>[]
  assert.deepEqual(first?.['blockRanges'], [[PIECE, 2 * PIECE]])
})

test('disagreeing versions of a hybrid are reported', async (t) => {
  const { torrentPath } = plant(t, 'hybrid', (_, info) => {
    const wrong = Uint8Array.from(info.get('pieces') as Uint8Array).fill(0, 0, 20)
    info.set('pieces', wrong)
  })
  const { stdout } = assertStatus(await runBtkit(['verify', torrentPath]), 1)
  assert.equal(
    stdout,
    'damaged     a: bad bytes 0-16383; the versions disagree on bytes 0-16383\n' +
      `${torrentPath}: not whole: pieces: 1 bad of 4; files: 1 damaged; ` +
      "the torrent's two versions disagree on 1 piece, so no content is whole by both\n",
  )
})

test('a hybrid without its layers is checked by version 1, and fails', async (t) => {
  const { torrentPath } = plant(t, 'hybrid', (top) => top.delete('piece layers'))
  const { status, stdout, stderr } = await runBtkit(['verify', torrentPath])
  const refusal = 'version 2 was not checked: piece layers of "a": is missing'
  assert.deepEqual(
    [status, stdout, stderr],
    [
      1,
      `${torrentPath}: whole by version 1: 2 files, 48.0 KiB in 4 pieces; ${refusal}\n`,
      `btkit: warning: ${torrentPath}: piece layers of "a": is missing\n`,
    ],
  )
  const { ok, error } = parseJson(await runBtkit(['verify', '--json', torrentPath]))
  assert.deepEqual([ok, error], [false, refusal])
})

test('a v2 torrent without its layers is refused by the file', async (t) => {
  const { torrentPath } = plant(t, 'v2', (top) => top.delete('piece layers'))
  const { status, stdout, stderr } = await runBtkit(['verify', torrentPath])
  const said = `btkit: ${torrentPath}: can't be checked: piece layers of "a": is missing\n`
  assert.deepEqual([status, stdout, stderr], [1, '', said])
  assertStatus(await runBtkit(['verify', '--check-hashes', '0', torrentPath]), 0)
})

test('if the cache knows the blocks, bad blocks are named, whatever the piece length', async (t) => {
  const directory = makeScratch(t, { data: pseudoRandom(20 * PIECE) })
  const [data, torrentPath] = [join(directory, 'data'), join(directory, 'data.torrent')]
  utimesSync(data, 1000, 1000)
  const cache = ['--cache-dir', join(directory, 'cache'), '--cache-trust', 'mtime']
  const options = ['--v2', '--piece-length', '256K', '--trackerless', '--quiet', ...cache]
  const made = await runBtkit(['makemetafile', data, '--target', torrentPath, ...options])
  assert.deepEqual([made.status, made.stderr], [0, ''])
  flip(data, 3 * PIECE + 5)
  const { stdout } = await runBtkit(['verify', torrentPath, ...cache])
  const summary = `${torrentPath}: not whole: pieces: 1 bad of 2; files: 1 damaged\n`
  const blocks = 'bad blocks: bytes 49152-65535'
  assert.equal(stdout, `damaged     data: bad bytes 0-262143; ${blocks}\n${summary}`)
  const none = ['--cache-dir', join(directory, 'none')]
  const without = await runBtkit(['verify', torrentPath, ...none])
  assert.equal(without.stdout, `damaged     data: bad bytes 0-262143\n${summary}`)
  assert.equal(existsSync(join(directory, 'none')), false, 'no cache is made')
  const refused = await runBtkit(['verify', torrentPath, ...cache, '--no-cache'])
  assert.equal(refused.stdout, without.stdout)
})
