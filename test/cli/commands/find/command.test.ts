import assert from 'node:assert/strict'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lchownSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { serveFiles } from '../../../support/file-server.js'
import { pseudoRandom } from '../../../support/pseudo-random.js'
import { runExecutable } from '../../../support/executable.js'
import {
  assertError,
  assertStatus,
  parseJson,
  runBtkit,
  type RunResult,
} from '../../../support/run-btkit.js'
import { unlessAlwaysPermitted, unprivileged } from '../../../support/unprivileged.js'
import { makeScratch } from '../../../support/scratch.js'

/** A torrent of a directory with three files, whose pieces run through several of them. */
async function plant(t: TestContext, args: readonly string[] = []) {
  const directory = makeScratch(t, {})
  const place = (...names: string[]) => join(directory, ...names)
  mkdirSync(place('files/release/sub'), { recursive: true })
  const bytes = pseudoRandom(200_000)
  writeFileSync(place('files/release/a'), bytes.subarray(0, 100_000))
  writeFileSync(place('files/release/empty'), '')
  writeFileSync(place('files/release/sub/b'), bytes.subarray(100_000, 170_000))
  writeFileSync(place('files/release/sub/c'), bytes.subarray(170_000))
  const make = ['makemetafile', place('files/release'), '--trackerless', '--target', directory]
  assertStatus(await runBtkit([...make, '--piece-length', '16K', '--no-cache', ...args]), 0)
  return { place, torrent: place('release.torrent') }
}

interface Found {
  readonly status: string
  readonly found: string | null
  readonly unproven: readonly (readonly [number, number])[]
}

async function find(args: readonly string[]) {
  const result = await runBtkit(['find', '--json', ...args])
  const files = parseJson(result)['files'] as Found[]
  return {
    ...result,
    statuses: files.map(({ status }) => status),
    paths: files.map((f) => f.found),
    unproven: files.map((f) => f.unproven),
  }
}

/**
 * A torrent of which the second piece is the end of the second file, all zeros, and a file of the
 * same size and end beside none of the first. Each byte before that end is another one.
 */
async function plantOther(t: TestContext) {
  const end = Buffer.alloc(20_000)
  const files = {
    'set/a': pseudoRandom(10, 1),
    'set/b': Buffer.concat([pseudoRandom(16_374, 2), end]),
    'pool/other': Buffer.concat([pseudoRandom(16_374, 3), end]),
  }
  const directory = makeScratch(t, files)
  const place = (...names: string[]) => join(directory, ...names)
  const make = ['makemetafile', place('set'), '--trackerless', '--piece-length', '16K']
  assertStatus(await runBtkit([...make, '--no-cache']), 0)
  return { place, torrent: place('set.torrent'), other: files['pool/other'] }
}

for (const version of ['v1', 'v2', 'hybrid']) {
  const args = version === 'v1' ? [] : [`--${version}`]
  test(`renamed and moved data of a torrent of ${version} is found among false friends`, async (t) => {
    const { place, torrent } = await plant(t, args)
    mkdirSync(place('other'))
    // Of the same size, and with the right name
    renameSync(place('files/release/a'), place('other/renamed'))
    writeFileSync(place('files/release/a'), pseudoRandom(100_000, 7))
    renameSync(place('files/release/sub/b'), place('other/.hidden'))
    const { status, statuses, paths } = await find([
      torrent,
      '--in',
      place('files'),
      '--in',
      place('other'),
    ])
    assert.deepEqual(statuses, ['found', 'empty', 'found', 'found'])
    const [a, empty, b, c] = [
      place('other/renamed'),
      null,
      place('other/.hidden'),
      place('files/release/sub/c'),
    ]
    assert.deepEqual(paths, [a, empty, b, c])
    assert.equal(status, 0)
  })
}

test('files that are not found are missing, and the status is 1', async (t) => {
  const { place, torrent } = await plant(t)
  rmSync(place('files/release/sub/b'))
  const { stdout } = assertStatus(await runBtkit(['find', torrent, '--in', place('files')]), 1)
  assert.match(stdout, /^\S+: found 1 of 4 files, 2 likely\n {2}likely {3}release\/a {2}\/\S+\/a /)
  assert.match(stdout, /\n {2}missing {2}release\/sub\/b\n/)
})

test('links have the names of the torrent, so that verify finds it whole', async (t) => {
  const { place, torrent } = await plant(t)
  renameSync(place('files/release/a'), place('files/x'))
  const args = ['find', torrent, '--in', place('files'), '--link', place('seeding')]
  for (const again of [args, args]) assert.equal((await runBtkit(again)).status, 0)
  assert.equal(statSync(place('seeding/release/a')).ino, statSync(place('files/x')).ino)
  const verified = await runBtkit(['verify', torrent, place('seeding')])
  assert.match(verified.stdout, /whole/)
})

