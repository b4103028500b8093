import assert from 'node:assert/strict'
import {
  appendFileSync,
  chmodSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { parseMetainfo } from '../../../../src/metainfo/parse/metainfo.js'
import { libtorrentVerdicts } from '../../../support/libtorrent-verdicts.js'
import { unlessLibtorrent } from '../../../support/peers.js'
import { pseudoRandom } from '../../../support/pseudo-random.js'
import { assertError, assertStatus, parseJson, runBtkit } from '../../../support/run-btkit.js'
import { makeScratch } from '../../../support/scratch.js'
import { withoutKeys } from '../../../support/without-keys.js'

const CONTENT = {
  'content/a': pseudoRandom(300_000, 1),
  'content/empty': '',
  'content/sub/b': pseudoRandom(70_000, 2),
  'content/é': pseudoRandom(5, 3),
}

const BESIDE = ['--comment', 'hi', '--web-seed', 'http://w.example/', '--set', 'zzz=[1,"x"]']
const IN_INFO = ['--private', '--source', 'TAG', '--set', 'info.zzz={"a":2}']

/** Content, and a torrent of it that `makemetafile` made with these options beside the usual. */
async function plant(t: TestContext, ...args: readonly string[]) {
  const directory = makeScratch(t, CONTENT)
  const make = async (name: string, ...version: readonly string[]) => {
    const torrent = join(directory, name)
    const options = ['--target', torrent, '--date', '7', '--no-cache', '--quiet']
    const pieces = version.includes('--piece-length') ? [] : ['--piece-length', '32KiB']
    const given = [...options, ...pieces, ...BESIDE, ...IN_INFO, ...version]
    const source = join(directory, 'content')
    const { status, stderr } = await runBtkit([
      'makemetafile',
      source,
      'http://t.example/',
      ...given,
    ])
    assert.equal(status, 0, stderr)
    return torrent
  }
  return { directory, make, torrent: await make('x.torrent', ...args) }
}

/** The arguments that replace a torrent by its other version. */
function inPlace(torrent: string): string[] {
  return [torrent, '--output', torrent, '--force']
}

const VERSIONS = { v1: [], v2: ['--v2'], hybrid: ['--hybrid'] } as const
type Version = keyof typeof VERSIONS

for (const from of Object.keys(VERSIONS) as Version[]) {
  for (const to of Object.keys(VERSIONS) as Version[]) {
    if (from === to) continue
    test(`a ${from} torrent becomes the ${to} one that would be made of its content`, async (t) => {
      const { make, torrent } = await plant(t, ...VERSIONS[from])
      const before = readFileSync(torrent)
      const { status, stderr } = await runBtkit([
        'convert',
        ...inPlace(torrent),
        `--${to}`,
        '--no-cache',
      ])
      const note = 'btkit: clients and trackers treat the converted torrent as a new one\n'
      assert.deepEqual([status, stderr], [0, note])
      const after = readFileSync(torrent)
      assert.deepEqual(after, readFileSync(await make('made.torrent', ...VERSIONS[to])))
      const keys = ['info', 'piece layers']
      assert.equal(withoutKeys(after, keys), withoutKeys(before, keys), 'all beside stays')
    })
  }
}

test('libtorrent reads the result, with the reported info hashes', unlessLibtorrent, async (t) => {
  const { torrent } = await plant(t)
  const { stdout } = await runBtkit(['convert', ...inPlace(torrent), '--hybrid', '--no-cache'])
  const { infoHash, infoHashV2 } = parseMetainfo(readFileSync(torrent))
  assert.match(stdout, new RegExp(`^new info hash: ${infoHash}$`, 'm'))
  assert.match(stdout, new RegExp(`^new info hash v2: ${infoHashV2}$`, 'm'))
  assert.deepEqual(libtorrentVerdicts([readFileSync(torrent)]), [[infoHash, infoHashV2]])
})

test('incomplete content is reported, and nothing is written', async (t) => {
  const { directory, torrent } = await plant(t)
  const before = readFileSync(torrent)
  const damaged = Buffer.from(CONTENT['content/a'])
  damaged.fill(0, 40_000, 40_100)
  writeFileSync(join(directory, 'content/a'), damaged)
  const { status, stdout, stderr } = await runBtkit(['convert', torrent, '--v2', '--no-cache'])
  assert.equal(status, 1)
  assert.equal(
    stdout,
    'damaged     a: bad bytes 32768-65535\n' +
      `${torrent}: not whole: pieces: 1 bad of 12; files: 1 damaged\n`,
  )
  assert.equal(stderr, `btkit: ${torrent}: not converted, because its content is not whole\n`)
  assert.deepEqual(readFileSync(torrent), before)
  appendFileSync(join(directory, 'content/sub/b'), 'more')
  const long = await runBtkit(['convert', torrent, '--v2', '--dry-run'])
  assert.deepEqual([long.status, long.stdout], [1, ''])
})

test('with --target the old torrent stays, and the content may be anywhere', async (t) => {
  const { directory, torrent } = await plant(t)
  const before = readFileSync(torrent)
  const target = join(makeScratch(t), 'new.torrent')
  const data = join(directory, 'content')
  const args = ['convert', torrent, data, '--v2', '--target', target, '--no-cache', '--json']
  const result = await runBtkit(args)
  const after = parseMetainfo(readFileSync(target))
  assert.equal(result.status, 0)
  assert.deepEqual(parseJson(result), {
    torrent,
    file: torrent,
    target,
    dryRun: false,
    converted: true,
    version: 'v2',
    oldVersion: 'v1',
    pieceLength: 32768,
    infoHash: null,
    oldInfoHash: parseMetainfo(before).infoHash,
    infoHashV2: after.infoHashV2,
    oldInfoHashV2: null,
    error: null,
    code: null,
  })
  assert.deepEqual(readFileSync(torrent), before)
  const asOption = ['convert', torrent, '--data', data, '--v2', '--dry-run', '--no-cache']
  assert.equal((await runBtkit(asOption)).status, 0)
  const twice = await runBtkit([...asOption, data])
  assert.deepEqual([twice.status, /with --data\n$/.test(twice.stderr)], [2, true], twice.stderr)
  const other = join(directory, 'content/a')
  const refused = assertStatus(await runBtkit(['convert', torrent, '--v2', '--target', other]), 1)
  assert.match(refused.stderr, /already exists and is not a torrent \(--force replaces it\)\n$/)
  assert.equal(statSync(other).size, 300_000)
})

test('the result is beside the old torrent, which only --output and --force replace', async (t) => {
  const { directory, torrent } = await plant(t)
  const before = readFileSync(torrent)
  const convert = (...args: string[]) => runBtkit(['convert', torrent, '--quiet', ...args])
  assert.equal((await convert('--hybrid')).status, 0)
  assert.deepEqual(readFileSync(torrent), before)
  const beside = join(directory, 'x.hybrid.torrent')
  assert.equal(parseMetainfo(readFileSync(beside)).version, 'hybrid')
  assert.equal((await convert('--hybrid')).status, 0)
  const other = await convert('--hybrid', '--piece-length', '64K')
  assert.match(other.stderr, /x\.hybrid\.torrent: another torrent \(info hash .*; --force replaces/)
  assert.equal(parseMetainfo(readFileSync(beside)).pieceLength, 32768)
  const onto = await convert('--v2', '--output', torrent)
  const why = 'a torrent with another info hash would replace it; --force allows that'
  assertError(onto, 'exists', `${torrent}: ${why}`)
  assert.equal((await convert('--v2', ...inPlace(torrent).slice(1))).status, 0)
  assert.equal(parseMetainfo(readFileSync(torrent)).version, 'v2')
})

test('the piece length may change, and does if version 2 does not allow it', async (t) => {
  const { make, torrent } = await plant(t)
  await runBtkit(['convert', ...inPlace(torrent), '--hybrid', '--piece-length', '64K'])
  assert.equal(parseMetainfo(readFileSync(torrent)).pieceLength, 65536)
  const other = await make('other.torrent', '--v2', '--piece-length', '16KiB')
  await runBtkit(['convert', ...inPlace(other), '--v1', '--no-cache'])
  assert.equal(parseMetainfo(readFileSync(other)).pieceLength, 16384)
})

test('a dry run says what would be done, and reads and writes nothing', async (t) => {
  const { torrent } = await plant(t)
  const before = readFileSync(torrent)
  const { status, stdout } = await runBtkit(['convert', torrent, '--hybrid', '--dry-run'])
  const said = `would convert ${torrent} from v1 to hybrid, 14 pieces of 32 KiB\n`
  assert.deepEqual([status, stdout], [0, said])
  assert.deepEqual(readFileSync(torrent), before)
})

for (const [what, args, code, message] of [
  ['no version', [], 'usage', 'no version given; use --hybrid, --v2 or --v1'],
  ['the version that it has', ['--v1'], 'metainfo', 'TORRENT: is a v1 torrent already'],
  [
    'a pipe',
    ['--v2', '--target', '-'],
    'usage',
    '--target -: convert cannot write to standard output; name a file',
  ],
  ['two versions', ['--v1', '--v2'], 'usage', '--v1 and --v2'],
] as const) {
  test(`a conversion into ${what} is refused`, async (t) => {
    const { torrent } = await plant(t)
    const refused = await runBtkit(['convert', torrent, ...args])
    assertError(refused, code, message.replace('TORRENT', torrent))
  })
}

test('torrents of a directory need a directory for the results', async (t) => {
  const { torrent } = await plant(t)
  const why = `--output ${torrent}: not a directory, and several torrents need one`
  const args = ['convert', '--hybrid', dirname(torrent), '--output', torrent]
  assertError(await runBtkit(args), 'usage', why)
})

test('a single file is converted as well, and found by the name of the torrent', async (t) => {
  const directory = makeScratch(t, { 'image.iso': pseudoRandom(100_000) })
  const torrent = join(directory, 'image.iso.torrent')
  const image = join(directory, 'image.iso')
  const make = ['makemetafile', image, '--trackerless', '--no-date', '--no-cache', '--quiet']
  await runBtkit([...make, '--target', torrent, '--piece-length', '256K'])
  await runBtkit(['convert', ...inPlace(torrent), directory, '--hybrid', '--quiet'])
  const made = join(directory, 'made.torrent')
  await runBtkit([...make, '--target', made, '--hybrid', '--piece-length', '256K'])
  assert.deepEqual(readFileSync(torrent), readFileSync(made))
})

test('attributes and stored links go along', { skip: process.platform === 'win32' }, async (t) => {
  const directory = makeScratch(t, { 'content/run': 'x', 'content/sub/b': 'b' })
  chmodSync(join(directory, 'content/run'), 0o755)
  symlinkSync('sub/b', join(directory, 'content/link'))
  const make = async (name: string, ...version: readonly string[]) => {
    const torrent = join(directory, name)
    const options = ['--target', torrent, '--trackerless', '--no-date', '--no-cache', '--quiet']
    const kept = ['--attributes', '--symlinks', 'store', '--piece-length', '32K', ...version]
    await runBtkit(['makemetafile', join(directory, 'content'), ...options, ...kept])
    return readFileSync(torrent)
  }
  await make('x.torrent')
  const torrent = join(directory, 'x.torrent')
  const { stderr } = await runBtkit([
    'convert',
    ...inPlace(torrent),
    '--hybrid',
    '--no-cache',
    '--quiet',
    '--piece-length',
    '32K',
  ])
  assert.equal(stderr, '')
  const links = parseMetainfo(readFileSync(torrent)).files.filter(({ attr }) => attr === 'l')
  assert.deepEqual(links[0]?.symlinkPath, ['sub', 'b'])
  assert.deepEqual(readFileSync(torrent), await make('made.torrent', '--hybrid'))
})

test('pieces become shorter where a hybrid would be padding for the most part', async (t) => {
  const files = Array.from({ length: 30 }, (_, i) => [`content/${i}`, pseudoRandom(100, i)])
  const directory = makeScratch(t, Object.fromEntries(files) as Record<string, Buffer>)
  const torrent = join(directory, 'x.torrent')
  const source = join(directory, 'content')
  const make = ['makemetafile', source, '--trackerless', '--no-cache', '--piece-length', '256K']
  await runBtkit([...make, '--target', torrent])
  assert.equal(parseMetainfo(readFileSync(torrent)).pieceLength, 2 ** 18)
  const v2 = join(directory, 'v2.torrent')
  await runBtkit(['convert', torrent, '--v2', '--target', v2, '--no-cache', '--quiet'])
  assert.equal(parseMetainfo(readFileSync(v2)).pieceLength, 2 ** 18)
  await runBtkit(['convert', ...inPlace(torrent), '--hybrid', '--no-cache', '--quiet'])
  assert.equal(parseMetainfo(readFileSync(torrent)).pieceLength, 2 ** 14)
})
