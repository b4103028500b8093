import assert from 'node:assert/strict'
import { chmodSync, existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { loadInLibtorrent } from '../../../support/libtorrent-hashes.js'
import { unlessLibtorrent } from '../../../support/peers.js'
import { decodeTorrent } from '../../../support/decode-torrent.js'
import { pseudoRandom } from '../../../support/pseudo-random.js'
import { assertError, inputOf, parseJson, runBtkit, jsonLines } from '../../../support/run-btkit.js'
import {
  type Files,
  makeScratch,
  plantFiles,
  plantLinks,
  plantSparse,
} from '../../../support/scratch.js'
import { makeWorkplace } from './make.js'
import { TRACKER } from '../../../support/torrents.js'

const MIB = 2 ** 20

/** Makes the torrent of a tree, and returns what it lists with what was said. */
async function makeTree(t: TestContext, files: Files, options: readonly string[]) {
  const directory = makeScratch(t)
  const tree = join(directory, 'tree')
  plantFiles(tree, files)
  const result = await runBtkit(['makemetafile', tree, TRACKER, ...options])
  const { info } = decodeTorrent(readFileSync(join(directory, 'tree.torrent')))
  return { ...result, info, listed: info['files'] as { path: string[] }[] }
}

for (const [args, keys] of [
  [['--set', 'x=1'], { x: 1 }],
  [['--set', 'x y=["é",[],{"b":"2","a":1}]'], { 'x y': ['é', [], { a: 1, b: '2' }] }],
  [
    ['--set', 'x=[{"a":{"a":"a"}},{"a":":{\\"a\\":1"}]'],
    { x: [{ a: { a: 'a' } }, { a: ':{"a":1' }] },
  ],
  [['--set', 'a="="'], { a: '=' }],
  [['--set', 'collections=["c","d"]'], { collections: ['c', 'd'] }],
  [['--set', `similar=["${'41'.repeat(20)}"]`], { similar: ['A'.repeat(20)] }],
] as const) {
  test(`${args.join(' ')} is put beside info`, async (t) => {
    const { make, torrent } = makeWorkplace(t)
    await make([])
    const before = torrent().info
    const { status, stderr } = await make(args)
    assert.deepEqual([status, stderr], [0, ''])
    const { info, ...rest } = torrent()
    assert.deepEqual(info, before)
    for (const [key, value] of Object.entries(keys)) assert.deepEqual(rest[key], value)
  })
}

test('a key of info is put there, and what that does is said unless --quiet is', async (t) => {
  const { make, torrent } = makeWorkplace(t)
  const { stderr } = await make(['--set', 'info.x=1', '--set', 'info.y.z="w"'])
  assert.equal(stderr, 'btkit: --set info.x, info.y.z: changes the info hash\n')
  const { x, 'y.z': yz } = torrent().info
  assert.deepEqual([x, yz], [1, 'w'])
  assert.equal((await make(['--set', 'info.x=1', '--quiet', '--force'])).stderr, '')
})

test('the address of updates is put into info', async (t) => {
  const { make, torrent } = makeWorkplace(t)
  await make(['--set', 'info.update-url="https://u.example/feed?x=1"'])
  assert.equal(torrent().info['update-url'], 'https://u.example/feed?x=1')
})

for (const [args, message] of [
  [['--set', 'x'], '--set x: not of the form KEY=JSON'],
  [['--set', '=1'], '--set =1: the name of the key is empty'],
  [['--set', 'info.=1'], '--set info.=1: the name of the key is empty'],
  [['--set', 'x=y'], '--set x: not JSON; write a text with its quotes: "y"'],
  [['--set', 'x=1.5'], '--set x: torrents have only whole numbers, here up to 2^53'],
  [['--set', 'x=9007199254740993'], '--set x: torrents have only whole numbers, here up to 2^53'],
  [['--set', 'x=[true]'], '--set x: torrents have no true; 1 and 0 stand for yes and no'],
  [['--set', 'x=null'], '--set x: torrents have no null; 1 and 0 stand for yes and no'],
  [['--set', `x=${'['.repeat(40)}${']'.repeat(40)}`], '--set x: nested more than 32 deep'],
  [['--set', 'x=1', '--set', 'x=2'], '--set x: is given twice'],
  [['--set', 'x={"a":1,"b":2,"a":3}'], '--set x: the key "a" is repeated'],
  [
    ['--set', 'x=[{"b":"{"},{"a:\\"":{}, "\\u0061:\\"" : 1}]'],
    '--set x: the key "a:\\"" is repeated',
  ],
  [['--set', 'info.private=1'], '--set info.private: use --private instead'],
  [['--set', 'info.pieces=""'], '--set info.pieces: btkit computes this key from the content'],
  [['--set', 'info={}'], '--set info: btkit computes this key from the content'],
  [['--set', 'comment="x"'], '--set comment: use --comment instead'],
  [['--set', 'similar=["abc"]'], "info hash 'abc': not 40 hexadecimal digits"],
  [
    ['--sort-by', 'name'],
    "--sort-by 'name': not path, size, mtime or given, nor -path, -size or -mtime",
  ],
  [['--sort-by', 'given'], '--sort-by given needs --files-from, which gives the order'],
  [
    ['--max-piece-length', '100KiB'],
    "--max-piece-length '100KiB': not a power of two from 16KiB to 1GiB",
  ],
] as const) {
  test(`${args.join(' ').slice(0, 60)} is wrong usage`, async (t) => {
    const { make, at } = makeWorkplace(t)
    assertError(await make(args), 'usage', message)
    assert.ok(!existsSync(at('a.iso.torrent')))
  })
}

test('--target-pieces, --max-torrent-size and a length cannot be used together', async (t) => {
  const { make } = makeWorkplace(t)
  const rules = [
    ['--target-pieces', '9'],
    ['--max-torrent-size', '9K'],
    ['--piece-size', '1M'],
  ]
  for (const [i, rule] of rules.entries()) {
    const { status } = await make([...rule, ...rules[(i + 1) % 3]!])
    assert.equal(status, 2)
  }
})

for (const [args, note, pieces] of [
  [['--piece-size', '4MiB'], null, '256 pieces of 4 MiB'],
  [['-l', 'auto', '--verbose'], 'pieces of 512 KiB, which suit 1 GiB', '2048 pieces of 512 KiB'],
  [
    ['--target-pieces', '1000'],
    'pieces of 2 MiB, the shortest of which there are at most 1000',
    '512 pieces of 2 MiB',
  ],
  [
    ['--max-torrent-size', '21K'],
    'pieces of 1 MiB, the shortest for a .torrent of at most 21 KiB',
    '1024 pieces of 1 MiB',
  ],
  [
    ['--max-piece-length', '128KiB'],
    'pieces of 128 KiB, which suit 1 GiB, limited by --max-piece-length',
    '8192 pieces of 128 KiB',
  ],
  [
    // The name in torf
    ['--max-piece-size', '64KiB'],
    'pieces of 64 KiB, which suit 1 GiB, limited by --max-piece-length',
    '16384 pieces of 64 KiB',
  ],
  [
    ['-l', '0', '--max-piece-length', '64KiB'],
    'pieces of 64 KiB, which suit 1 GiB, limited by --max-piece-length',
    '16384 pieces of 64 KiB',
  ],
] as const) {
  test(`a dry run says which pieces ${args.join(' ')} chooses, and why`, async (t) => {
    const source = plantSparse(makeScratch(t), 'a', 1024 * MIB)
    const { stdout, stderr } = await runBtkit([
      'makemetafile',
      source,
      TRACKER,
      '--dry-run',
      ...args,
    ])
    assert.equal(stderr, note === null ? '' : `btkit: ${source}: ${note}\n`)
    assert.ok(stdout.endsWith(`${pieces}\n`), stdout)
  })
}

test('an impossible limit on the size of a torrent is an error that gives the smallest size', async (t) => {
  const refused = await makeWorkplace(t).make(['--max-torrent-size', '50'])
  const said = 'a.iso: with pieces of 1 GiB the .torrent would still have '
  assertError(refused, 'too-large', said)
})

test('with pad files each file begins a piece, and counts say what is on the disk', async (t) => {
  const files = { a: pseudoRandom(20_000), b: pseudoRandom(40_000), c: 'x' }
  const { listed, stdout, info } = await makeTree(t, files, ['--pad-files', '-l', '14'])
  assert.deepEqual(listed, [
    { length: 20_000, path: ['a'] },
    { attr: 'p', length: 12_768, path: ['.pad', '12768'] },
    { length: 40_000, path: ['b'] },
    { attr: 'p', length: 9_152, path: ['.pad', '9152'] },
    { length: 1, path: ['c'] },
  ])
  assert.match(stdout, /content: 3 files, 58.6 KiB in 6 pieces of 16 KiB\n$/)
  assert.equal(String(info['pieces']).length, 6 * 40)
})

test('the pieces of a file are the same in every aligned torrent', async (t) => {
  const file = pseudoRandom(40_000)
  const args = ['--pad-files', '-l', '14']
  const one = await makeTree(t, { a: pseudoRandom(20_000, 7), m: file, z: 'z' }, args)
  const other = await makeTree(t, { m: file, n: 'n' }, args)
  const pieces = (tree: typeof one) => String(tree.info['pieces'])
  assert.equal(pieces(one).slice(2 * 40, 5 * 40), pieces(other).slice(0, 3 * 40))
})

test('attributes and links are stored as asked', async (t) => {
  const directory = makeScratch(t, { 'tree/run': '#!', 'tree/plain': 'x' })
  const tree = join(directory, 'tree')
  chmodSync(join(tree, 'run'), 0o755)
  plantLinks(tree, { start: 'run', up: '../..' })
  const args = ['makemetafile', tree, TRACKER, '--attributes', '--symlinks', 'store']
  const { stderr } = await runBtkit(args)
  assert.equal(
    stderr,
    `btkit: ${tree}: skipped 1 link that leads outside (up; --symlinks follow includes it)\n`,
  )
  assert.deepEqual(decodeTorrent(readFileSync(`${tree}.torrent`)).info['files'], [
    { length: 1, path: ['plain'] },
    { attr: 'x', length: 2, path: ['run'] },
    { attr: 'l', length: 0, path: ['start'], 'symlink path': ['run'] },
  ])
})

for (const [separator, list] of [
  ['newlines', 'c\nb/\n./a\n'],
  ['NULs', 'c\0b\0a'],
] as const) {
  test(`a list with ${separator} selects files in its order`, async (t) => {
    const files = { a: '1', 'b/x': '2', 'b/y': '3', c: '4', d: '5' }
    const path = join(makeScratch(t, { list }), 'list')
    const { listed } = await makeTree(t, files, ['--files-from', path])
    const paths = listed.map(({ path: components }) => components.join('/'))
    assert.deepEqual(paths, ['c', 'b/x', 'b/y', 'a'])
  })
}

for (const version of ['--v2', '--hybrid']) {
  test(
    `with ${version} attributes and links are stored in the tree`,
    unlessLibtorrent,
    async (t) => {
      const directory = makeScratch(t, { 'tree/sub/run': pseudoRandom(20_000), 'tree/z': 'x' })
      const tree = join(directory, 'tree')
      chmodSync(join(tree, 'sub/run'), 0o755)
      symlinkSync('sub', join(tree, 'link'))
      const args = ['makemetafile', tree, TRACKER, '--attributes', '--symlinks', 'store', version]
      assert.equal((await runBtkit(args)).status, 0)
      const torrent = decodeTorrent(readFileSync(`${tree}.torrent`))
      const root = torrent.info['file tree'] as Record<string, Record<string, object>>
      assert.deepEqual(root['link'], { '': { attr: 'l', 'symlink path': ['sub'] } })
      assert.equal((root['sub']?.['run'] as Record<string, { attr: string }>)['']?.attr, 'x')
      assert.equal(loadInLibtorrent([`${tree}.torrent`]).length, 1)
    },
  )
}

test('a list can come from standard input', async (t) => {
  const directory = makeScratch(t, { 'tree/a': '1', 'tree/b': '1' })
  const command = ['makemetafile', join(directory, 'tree'), TRACKER, '--files-from', '-', '--json']
  const result = await runBtkit(command, { stdin: inputOf('b\n') })
  assert.equal(parseJson(result)['fileCount'], 1)
})

test('a list in a file can be sorted as well', async (t) => {
  const directory = makeScratch(t, { 'tree/a': '12', 'tree/b': '1', list: 'a\nb\n' })
  const command = ['makemetafile', join(directory, 'tree'), TRACKER, '--files-from']
  const order = async (...args: string[]) => {
    await runBtkit([...command, join(directory, 'list'), '--force', ...args])
    const { info } = decodeTorrent(readFileSync(join(directory, 'tree.torrent')))
    return (info['files'] as { path: string[] }[]).map(({ path }) => path.join('/'))
  }
  assert.deepEqual(await order(), ['a', 'b'])
  assert.deepEqual(await order('--sort-by', 'given'), ['a', 'b'])
  assert.deepEqual(await order('--sort-by', 'size'), ['b', 'a'])
})

test('a list with a missing, outside or non-UTF-8 path, or with wrong checksums, makes no torrent', async (t) => {
  for (const [list, code, ...why] of [
    ['a\nx\n', 'not-found', '/x: '],
    ['../list\n', 'unsafe-path', '../list: is not below'],
    [Buffer.from([0xff, 0x0a]), 'bad-name', 'xff'],
    [`${'0'.repeat(64)}  a\n`, 'changed', '/tree/a: its sha256 is ', ' as listed'],
    [`SHA256 (a) = ${'0'.repeat(64)}\n`, 'changed', '/tree/a: its sha256 is ', ' as listed'],
  ] as const) {
    const directory = makeScratch(t, { 'tree/a': '1', list: '' })
    writeFileSync(join(directory, 'list'), list)
    const tree = join(directory, 'tree')
    const command = ['makemetafile', tree, TRACKER, '--files-from', join(directory, 'list')]
    assertError(await runBtkit(command), code, ...why)
    assert.ok(!existsSync(`${tree}.torrent`))
  }
})

test('a list goes with one directory', async (t) => {
  const directory = makeScratch(t, { 'a/x': '1', 'b/x': '1', list: 'x\n' })
  const list = join(directory, 'list')
  const both = ['makemetafile', join(directory, 'a'), join(directory, 'b'), TRACKER]
  const said = '--files-from works with a single directory only'
  assertError(await runBtkit([...both, '--files-from', list]), 'usage', said)
})

test('several source tags make torrents that differ only in the tag', async (t) => {
  const { make, torrent, at } = makeWorkplace(t)
  const { stdout } = await make(['--source', 'A', '-s', 'b/c', '--json'])
  const lines = jsonLines(stdout)
  assert.deepEqual(
    lines.map((line) => line['torrent']),
    [at('a.iso.A.torrent'), at('a.iso.b_c.torrent')],
  )
  for (const [i, tag] of ['A', 'b/c'].entries()) {
    const alone = await make(['--source', tag, '--json', '--force'])
    assert.equal(lines[i]?.['infoHash'], parseJson(alone)['infoHash'])
    const path = `a.iso.${['A', 'b_c'][i]}.torrent`
    assert.deepEqual(torrent(path), torrent())
  }
})

test('several sources and sources without a directory to put them into are refused', async (t) => {
  const { make, at } = makeWorkplace(t)
  const refused = await make(['-s', 'A', '-s', 'B', '-o', at('x.torrent')])
  const said = `--output ${at('x.torrent')}: not a directory, and several --source need one`
  assertError(refused, 'usage', said)
})

test('torrents of one directory, made inside it, are not part of each other', async (t) => {
  const directory = makeScratch(t, { a: '1' })
  const command = [
    'makemetafile',
    directory,
    TRACKER,
    '-o',
    directory,
    '--json',
    '-s',
    'A',
    '-s',
    'B',
  ]
  const hashes = async () => (await runBtkit(command)).stdout.match(/"infoHash":"\w+"/g)
  assert.deepEqual(await hashes(), await hashes())
})

test('a random key makes every torrent another, and each of several sources', async (t) => {
  const { make, torrent } = makeWorkplace(t)
  const keys = new Set<unknown>()
  for (let i = 0; i < 2; i++) {
    await make(['--randomize', '--force'])
    keys.add(torrent().info['entropy'])
  }
  await make(['--randomize', '-s', 'A', '-s', 'B'])
  for (const tag of ['A', 'B']) keys.add(torrent(`a.iso.${tag}.torrent`).info['entropy'])
  assert.equal(keys.size, 4)
  for (const key of keys) assert.match(String(key), /^[0-9a-f]{32}$/)
})

const PASSKEYS = ['http://a.example/KEY1/announce', 'http://b.example/KEY2/announce'] as const
const PAIR = ['-s', 'A', '-s', 'B', '-a', PASSKEYS[0], '-a', PASSKEYS[1]]

test('as many private tags as trackers are pairs, and no torrent has a foreign passkey', async (t) => {
  const { source, torrent } = makeWorkplace(t)
  const args = ['makemetafile', source, '--private', ...PAIR]
  assert.equal((await runBtkit(args)).stderr, '')
  for (const [tag, own] of [
    ['A', PASSKEYS[0]],
    ['B', PASSKEYS[1]],
  ] as const) {
    const { announce, info, ...others } = torrent(`a.iso.${tag}.torrent`)
    assert.deepEqual([announce, info['source']], [own, tag])
    assert.equal(others['announce-list'], undefined)
  }
})

for (const args of [
  PAIR,
  [...PAIR, '-s', 'C', '--private'],
  ['-s', 'A', '-s', 'B', PASSKEYS.join()],
]) {
  test(`several tags and trackers that are no pairs are refused: ${args.join(' ')}`, async (t) => {
    const { source } = makeWorkplace(t)
    const refused = await runBtkit(['makemetafile', source, ...args])
    const ways = ['--private and one -a (', 'one command for each tracker']
    assertError(refused, 'usage', ' --source and 2 trackers: ', ...ways)
  })
}