test('two torrents of the same data are both found and linked', async (t) => {
  const { place, torrent } = await plant(t)
  copyFileSync(torrent, place('other.torrent'))
  const args = [torrent, place('other.torrent'), '--in', place('files'), '--link', place('s')]
  const { stdout } = assertStatus(await runBtkit(['find', ...args]), 0)
  assert.equal(stdout.match(/found 4 of 4 files/g)?.length, 2)
})

for (const version of [[], ['--v2'], ['--hybrid']]) {
  test(`a stored link is a link to find, verify and servers ${version.join('')}`, async (t) => {
    const { place, torrent } = await plant(t)
    const link = place('files/release/sub/link')
    symlinkSync('../a', link)
    const make = ['makemetafile', place('files/release'), '--trackerless', '--target', torrent]
    await runBtkit([...make, '--symlinks', 'store', '--force', '--no-cache', ...version])
    const args = ['find', torrent, '--in', place('files'), '--link', place('seeding')]
    for (const again of [args, args]) assert.equal((await runBtkit(again)).status, 0)
    assert.equal(readlinkSync(place('seeding/release/sub/link')), '../a')
    assert.equal((await runBtkit(['verify', torrent, place('seeding')])).status, 0)
    const names = ['a', 'empty', 'sub/b', 'sub/c'].map((name) => `release/${name}`)
    const served = names.map((name) => [name, readFileSync(place('files', name))] as const)
    const { url } = await serveFiles(t, Object.fromEntries(served))
    assert.equal((await runBtkit(['verify', torrent, '--data', url])).status, 0)
    const verified = async () => (await runBtkit(['verify', torrent, place('files')])).stdout
    assert.match(await verified(), /whole/)
    for (const [target, words] of [
      ['b', 'in its place is a link to sub/b, not to a'],
      ['/etc/passwd', 'in its place is a link to /etc/passwd, not to a'],
      ['', 'in its place is no link to a'],
    ] as const) {
      rmSync(link)
      if (target === '') writeFileSync(link, '')
      else symlinkSync(target, link)
      assert.match(await verified(), new RegExp(words))
    }
  })
}

const onlyRoot = { skip: process.getuid?.() !== 0 && 'only root can give links away' }

test('root makes no links behind a link of another user', onlyRoot, async (t) => {
  const { place, torrent } = await plant(t)
  for (const name of ['seeding', 'elsewhere']) mkdirSync(place(name))
  symlinkSync(place('elsewhere'), place('seeding/release'))
  lchownSync(place('seeding/release'), 1, 1)
  const args = ['find', torrent, '--in', place('files'), '--link', place('seeding')]
  const { stderr } = assertStatus(await runBtkit(args), 1)
  assert.match(stderr, /seeding\/release: is a link of user 1/)
  assert.deepEqual(readdirSync(place('elsewhere')), [])
})

test('a link never replaces a file, and the others are made', async (t) => {
  const { place, torrent } = await plant(t)
  mkdirSync(place('seeding/release'), { recursive: true })
  writeFileSync(place('seeding/release/a'), 'mine')
  const args = ['find', torrent, '--in', place('files'), '--link', place('seeding')]
  const { stderr } = assertStatus(await runBtkit(args), 1)
  assert.match(stderr, /seeding\/release\/a: /)
  assert.equal(statSync(place('seeding/release/a')).size, 4)
  assert.equal(statSync(place('seeding/release/sub/c')).size, 30_000)
  const value = parseJson(await runBtkit([...args, '--json']))
  assert.match(String(value['error']), /seeding\/release\/a: /)
})

test('a directory to search is needed', async (t) => {
  const { torrent } = await plant(t)
  const refused = await runBtkit(['find', torrent])
  const why = 'no directory to search; name one behind the torrents, or with --in'
  assertError(refused, 'usage', why)
  const mistyped = await runBtkit(['find', torrent, 'mistyped'])
  const where = 'mistyped: not a directory to search; name one behind the torrents, or with --in'
  assertError(mistyped, 'usage', where)
})

