import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import bencode from 'bencode'
import { assertError, assertStatus, parseJson, runBtkit } from '../../../support/run-btkit.js'
import { pseudoRandom } from '../../../support/pseudo-random.js'
import { makeScratch } from '../../../support/scratch.js'
import { makeWorkplace } from './make.js'
import { TRACKER } from '../../../support/torrents.js'

/** The hashes of a torrent's info, by npm's bencode. */
function independentHashes(torrent: string): { v1: string; v2: string } {
  const { info } = bencode.decode(readFileSync(torrent)) as { info: object }
  const [v1, v2] = ['sha1', 'sha256'].map((algorithm) =>
    createHash(algorithm).update(bencode.encode(info)).digest('hex'),
  )
  return { v1: v1!, v2: v2! }
}

function plantTree(t: TestContext): string {
  const large = pseudoRandom(100_000)
  return join(makeScratch(t, { 'tree/a': 'a', 'tree/b': large, 'tree/c': 'c' }), 'tree')
}

test('--v2 prints only the info hash of version 2', async (t) => {
  const { make, at } = makeWorkplace(t)
  const { stdout } = assertStatus(await make(['--v2']), 0)
  const { v2 } = independentHashes(at('a.iso.torrent'))
  const lines = stdout.trimEnd().split('\n').slice(1)
  assert.deepEqual(lines, [`info hash v2: ${v2}`, 'content: 1 file, 5 B in 1 piece of 16 KiB'])
})

test('--hybrid tells both info hashes', async (t) => {
  const { make, at } = makeWorkplace(t)
  const { stdout } = await make(['--hybrid'])
  const { v1, v2 } = independentHashes(at('a.iso.torrent'))
  const hashes = stdout.split('\n').filter((line) => line.startsWith('info hash'))
  assert.deepEqual(hashes, [`info hash: ${v1}`, `info hash v2: ${v2}`])
})

test('--json tells the version and both info hashes, and counts no pad files', async (t) => {
  const source = plantTree(t)
  const args = ['makemetafile', source, TRACKER, '--json', '--hybrid', '-l', '14']
  const told = parseJson(await runBtkit(args))
  const { v1, v2 } = independentHashes(`${source}.torrent`)
  const { version, infoHash, infoHashV2, fileCount, size, pieceCount } = told
  assert.deepEqual([version, infoHash, infoHashV2], ['hybrid', v1, v2])
  assert.deepEqual([fileCount, size, pieceCount], [3, 100_002, 9])
})

for (const version of ['v2', 'hybrid']) {
  test(`--dry-run of --${version} tells the size that the torrent will have`, async (t) => {
    const source = plantTree(t)
    const args = ['makemetafile', source, TRACKER, '--json', `--${version}`, '-l', '14']
    const would = parseJson(await runBtkit([...args, '--dry-run']))
    assert.ok(!existsSync(`${source}.torrent`))
    const made = parseJson(await runBtkit(args))
    assert.deepEqual(
      { ...would, seconds: 0 },
      { ...made, dryRun: true, infoHash: null, infoHashV2: null, bytesHashed: 0, seconds: 0 },
    )
  })
}

test('without a word on it, pieces of version 2 are as long as suits the size', async (t) => {
  const { make } = makeWorkplace(t)
  const { pieceLength, automaticPieceLength } = parseJson(await make(['--v2', '--json']))
  assert.deepEqual([pieceLength, automaticPieceLength], [16384, true])
})

test('a single file has the name of --name in the tree', async (t) => {
  const { make, at } = makeWorkplace(t)
  await make(['--v2', '--name', 'other', '-o', at('t')])
  const { info } = bencode.decode(readFileSync(at('t'))) as { info: Record<string, object> }
  assert.deepEqual(Object.keys(info['file tree']!), ['other'])
})

test('--v2 and --hybrid cannot be used together', async (t) => {
  const { make } = makeWorkplace(t)
  assertError(await make(['--v2', '--hybrid']), 'usage', '--hybrid', '--v2')
})

test('a directory that v2 could not tell from its only file is refused, with what to do', async (t) => {
  const source = join(makeScratch(t, { 'x/x': '1' }), 'x')
  const { stderr } = assertStatus(await runBtkit(['makemetafile', source, TRACKER, '--v2']), 1)
  assert.equal(
    stderr,
    `btkit: ${source}: v2 can't tell a directory from its only file when both are called 'x'; ` +
      'rename one of them, or use --hybrid\n',
  )
})

for (const version of ['--v2', '--hybrid']) {
  test(`${version} has the order of paths, whatever a list has`, async (t) => {
    const source = plantTree(t)
    const list = join(source, '..', 'list')
    const args = ['makemetafile', source, TRACKER, version, '--json', '-o', `${source}.torrent`]
    const { infoHashV2 } = parseJson(await runBtkit(args))
    writeFileSync(list, 'c\na\nb\n')
    const listed = parseJson(await runBtkit([...args, '--files-from', list]))
    assert.equal(listed['infoHashV2'], infoHashV2)
  })

  test(`${version} refuses another order than that of paths`, async (t) => {
    const { make } = makeWorkplace(t)
    assert.equal((await make([version, '--sort-by', 'path'])).status, 0)
    for (const order of ['size', '-path', '-mtime']) {
      const { status, stderr } = await make([version, `--sort-by=${order}`])
      assert.equal(status, 2, order)
      assert.match(
        stderr,
        /^btkit: --sort-by and --(?:v2|hybrid) cannot be used together: .* order of their paths/,
      )
    }
  })
}

test('a path as deep as clients read it is accepted, and a deeper one refused', async (t) => {
  const make = async (depth: number) => {
    const path = ['tree', ...Array.from({ length: depth }, () => 'd')].join('/')
    const source = join(makeScratch(t, { [path]: 'x' }), 'tree')
    const run = await runBtkit(['makemetafile', source, TRACKER, '--v2', '--quiet'])
    return { ...run, torrent: `${source}.torrent` }
  }
  const { torrent } = assertStatus(await make(96), 0)
  assert.equal((await runBtkit(['showmetainfo', torrent])).status, 0)
  const { status: refused, stderr } = await make(97)
  assert.equal(refused, 1)
  assert.match(stderr, /d: is more than 96 directories deep, which clients of v2 do not read\n$/)
})

test('showmetainfo tells the size of a hybrid as makemetafile does, without pad files', async (t) => {
  const torrent = join(makeScratch(t), 'tree.torrent')
  const make = ['makemetafile', plantTree(t), TRACKER, '--hybrid', '--target', torrent]
  const made = await runBtkit(make)
  assert.match(made.stdout, /^content: 3 files, 97\.7 KiB in /m)
  const show = async (...view: string[]) => runBtkit(['showmetainfo', ...view, torrent])
  assert.match((await show()).stdout, /^size\.*: 97\.7 KiB in /m)
  assert.match((await show('--tree')).stdout, /^tree\/ \(97\.7 KiB\)$/m)
  assert.equal((await show('--field', 'size')).stdout, '100002\n')
  assert.equal(parseJson(await show('--json'))['size'], 100_002)
  assert.equal(parseJson(await runBtkit([...make, '--json']))['size'], 100_002)
})
