import assert from 'node:assert/strict'
import { rmSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Invocation } from '../../../../src/cli/context.js'
import { version } from '../../../../src/base/process.js'
import { NOW, assertQuiet, parseJson, runBtkit } from '../../../support/run-btkit.js'
import { makeScratch, plantFiles, plantSparse } from '../../../support/scratch.js'
import { makeWorkplace } from './make.js'
import { TRACKER } from '../../../support/torrents.js'

const CREATOR = `btkit ${version()}`
const [A, B, C] = [TRACKER, 'udp://b.example:80', 'wss://c.example/x']

/** Each option and what it puts into the torrent beside its info. */
const EFFECTS: readonly (readonly [args: string[], effect: Record<string, unknown>])[] = [
  [[], { announce: A, 'created by': CREATOR, 'creation date': NOW }],
  [['--announce-list', `${A},${B}|${C}`], { 'announce-list': [[A, B], [C]] }],
  [['--announce_list', A], { 'announce-list': [[A]] }],
  [['--httpseeds', 'http://s/|http://u/'], { httpseeds: ['http://s/', 'http://u/'] }],
  [['-w', 'http://w/,http://x/'], { 'url-list': ['http://w/', 'http://x/'] }],
  [['-c', 'x', '-d'], { comment: 'x', 'creation date': undefined }],
  [['-dt1', '-cx y'], { comment: 'x y', 'creation date': undefined }],
  [['--web-seed', 'http://w/', '--web_seed=ftp://x/'], { 'url-list': ['http://w/', 'ftp://x/'] }],
  [
    ['--node', 'h:1', '--node', '[::1]:2'],
    {
      nodes: [
        ['h', 1],
        ['::1', 2],
      ],
    },
  ],
  [['--comment', 'é 日本'], { comment: 'é 日本' }],
  [['--comment', ''], { comment: undefined }],
  [['--created-by', 'me'], { 'created by': 'me' }],
  [['--created-by', ''], { 'created by': undefined }],
  [['--no-created-by'], { 'created by': undefined }],
  [['--date', '5'], { 'creation date': 5 }],
  [['--date', '0'], { 'creation date': 0 }],
  [['--date', '2026-11-20'], { 'creation date': 1_795_132_800 }],
  [['--date', 'now'], { 'creation date': NOW }],
  [['--no-date'], { 'creation date': undefined }],
  [['--no_date'], { 'creation date': undefined }],
]

for (const [args, effect] of EFFECTS) {
  test(`makemetafile ${args.join(' ')}: ${JSON.stringify(effect)}`, async (t) => {
    const { make, torrent } = makeWorkplace(t)
    assertQuiet(await make(args))
    const made = torrent()
    const seen = Object.fromEntries(Object.keys(effect).map((key) => [key, made[key]]))
    assert.deepEqual(seen, effect)
  })
}

test('a tracker that is an argument may have a comma in its address', async (t) => {
  const [odd, other] = ['http://tracker.example/announce?k=1,2', 'udp://b.example:80']
  const { source, torrent } = makeWorkplace(t)
  assertQuiet(await runBtkit(['makemetafile', source, `${odd},${other}`]))
  const { announce, 'announce-list': list } = torrent()
  assert.deepEqual([announce, list], [odd, [[odd, other]]])
})

test('without options a torrent has only these keys', async (t) => {
  const { make, torrent } = makeWorkplace(t)
  await make([])
  assert.deepEqual(Object.keys(torrent()), ['announce', 'created by', 'creation date', 'info'])
  assert.deepEqual(Object.keys(torrent().info), ['length', 'name', 'piece length', 'pieces'])
})

