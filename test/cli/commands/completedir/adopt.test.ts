import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { TorrentRecords } from '../../../../src/disk/state/torrent-log.js'
import { decodeTorrent, independentInfoHash } from '../../../support/decode-torrent.js'
import { aheadOfFiles, entriesOf, Mirror } from '../../../support/mirror.js'
import { pseudoRandom } from '../../../support/pseudo-random.js'
import { assertError, assertQuiet, assertStatus, runBtkit } from '../../../support/run-btkit.js'
import type { Files } from '../../../support/scratch.js'
import { directoryInfo, torrentOf, TRACKER, type PlainDict } from '../../../support/torrents.js'

const OLD = 'http://old.example/announce'
const PIECE = 2 ** 18
const SIZE = 300_000
const FILES: Files = {
  a: pseudoRandom(SIZE, 1),
  b: pseudoRandom(SIZE, 2),
  'tree/x': pseudoRandom(SIZE, 3),
  'tree/sub/y': pseudoRandom(SIZE, 4),
}
const ENTRIES = ['a', 'b', 'tree']

/** Makes the torrents of a mirror's entries, as before somebody knew of completedir. */
async function makeOld(mirror: Mirror, args: readonly string[] = [], names = ENTRIES) {
  const sources = names.map((name) => mirror.at(name))
  const places = ['--target', mirror.target, '--cache-dir', mirror.cache]
  const make = ['makemetafile', OLD, ...sources, ...places, '--piece-size-pow2', '18', '--quiet']
  assertQuiet(await runBtkit([...make, ...args], { now: aheadOfFiles }))
}

async function oldMirror(t: TestContext, args: readonly string[] = []): Promise<Mirror> {
  const mirror = new Mirror(t, FILES)
  await makeOld(mirror, args)
  return mirror
}

function hashesOf(mirror: Mirror): string[] {
  return ENTRIES.map((name) => independentInfoHash(readFileSync(mirror.torrent(name))))
}

function torrentIn(mirror: Mirror, name = 'a') {
  return decodeTorrent(readFileSync(mirror.torrent(name)))
}

const LEFT = 'not recorded as written by completedir, and left unchanged'
const ADVICE = '--adopt checks its content and keeps its info hash'