test('a renamed file of which a part is damaged is shown as damaged, not as missing', async (t) => {
  const { place, torrent } = await plant(t)
  const damaged = readFileSync(place('files/release/a'))
  damaged[50_000] = 1 + (damaged[50_000] ?? 0)
  rmSync(place('files/release/a'))
  writeFileSync(place('files/release/renamed'), damaged)
  const { status, statuses, paths } = await find([torrent, '--in', place('files')])
  assert.deepEqual([status, statuses], [1, ['damaged', 'empty', 'found', 'found']])
  assert.equal(paths[0], place('files/release/renamed'))
  // A file of the same size with other bytes is not it
  writeFileSync(place('files/release/renamed'), pseudoRandom(100_000, 9))
  const other = await find([torrent, '--in', place('files')])
  assert.equal(other.statuses[0], 'missing')
})

for (const names of [
  ['a', 'b'],
  ['a', 'b', 'c', 'd', 'e', 'f'],
]) {
  test(`${names.length} files of one size in one piece are found by other names`, async (t) => {
    const files = names.map((name, at) => [`x/${name}`, pseudoRandom(100, at)] as const)
    const directory = makeScratch(t, Object.fromEntries(files))
    const torrent = join(directory, 'x.torrent')
    const make = ['makemetafile', join(directory, 'x'), '--trackerless', '--no-cache']
    assertStatus(await runBtkit(make), 0)
    for (const step of [1, -1]) {
      const pool = makeScratch(t)
      const expected = names.map((name, at) => {
        const other = join(pool, `x${5 + step * at}`)
        copyFileSync(join(directory, 'x', name), other)
        return other
      })
      const { status, paths } = await find([torrent, '--in', pool])
      assert.deepEqual([status, paths], [0, expected])
    }
  })
}

for (const [what, change] of [
  ['damaged', { b: 'B' }],
  ['missing', { c: null }],
] as const) {
  test(`if a small file of a piece is ${what}, others of the piece are likely by name only`, async (t) => {
    const files = { a: 'a', b: 'b', c: 'c', other: 'other' }
    const directory = makeScratch(t, {
      ...Object.fromEntries(Object.entries(files).map(([name, text]) => [`x/${name}`, text])),
    })
    const [source, torrent] = [join(directory, 'x'), join(directory, 'x.torrent')]
    assertStatus(await runBtkit(['makemetafile', source, '--trackerless', '--no-cache']), 0)
    for (const [name, text] of Object.entries(change)) {
      if (text === null) rmSync(join(source, name))
      else writeFileSync(join(source, name), text)
    }
    const { status, paths } = await find([torrent, '--in', source])
    const there = Object.keys(files).filter((name) => !(what === 'missing' && name === 'c'))
    assert.equal(status, 1)
    assert.deepEqual(
      paths.filter((path) => path !== null),
      there.map((name) => join(source, name)),
    )
  })
}

/** Plants forty files of one size, and returns a function that gives them other names. */
function plantForty(t: TestContext) {
  const directory = makeScratch(t)
  const place = (name: string) => join(directory, name)
  for (const name of ['files', 'torrents', 'renamed']) mkdirSync(place(name))
  for (let i = 0; i < 40; i++) writeFileSync(place(`files/${i}`), pseudoRandom(70_001, i))
  const rename = () => {
    for (let i = 0; i < 40; i++) renameSync(place(`files/${i}`), place(`renamed/r${(i * 17) % 40}`))
  }
  return { place, rename }
}

for (const args of [[], ['--v2'], ['--piece-length', '256K']]) {
  const how = args.length > 0 ? ` made with ${args.join(' ')}` : ''
  test(`forty renamed files of one size are found for the torrents of each${how}`, async (t) => {
    const { place, rename } = plantForty(t)
    const make = ['completedir', '--trackerless', place('files'), '--no-cache']
    assertStatus(await runBtkit([...make, '--target', place('torrents'), ...args]), 0)
    rename()
    const search = ['find', place('torrents'), '--in', place('renamed')]
    const { stdout } = assertStatus(await runBtkit(search), 0)
    for (let i = 0; i < 40; i++)
      assert.match(stdout, new RegExp(`  found +${i}  ${place('renamed')}/r${(i * 17) % 40}\n`))
  })
}

for (const args of [[], ['--v2']]) {
  test(`forty renamed volumes of one torrent are found, ${args[0] ?? '--v1'}`, async (t) => {
    const { place, rename } = plantForty(t)
    const torrent = place('set.torrent')
    const make = ['makemetafile', place('files'), '--trackerless', '--target', torrent]
    assertStatus(await runBtkit([...make, '--no-cache', '--piece-length', '16K', ...args]), 0)
    rename()
    const { statuses } = await find([torrent, '--in', place('renamed')])
    assert.deepEqual(statuses, new Array<string>(40).fill('found'))
  })
}