/** Each option and what it changes in the info. */
for (const [args, changes] of [
  [['--private'], { private: 1 }],
  [['--source', 'TAG'], { source: 'TAG' }],
  [['--source', ''], {}],
  [['-p', '-s', 'TAG', '-l', '15'], { private: 1, source: 'TAG', 'piece length': 32768 }],
  [['--piece-length', '1MiB'], { 'piece length': 2 ** 20 }],
  [['--piece-length', 'auto'], { 'piece length': 32768 }],
  [['--piece-size-pow2', '14'], { 'piece length': 16384 }],
  [['--piece_size_pow2', '0'], { 'piece length': 32768 }],
  [['--piece-size-pow2=auto'], { 'piece length': 32768 }],
  [['--piece-size-pow2=30'], { 'piece length': 2 ** 30 }],
] as const) {
  test(`makemetafile ${args.join(' ')} makes info ${JSON.stringify(changes)}`, async (t) => {
    const { make, torrent } = makeWorkplace(t)
    await make([])
    const plain = torrent().info
    await make([...args, '--force'])
    assert.deepEqual(torrent().info, { ...plain, ...changes })
  })
}

test('--name names the torrent and its file', async (t) => {
  const { make, torrent } = makeWorkplace(t)
  await make(['--name', 'ü x'])
  assert.equal(torrent('ü x.torrent').info['name'], 'ü x')
})

test('-n and -o name the torrent and the file to write', async (t) => {
  const { make, at, torrent } = makeWorkplace(t)
  for (const args of [
    ['-n', 'x', '-o', at('y')],
    ['-nx', '--output', at('y')],
  ]) {
    await make(args)
    assert.equal(torrent('y').info['name'], 'x')
    rmSync(at('y'))
  }
})

/** Trackers as mktorrent takes them, and other ways to do without an argument for one. */
for (const [args, announce, list] of [
  [['-a', A], A, undefined],
  [['-a', `${A},${B}`], A, [[A, B]]],
  [['-a', A, '-a', `${B},${C}`], A, [[A], [B, C]]],
  [[`${A}|${B},${C}`], A, [[A], [B, C]]],
  [['--announce-list', `${B}|${A}`], B, [[B], [A]]],
  [['-a', A, '--announce-list', `${B}|${A}`], A, [[B], [A]]],
  [['--trackerless'], undefined, undefined],
  [['--node', 'h:1'], undefined, undefined],
  [['--web-seed', 'http://w/'], undefined, undefined],
  [['--httpseeds', 'http://w/'], undefined, undefined],
] as const) {
  test(`makemetafile FILE ${args.join(' ')} announces to ${announce ?? 'nobody'}`, async (t) => {
    const { source, torrent } = makeWorkplace(t)
    assertQuiet(await runBtkit(['makemetafile', source, ...args]))
    assert.deepEqual([torrent()['announce'], torrent()['announce-list']], [announce, list])
  })
}

test('--date mtime is the date of the file', async (t) => {
  const { make, torrent, source } = makeWorkplace(t)
  utimesSync(source, 0, 1_234_567_890)
  await make(['--date', 'mtime'])
  assert.equal(torrent()['creation date'], 1_234_567_890)
})

for (const [what, args, env] of [
  ['--date', ['--date', '9007199254740991'], {}],
  ['SOURCE_DATE_EPOCH', [], { SOURCE_DATE_EPOCH: '999999999999999' }],
] as const) {
  test(`a ${what} that no reader of the torrent can show is refused`, async (t) => {
    const { make } = makeWorkplace(t)
    assert.equal((await make(args, { env })).status, 2)
  })
}

test('SOURCE_DATE_EPOCH is the date, unless it is empty, or --date or --no-date says otherwise', async (t) => {
  const { make, torrent } = makeWorkplace(t)
  for (const [SOURCE_DATE_EPOCH, args, date] of [
    ['77', [], 77],
    ['77', ['--date', '5'], 5],
    ['77', ['--no-date'], undefined],
    ['', [], NOW],
  ] as const) {
    await make(args, { env: { SOURCE_DATE_EPOCH } })
    assert.equal(torrent()['creation date'], date)
  }
})