test('foreign torrents are reported with advice; with --quiet, only if they changed', async (t) => {
  const mirror = await oldMirror(t)
  const names = ENTRIES.map((name) => mirror.torrent(name)).join(', ')
  const fits = '(files of the same names and sizes, pieces of 256 KiB)'
  const said = `btkit: warning: 3 entries (${names}): ${LEFT} ${fits}: ${ADVICE}\n`
  const quietly = async (args: string[] = []) => {
    const { status, stdout, stderr } = await mirror.run(['--quiet', ...args])
    assert.deepEqual([status, stdout], [0, ''])
    return stderr
  }
  assert.equal(await quietly(['--dry-run']), said)
  assert.equal(await quietly(), said)
  for (let i = 0; i < 3; i++) assert.equal(await quietly(), '')
  assert.equal((await mirror.run()).stderr, said)
  const { skipped } = await mirror.report()
  assert.deepEqual(
    skipped,
    ENTRIES.map((name) => ({ ...mirror.paths(name), reason: 'foreign', pieceLength: PIECE })),
  )
  rmSync(mirror.torrent('b'))
  assert.match(await quietly(), /^btkit: warning: 2 entries \(/)
  assert.equal(await quietly(), '')
})

test('adopted torrents keep their info, and get only the values of options that were given', async (t) => {
  const mirror = await oldMirror(t, ['--comment', 'old'])
  const [before, infos] = [hashesOf(mirror), ENTRIES.map((name) => torrentIn(mirror, name).info)]
  const { adopted, updated, skipped, bytesHashed } = await mirror.report([
    '--adopt',
    '--comment',
    'new',
  ])
  assert.deepEqual([entriesOf(adopted), updated, skipped], [ENTRIES, [], []])
  assert.equal(bytesHashed, 0)
  assert.deepEqual(
    adopted.map(({ infoHash, oldInfoHash }) => [infoHash, oldInfoHash]),
    before.map((hash) => [hash, hash]),
  )
  assert.deepEqual(hashesOf(mirror), before)
  for (const [i, name] of ENTRIES.entries()) {
    const { announce, comment, info } = torrentIn(mirror, name)
    assert.deepEqual([announce, comment, info], ['http://t.example/announce', 'new', infos[i]])
  }
})

/** Values of another program, which no option of a plain run names. */
const OTHERS = {
  announce: 'http://t.example/announce',
  'announce-list': [['http://t.example/announce'], ['udp://u.example:69']],
  'url-list': 'http://m.example/a',
  httpseeds: ['http://h.example/'],
  comment: 'GPG key 0xABCD',
  'created by': 'mktorrent 1.1',
  'creation date': 1_600_000_000,
}

function plantOthers(t: TestContext, beside: PlainDict) {
  const mirror = new Mirror(t, { a: FILES['a']! })
  const content = Buffer.from(FILES['a']!)
  const pieces = Buffer.concat([sha1(content.subarray(0, PIECE)), sha1(content.subarray(PIECE))])
  const info = { length: SIZE, name: 'a', 'piece length': PIECE, pieces }
  const bytes = Buffer.from(torrentOf(info, beside))
  writeFileSync(mirror.torrent('a'), bytes)
  return { mirror, bytes }
}

test('a torrent of another program is adopted without changing a byte', async (t) => {
  for (const beside of [OTHERS, { 'announce-list': OTHERS['announce-list'] }, {}]) {
    const { mirror, bytes } = plantOthers(t, beside)
    const hasTracker = 'announce-list' in beside
    const args = hasTracker ? [] : ['--comment', 'new']
    const { adopted } = await mirror.report(['--adopt'])
    assert.deepEqual(entriesOf(adopted), ['a'])
    const expected = hasTracker ? bytes : torrentIn(mirror)
    if (hasTracker) assert.deepEqual(readFileSync(mirror.torrent('a')), expected)
    else assert.deepEqual(Object.keys(torrentIn(mirror)).sort(), ['announce', 'info'])
    assert.equal((await mirror.report()).unchanged, 1)
    await mirror.report(args)
  }
})

test('a dry run and the report name what an adopted torrent would lose or get', async (t) => {
  const { mirror } = plantOthers(t, OTHERS)
  const args = ['--adopt', '--comment', 'new', '--web-seed', 'http://new.example/a']
  const changes = '--comment, --web-seed'
  for (const [more, line] of [
    [['--dry-run'], ` (or leave it: its content must be read): would change ${changes}`],
    [[], `: changed ${changes}`],
  ] as const) {
    const { stdout } = await mirror.run([...args, ...more])
    const [first = ''] = stdout.split('\n')
    assert.ok(first.endsWith(`${mirror.torrent('a')}${line}`), first)
  }
  const { comment, 'url-list': seeds, info: _, ...others } = torrentIn(mirror)
  assert.deepEqual([comment, seeds], ['new', ['http://new.example/a']])
  const { comment: _c, 'url-list': _s, ...before } = OTHERS
  assert.deepEqual(others, before)
})

test('a tracker of the command that an adopted torrent lacks replaces its first one', async (t) => {
  const { mirror } = plantOthers(t, {
    ...OTHERS,
    announce: OLD,
    'announce-list': [[OLD], ['udp://u.example:69']],
  })
  const { stdout } = await mirror.run(['--adopt'])
  assert.match(
    stdout,
    /^adopted \S+: changed (the tracker, --announce-list|--announce-list, the tracker)\n/,
  )
  const { announce, 'announce-list': list } = torrentIn(mirror)
  const tracker = 'http://t.example/announce'
  assert.deepEqual([announce, list], [tracker, [[tracker], ['udp://u.example:69']]])
})

test('the info of an adopted torrent stays while its content does', async (t) => {
  const mirror = await oldMirror(t)
  const before = hashesOf(mirror)
  await mirror.report(['--adopt'])
  const { updated } = await mirror.report(['--comment', 'later', '--private'])
  assert.deepEqual(entriesOf(updated), ENTRIES)
  assert.deepEqual([hashesOf(mirror), torrentIn(mirror)['comment']], [before, 'later'])
  for (const name of ['a', 'tree/x']) utimesSync(mirror.at(name), 1e9, 1e9)
  const touched = await mirror.report()
  assert.deepEqual([hashesOf(mirror), touched.failed], [before, []])
  assert.equal((await mirror.report()).unchanged, 3)
  writeFileSync(mirror.at('a'), pseudoRandom(SIZE, 5))
  const changed = await mirror.report()
  assert.deepEqual(entriesOf(changed.updated), ['a'])
  const { info } = torrentIn(mirror)
  await mirror.report(['--force'])
  assert.deepEqual(torrentIn(mirror).info, info)
})

test('a torrent of other content is reported and stays', async (t) => {
  const mirror = await oldMirror(t)
  const bytes = readFileSync(mirror.torrent('a'))
  writeFileSync(mirror.at('a'), pseudoRandom(SIZE, 6))
  const { status, stdout, stderr: said } = await mirror.run(['--adopt'])
  assert.equal(status, 1)
  assert.ok(said.startsWith(`btkit: ${mirror.torrent('a')}: does not match its source`), said)
  assert.match(
    stdout,
    /^adopted .*b\.torrent: .*\nadopted .*tree\.torrent: .*\nskipped .*: outdated\n/,
  )
  assert.match(stdout, /created 0, updated 0, adopted 2, unchanged 0, /)
  assert.deepEqual(readFileSync(mirror.torrent('a')), bytes)
  assert.equal((await mirror.run(['--adopt', '--quiet'])).stderr, said)
  const later = await mirror.run([])
  assert.deepEqual([later.status, later.stderr], [1, said], 'what is known is not forgotten')
})

for (const [what, option] of [
  ['a hidden file', '--hidden'],
  ['a link that leads outside', '--symlinks follow'],
] as const) {
  test(`a torrent with ${what} is not adopted, and the option that includes it is named`, async (t) => {
    const mirror = new Mirror(t, { 'tree/x': 'x' })
    if (option === '--hidden') writeFileSync(mirror.at('tree/.info'), 'h')
    else symlinkSync('/etc/hostname', mirror.at('tree/name'))
    const args = [mirror.at('tree'), TRACKER, '-o', mirror.torrent('tree'), '--comment', 'theirs']
    assertStatus(await runBtkit(['makemetafile', ...args, ...option.split(' ')]), 0)
    const before = readFileSync(mirror.torrent('tree'))
    const { stderr } = assertStatus(await mirror.run(['--adopt']), 0)
    assert.match(stderr, /tree\.torrent: not recorded .*: it has a file that is skipped here/)
    assert.ok(stderr.includes(`; ${option} includes it)`), stderr)
    assert.doesNotMatch(stderr, /delete|--force/)
    assert.deepEqual(readFileSync(mirror.torrent('tree')), before)
    const { adopted } = await mirror.report(['--adopt', ...option.split(' ')])
    assert.deepEqual(entriesOf(adopted), ['tree'])
  })
}

test('a dry run says what it would adopt, and whether it had to read', async (t) => {
  const mirror = await oldMirror(t)
  const bytes = readFileSync(mirror.torrent('a'))
  const args = ['--adopt', '--dry-run']
  const { stdout } = await mirror.run(args)
  assert.match(
    stdout,
    /^would adopt .*a\.torrent: would change the tracker\nwould adopt .*b\.torrent: /,
  )
  const unread = await mirror.run([...args, '--no-cache'])
  assert.match(
    unread.stdout,
    /^would adopt .*a\.torrent \(or leave it: its content must be read\): would change the tracker\n/,
  )
  assert.deepEqual(entriesOf((await mirror.report(args)).adopted), ENTRIES)
  assert.deepEqual(readFileSync(mirror.torrent('a')), bytes)
  assert.ok(!existsSync(join(mirror.state, 'reported')))
  assert.equal((await mirror.report()).skipped.length, 3)
})

for (const version of ['--v2', '--hybrid']) {
  test(`a torrent made with ${version} is adopted as it is`, async (t) => {
    const mirror = new Mirror(t, FILES)
    await makeOld(mirror, [version])
    const before = ENTRIES.map((name) => torrentIn(mirror, name))
    const { adopted, bytesHashed } = await mirror.report(['--adopt'])
    assert.deepEqual([entriesOf(adopted), bytesHashed], [ENTRIES, 0])
    for (const [i, name] of ENTRIES.entries()) {
      const { info, announce, 'piece layers': layers } = torrentIn(mirror, name)
      assert.deepEqual(info, before[i]?.info)
      assert.deepEqual(layers, before[i]?.['piece layers'])
      assert.equal(announce, 'http://t.example/announce')
    }
    assert.equal((await mirror.report()).unchanged, 3)
    writeFileSync(mirror.at('a'), pseudoRandom(SIZE, 7))
    assert.deepEqual(entriesOf((await mirror.report()).updated), ['a'])
  })
}

function sha1(...parts: (string | Uint8Array)[]): Buffer {
  return createHash('sha1')
    .update(Buffer.concat(parts.map((part) => Buffer.from(part))))
    .digest()
}

/** Torrents of other programs of a directory with files x and y. */
const OF_OTHERS: Record<string, readonly [info: PlainDict, isAdopted: boolean]> = {
  'files in another order': [
    directoryInfo([file('y'), file('x')], { name: 'd', pieces: sha1('yyyyyxxxxx') }),
    true,
  ],
  'pad files': [
    directoryInfo([file('x'), { length: 16379, path: ['.pad', '16379'], attr: 'p' }, file('y')], {
      name: 'd',
      pieces: Buffer.concat([sha1('xxxxx', new Uint8Array(16379)), sha1('yyyyy')]),
    }),
    true,
  ],
  'other keys in info': [
    directoryInfo([file('x'), file('y')], { name: 'd', pieces: sha1('xxxxxyyyyy'), other: 'kept' }),
    true,
  ],
  'pieces of three bytes': [
    directoryInfo([file('x'), file('y')], {
      name: 'd',
      'piece length': 3,
      pieces: Buffer.concat(['xxx', 'xxy', 'yyy', 'y'].map((piece) => sha1(piece))),
    }),
    true,
  ],
  'other pieces': [directoryInfo([file('x'), file('y')], { name: 'd' }), false],
  'a file twice': [
    directoryInfo([file('x'), file('x')], { name: 'd', pieces: sha1('xxxxxxxxxx') }),
    false,
  ],
  'another name': [
    directoryInfo([file('x'), file('y')], { name: 'e', pieces: sha1('xxxxxyyyyy') }),
    false,
  ],
  'a file that is not there': [
    directoryInfo([file('x'), file('z')], { name: 'd', pieces: sha1('xxxxxyyyyy') }),
    false,
  ],
}

function file(name: string) {
  return { length: 5, path: [name] }
}

for (const [what, [info, isAdopted]] of Object.entries(OF_OTHERS)) {
  test(`a torrent with ${what} is ${isAdopted ? 'adopted' : 'left'}`, async (t) => {
    const mirror = new Mirror(t, { 'd/x': 'xxxxx', 'd/y': 'yyyyy' })
    const beside = { announce: OLD, 'announce-list': [[OLD]], publisher: 'me', comment: 'c' }
    const bytes = torrentOf(info, beside)
    writeFileSync(mirror.torrent('d'), bytes)
    const { adopted, skipped } = await mirror.report(['--adopt'])
    assert.deepEqual([adopted.length, skipped.length], isAdopted ? [1, 0] : [0, 1])
    if (!isAdopted) {
      assert.deepEqual(readFileSync(mirror.torrent('d')), Buffer.from(bytes))
      return
    }
    const { announce, 'announce-list': list, publisher, comment } = torrentIn(mirror, 'd')
    assert.deepEqual(
      [announce, list, publisher, comment],
      ['http://t.example/announce', [['http://t.example/announce']], 'me', 'c'],
    )
    const hash = independentInfoHash(Buffer.from(bytes))
    assert.equal(independentInfoHash(readFileSync(mirror.torrent('d'))), hash)
    assert.equal((await mirror.report()).unchanged, 1)
  })
}

test('a run that was killed before the torrent was replaced leaves one that is adopted', async (t) => {
  const mirror = await oldMirror(t)
  const bytes = ENTRIES.map((name) => readFileSync(mirror.torrent(name)))
  const before = hashesOf(mirror)
  await mirror.report(['--adopt', '--comment', 'new'])
  const records = new TorrentRecords({
    stateDirectory: mirror.state,
    root: mirror.target,
    isReadOnly: false,
    now: Date.now,
    warn: assert.ifError,
  })
  const log = records.in('')
  for (const [i, name] of ENTRIES.entries()) {
    const record = log.get(`${name}.torrent`)
    assert.ok(record)
    const old = createHash('sha256')
      .update(bytes[i] ?? '')
      .digest()
    const replaced = { ...record.written, file: old }
    const NONE = new Uint8Array(0)
    log.put(`${name}.torrent`, { ...record, input: NONE, fingerprint: NONE, replaced })
    writeFileSync(mirror.torrent(name), bytes[i] ?? '')
  }
  await records.close()
  const { failed, skipped } = await mirror.report(['--comment', 'new'])
  assert.deepEqual([failed, skipped, hashesOf(mirror)], [[], [], before])
  assert.equal((await mirror.report(['--comment', 'new'])).unchanged, 3)
})

test('an adopted torrent whose source is gone is pruned, unless it was edited', async (t) => {
  const mirror = await oldMirror(t)
  for (const name of ['a', 'b'])
    assertStatus(await runBtkit(['edit', '--set', 'publisher="me"', mirror.torrent(name)]), 0)
  await mirror.report(['--adopt'])
  await mirror.report(['--comment', 'later'])
  assertStatus(await runBtkit(['edit', '--set', 'publisher="you"', mirror.torrent('b')]), 0)
  await mirror.report(['--comment', 'latest'])
  for (const name of ['a', 'b']) rmSync(mirror.at(name))
  assert.deepEqual(entriesOf((await mirror.report(['--prune'])).removed), ['a'])
})

test('--force says the old and the new info hash, and goes not with --adopt', async (t) => {
  const mirror = await oldMirror(t)
  const [before = ''] = hashesOf(mirror)
  const { stdout } = await mirror.run(['--force'])
  const [after = ''] = hashesOf(mirror)
  assert.ok(
    stdout.startsWith(`updated ${mirror.torrent('a')}: info hash ${after}, was ${before} (`),
  )
  const refused = await mirror.run(['--force', '--adopt'])
  assertError(refused, 'usage', '--adopt and --force cannot be used together')
})