test('names that are not UTF-8 are reported, and data beside them is found', async (t) => {
  const { place, torrent } = await plant(t)
  writeFileSync(Buffer.concat([Buffer.from(place('files/')), Buffer.from('caf\xe9', 'latin1')]), '')
  const { status, stderr, statuses } = await find([torrent, '--in', place('files')])
  const warning = `btkit: warning: ${place('files')}/caf\\xe9: the name is not valid UTF-8\n`
  assert.deepEqual([status, stderr], [0, warning])
  assert.deepEqual(statuses, ['found', 'empty', 'found', 'found'])
})

test('a directory that cannot be read is reported', unlessAlwaysPermitted, async (t) => {
  const { place, torrent } = await plant(t)
  renameSync(place('files/release/a'), place('files/renamed'))
  mkdirSync(place('files/shut'), { mode: 0 })
  const args = ['find', torrent, '--in', place('files')]
  chmodSync(place('.'), 0o755)
  const { status, stdout, stderr } = await runExecutable('btkit', args, unprivileged)
  assert.match(stdout, /: found 4 of 4 files\n/)
  const warning = `btkit: warning: ${place('files')}/shut: permission denied\n`
  assert.deepEqual([status, stderr], [0, warning])
})

test(
  'a file that may be the data and cannot be read is reported',
  unlessAlwaysPermitted,
  async (t) => {
    const { place, torrent } = await plant(t)
    chmodSync(place('files/release/a'), 0)
    chmodSync(place('.'), 0o755)
    const args = ['find', torrent, '--in', place('files')]
    const { status, stdout, stderr } = await runExecutable('btkit', args, unprivileged)
    assert.match(stdout, /missing {2}release\/a\n/)
    const warning = `btkit: warning: ${place('files/release/a')}: permission denied\n`
    assert.deepEqual([status, stderr], [1, warning])
  },
)

test('a file is found only if its pieces prove all of it, and likely if they prove a part', async (t) => {
  const { place, torrent } = await plantOther(t)
  const args = [torrent, '--in', place('pool')]
  const { status, statuses, paths, unproven } = await find(args)
  assert.deepEqual([status, statuses], [1, ['missing', 'likely']])
  assert.deepEqual(paths, [null, place('pool/other')])
  assert.deepEqual(unproven, [[], [[0, 16_374]]])
  const { stdout } = await runBtkit(['find', ...args])
  assert.match(stdout, /: found 0 of 2 files, 1 likely\n/)
  assert.match(stdout, / likely {3}set\/b {2}\S+\/other {2}\(16374 of 36374 bytes unproven\)\n/)
  // Together they are bad, and one of them is another file
  copyFileSync(place('set/a'), place('pool/a'))
  assert.deepEqual((await find(args)).statuses, ['likely', 'likely'])
  // The right file has good pieces only, and goes before the other one
  copyFileSync(place('set/b'), place('pool/z'))
  const found = await find(args)
  assert.deepEqual(
    [found.status, found.statuses, found.unproven],
    [0, ['found', 'found'], [[], []]],
  )
  assert.deepEqual(found.paths, [place('pool/a'), place('pool/z')])
})

test('a likely file is never linked, and copied with --likely', async (t) => {
  const { place, torrent, other } = await plantOther(t)
  const args = ['find', torrent, '--in', place('pool'), '--link', place('seeding')]
  const { stderr } = assertStatus(await runBtkit(args), 1)
  assert.match(stderr, /set\.torrent: did not link 1 likely file; --likely copies them\n/)
  assert.equal(existsSync(place('seeding/set/b')), false)
  assertError(await runBtkit([...args.slice(0, -2), '--likely']), 'usage', '--likely needs --link')
  assertQuietly(await runBtkit([...args, '--likely']))
  assert.deepEqual(readdirSync(place('seeding/set')), ['b'])
  const copy = statSync(place('seeding/set/b'))
  assert.deepEqual([copy.nlink, statSync(place('pool/other')).nlink], [1, 1])
  // A client makes the copy whole
  copyFileSync(place('set/b'), place('seeding/set/b'))
  assertQuietly(await runBtkit([...args, '--likely']))
  assert.deepEqual(readFileSync(place('seeding/set/b')), readFileSync(place('set/b')))
  assert.deepEqual(readFileSync(place('pool/other')), other)
  // Another file is never replaced
  writeFileSync(place('seeding/set/b'), 'mine')
  const refused = parseJson(await runBtkit([...args, '--likely', '--json']))
  const { error, code } = refused
  assert.deepEqual([error, code], [`${place('seeding/set/b')}: is another file`, 'exists'])
})

/** Asserts that a run did what it could, and had nothing to say of it. */
function assertQuietly({ status, stderr }: RunResult) {
  assert.deepEqual([status, stderr], [1, ''])
}