for (const [args, paths] of [
  [[], ['a.iso', 'docs/b.txt', 'docs/c.iso']],
  [
    ['--include', '*.iso'],
    ['a.iso', 'docs/c.iso'],
  ],
  [
    ['--include', '*.iso', '--include', '*.txt'],
    ['a.iso', 'docs/b.txt', 'docs/c.iso'],
  ],
  [['--exclude', '*.iso'], ['docs/b.txt']],
  [['--exclude=docs/'], ['a.iso']],
  [['--include', 'docs/', '--exclude', '*.iso'], ['docs/b.txt']],
  [['--all'], ['.hidden', 'Thumbs.db', 'a.iso', 'docs/b.txt', 'docs/c.iso']],
] as const) {
  test(`makemetafile ${args.join(' ')} takes ${paths.join(' ')}`, async (t) => {
    const { at, directory, torrent } = makeWorkplace(t)
    const names = ['a.iso', 'docs/b.txt', 'docs/c.iso', '.hidden', 'Thumbs.db']
    plantFiles(at('d'), Object.fromEntries(names.map((name) => [name, '1'])))
    await runBtkit(['makemetafile', join(directory, 'd'), TRACKER, ...args])
    const files = torrent('d.torrent').info['files'] as { path: string[] }[]
    assert.deepEqual(
      files.map(({ path }) => path.join('/')),
      paths,
    )
  })
}

test('any number of threads makes the same torrent', async (t) => {
  const directory = makeScratch(t, { big: Buffer.alloc(20_000_000, 'x') })
  const hashes = new Set<string>()
  for (const threads of ['1', '2', '256']) {
    const args = ['makemetafile', join(directory, 'big'), TRACKER, '--threads', threads]
    const { stdout } = await runBtkit(args)
    hashes.add(/info hash: (\w+)/.exec(stdout)![1]!)
  }
  assert.equal(hashes.size, 1)
})

const GIB = 2 ** 30

/** The output of a dry run for a file of that many bytes. */
async function plan(
  t: Parameters<typeof makeScratch>[0],
  { size, args = [], legacy }: { size: number; args?: string[]; legacy?: Partial<Invocation> },
) {
  const source = plantSparse(makeScratch(t), 'a', size)
  const common = [source, TRACKER, '--dry-run', ...args]
  const result = await runBtkit(legacy ? common : ['makemetafile', ...common], legacy)
  return { source, ...result }
}

for (const [size, pieces] of [
  [2 ** 22, 2 ** 15],
  [2 ** 22 + 1, 2 ** 16],
  [2 ** 29 + 1, 2 ** 19],
  [14 * GIB, 2 ** 21],
] as const) {
  test(`${size} bytes have pieces of ${pieces} unless another length is asked for`, async (t) => {
    const result = await plan(t, { size, args: ['--json'] })
    const { pieceLength, automaticPieceLength } = parseJson(result)
    assert.deepEqual([pieceLength, automaticPieceLength], [pieces, true])
  })
}

for (const [what, size, args] of [
  ['of 14 GiB with -l 18', 14 * GIB, ['-l', '18']],
  ['of 14 GiB with --piece-size-pow2 18', 14 * GIB, ['--piece-size-pow2', '18']],
  ['of 14 GiB with --piece-length 256KiB', 14 * GIB, ['--piece-length', '256KiB']],
] as const) {
  test(`a torrent ${what} has pieces of 2^18`, async (t) => {
    const { stdout, stderr } = await plan(t, { size, args: [...args] })
    assert.equal(stderr, '')
    assert.match(stdout, /pieces of 256 KiB\n$/)
  })
}

for (const program of ['btmakemetafile', 'btmakemetafile.py', 'btmakemetafile.bittorrent']) {
  test(`${program} keeps 2^18`, async (t) => {
    const legacy = { program, subcommand: 'makemetafile' }
    const { stdout } = assertQuiet(await plan(t, { size: 14 * GIB, legacy }))
    assert.match(stdout, /in 57344 pieces of 256 KiB\n$/)
  })
}

test('a length by request is automatic in JSON', async (t) => {
  const result = await plan(t, { size: 5, args: ['--json', '--piece-length', 'auto'] })
  assert.equal(parseJson(result)['automaticPieceLength'], true)
})
