import assert from 'node:assert/strict'
import { readFileSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseMetainfo } from '../../../../src/metainfo/parse/metainfo.js'
import { assertError, inputOf, parseJson, runBtkit } from '../../../support/run-btkit.js'
import { makeScratch } from '../../../support/scratch.js'
import { singleFileInfo, torrentOf, type PlainDict } from '../../../support/torrents.js'

const OLD = 'http://old.example/announce'
const NEW = 'http://new.example/announce'
const BOTH = { announce: OLD, 'announce-list': [[OLD, 'udp://b:1'], ['http://c/x']] }
const HASH = parseMetainfo(torrentOf(singleFileInfo())).infoHash

const torrent = (beside: PlainDict) => torrentOf(singleFileInfo(), beside)

function trackersOf(path: string) {
  const { announce, announceList } = parseMetainfo(readFileSync(path))
  return [announce, announceList]
}

const LEGACY = { program: 'btreannounce', subcommand: 'reannounce' }

test('btreannounce prints the old trackers, and its form removes a list', async (t) => {
  const root = makeScratch(t, { a: torrent(BOTH), b: torrent({ announce: OLD }), c: torrent({}) })
  const [a, b, c] = ['a', 'b', 'c'].map((name) => join(root, name))
  const { status, stdout, stderr } = await runBtkit([NEW, a!, b!, c!], LEGACY)
  assert.equal(
    stdout,
    `old announce for ${a}: ${OLD}\n` +
      `old announce-list for ${a}: ${OLD},udp://b:1|http://c/x\n` +
      `old announce for ${b}: ${OLD}\n`,
  )
  assert.deepEqual([status, stderr], [0, ''])
  for (const file of [a, b, c]) {
    assert.deepEqual(readFileSync(file!), Buffer.from(torrent({ announce: NEW })))
  }
})

test('a tracker that the list lacks gets a warning', async (t) => {
  const root = makeScratch(t, { a: torrent({ announce: OLD }) })
  const args = [NEW, '--announce_list', OLD, join(root, 'a')]
  const { status, stderr } = await runBtkit(args, LEGACY)
  assert.equal(status, 0)
  assert.match(stderr, /a: its tracker is not in the announce list, so clients will not use it\n$/)
})

test('a list is set with its option in the old spelling', async (t) => {
  const a = join(makeScratch(t, { a: torrent({ announce: OLD }) }), 'a')
  await runBtkit([NEW, '--announce_list', `${NEW},udp://b:1|http://c/x`, a], LEGACY)
  assert.deepEqual(trackersOf(a), [NEW, [[NEW, 'udp://b:1'], ['http://c/x']]])
})

test('the tracker may be a list', async (t) => {
  const a = join(makeScratch(t, { a: torrent({ announce: OLD }) }), 'a')
  for (const program of [{}, LEGACY]) {
    const command = program === LEGACY ? [] : ['reannounce']
    const { status } = await runBtkit([...command, `${NEW},udp://b:1|http://c/x`, a], program)
    assert.equal(status, 0)
    assert.deepEqual(trackersOf(a), [NEW, [[NEW, 'udp://b:1'], ['http://c/x']]])
  }
})

test('single trackers are removed, replaced and added, and old and new lists are printed', async (t) => {
  const a = join(makeScratch(t, { a: torrent(BOTH) }), 'a')
  const steps = [
    '--add-tracker',
    'udp://d:1',
    '--replace-tracker',
    `http://old.example=https://new.example`,
  ]
  const { stdout, stderr } = await runBtkit([
    'reannounce',
    a,
    ...steps,
    '--remove-tracker',
    'udp://b:1',
  ])
  const now = 'https://new.example/announce'
  assert.equal(
    stdout,
    `changed ${a}\n` +
      `old announce for ${a}: ${OLD}\n` +
      `new announce for ${a}: ${now}\n` +
      `old announce-list for ${a}: ${OLD},udp://b:1|http://c/x\n` +
      `new announce-list for ${a}: ${now}|http://c/x|udp://d:1\n`,
  )
  assert.equal(stderr, 'btkit: 1 of 1 torrent changed\n')
  assert.deepEqual(trackersOf(a), [now, [[now], ['http://c/x'], ['udp://d:1']]])
})

test('if nothing matches, nothing is written and the status is 0', async (t) => {
  const a = join(makeScratch(t, { a: torrent(BOTH) }), 'a')
  utimesSync(a, 1000, 1000)
  const { status, stdout, stderr } = await runBtkit(['reannounce', '--remove-tracker', NEW, a])
  const warning = `btkit: warning: --remove-tracker ${NEW}: no torrent has it\n`
  assert.deepEqual([status, stdout], [0, ''])
  assert.equal(stderr, `${warning}btkit: 0 of 1 torrent changed; 1 already is as wanted\n`)
  assert.equal(statSync(a).mtimeMs, 1_000_000)
})

test('a tracker beyond ASCII is replaced by the form that was typed, too', async (t) => {
  const path = join(makeScratch(t, { a: torrent({ announce: 'http://xn--4ca.example/a' }) }), 'a')
  const replacement = 'http://ä.example=http://ö.example'
  const { stderr } = await runBtkit(['reannounce', '--replace-tracker', replacement, path])
  assert.equal(stderr, 'btkit: 1 of 1 torrent changed\n')
  assert.deepEqual(trackersOf(path), ['http://xn--nda.example/a', null])
})

test('a replacement of a tracker that no torrent has causes a warning', async (t) => {
  const a = join(makeScratch(t, { a: torrent(BOTH) }), 'a')
  const steps = [`${OLD}=${NEW}`, `${NEW}=http://next.example/`, `${OLD}=http://x.example/`]
  const args = steps.flatMap((step) => ['--replace-tracker', step])
  const { status, stderr } = await runBtkit(['reannounce', a, ...args])
  const warning = `btkit: warning: --replace-tracker ${OLD}=http://x.example/: no torrent has it\n`
  assert.deepEqual([status, stderr], [0, `${warning}btkit: 1 of 1 torrent changed\n`])
})

test('one bad file causes one line and status 1, and the others are done', async (t) => {
  const root = makeScratch(t, { a: torrent(BOTH), bad: 'd', b: torrent(BOTH) })
  const files = ['a', 'bad', 'b'].map((name) => join(root, name))
  const refused = await runBtkit(['reannounce', '--quiet', NEW, ...files])
  assertError(refused, 'bencode', `${files[1]}: offset 1: cut off after 1 byte; get it again`)
  assert.deepEqual(trackersOf(files[2]!), [NEW, null])
})

test('the JSON has an object a torrent, failed ones included', async (t) => {
  const root = makeScratch(t, { a: torrent(BOTH), bad: 'd' })
  const files = ['a', 'bad'].map((name) => join(root, name))
  const { stdout, stderr } = await runBtkit(['reannounce', '--json', NEW, ...files])
  const [good, bad] = stdout.trimEnd().split('\n')
  assert.deepEqual(parseJson({ stdout: good! }), {
    torrent: files[0],
    file: files[0],
    changed: true,
    dryRun: false,
    infoHash: HASH,
    oldInfoHash: HASH,
    infoHashV2: null,
    oldInfoHashV2: null,
    error: null,
    code: null,
  })
  const error = `${files[1]}: offset 1: cut off after 1 byte; get it again`
  assert.deepEqual(parseJson({ stdout: bad! }), {
    torrent: files[1],
    file: files[1],
    changed: false,
    dryRun: false,
    infoHash: null,
    oldInfoHash: null,
    infoHashV2: null,
    oldInfoHashV2: null,
    error,
    code: 'bencode',
  })
  assert.equal(stderr, `btkit: ${error}\nbtkit: 1 of 2 torrents changed\n`)
})

test('a dry run says what would change, and writes nothing', async (t) => {
  const a = join(makeScratch(t, { a: torrent(BOTH) }), 'a')
  for (const result of [
    await runBtkit(['reannounce', '--dry-run', NEW, a]),
    await runBtkit(['--dry-run', NEW, a], LEGACY),
  ]) {
    assert.ok(result.stdout.startsWith(`would change ${a}\nold announce for ${a}: ${OLD}\n`))
    assert.equal(result.stderr, 'btkit: 1 of 1 torrent would change; nothing was written\n')
  }
  assert.deepEqual(readFileSync(a), Buffer.from(torrent(BOTH)))
})

test('text from torrents cannot harm a terminal', async (t) => {
  const a = join(makeScratch(t, { a: torrent({ announce: 'http://\x1b[2J/\u202e' }) }), 'a')
  const { stdout } = await runBtkit([NEW, a], LEGACY)
  assert.equal(stdout, `old announce for ${a}: http://\\x1b[2J/\\u{202e}\n`)
})

test('a list that names no torrent changes none, and it is said', async () => {
  for (const edit of [
    ['edit', '--comment', 'x'],
    ['reannounce', NEW],
  ]) {
    const { status, stdout, stderr } = await runBtkit([...edit, '--files-from', '-'])
    assert.deepEqual([status, stdout, stderr], [0, '', 'btkit: 0 of 0 torrents changed\n'])
  }
})

test('the torrents may come from a list', async (t) => {
  const names = ['a b', '-c', 'd\ne', '"f"', 'ü', '$(x)']
  const files = Object.fromEntries(names.map((name) => [name, torrent(BOTH)]))
  const root = makeScratch(t, { ...files, arg: torrent(BOTH) })
  const stdin = inputOf(names.map((name) => `${join(root, name)}\0`).join(''))
  const args = ['reannounce', '--quiet', NEW, '--files-from', '-', join(root, 'arg')]
  const { status, stderr } = await runBtkit(args, { stdin })
  assert.deepEqual([status, stderr], [0, ''])
  for (const name of [...names, 'arg']) assert.deepEqual(trackersOf(join(root, name)), [NEW, null])
})

for (const [what, args, message] of [
  [
    'no announce',
    ['--quiet'],
    'nothing to change; give an announce URL, --replace-tracker, --add-tracker or --remove-tracker',
  ],
  ['no torrent', [NEW], 'no torrent given; name at least one'],
  [
    'a list that the shell has cut at a |',
    [NEW, '--announce-list', NEW],
    "no torrent given; name at least one, and put a list with '|' in quotes",
  ],
  [
    'no announce before the torrents',
    ['a.torrent', 'FILE'],
    'a.torrent: no announce URL before it; give one, or --replace-tracker, --add-tracker or --remove-tracker',
  ],
  ['a bad announce', ['tracker', 'FILE'], "tracker 'tracker'"],
  ['a bad list', [NEW, 'FILE', '--announce-list', 'x'], "tracker 'x'"],
  ['an announce beside steps', [NEW, 'FILE', '--add-tracker', OLD], 'all arguments are torrents'],
  ['a list beside steps', ['FILE', '--add-tracker', OLD, '--announce-list', OLD], 'excludes'],
  ['a bad replacement', ['FILE', '--replace-tracker', 'a=b'], 'not of the form OLD=NEW'],
  ['a bad tracker to add', ['FILE', '--add-tracker', 'x'], "tracker 'x'"],
  ['an empty name', [NEW, ''], 'the name of a torrent is empty'],
  ['no such directory', [NEW, 'FILE', '--output-dir', '/gone'], '/gone'],
  ['results that clash', [NEW, 'FILE', 'x/a', '--output-dir', '/'], 'would both be written to'],
] as [string, string[], string][]) {
  test(`${what}: status 2 before a file is touched`, async (t) => {
    const root = makeScratch(t, { a: torrent(BOTH) })
    const given = args.map((arg) => (arg === 'FILE' ? join(root, 'a') : arg))
    assertError(await runBtkit(['reannounce', ...given]), 'usage', message)
    assert.deepEqual(readFileSync(join(root, 'a')), Buffer.from(torrent(BOTH)))
  })
}

test('the removal of the last tracker is reported', async (t) => {
  const root = makeScratch(t, { a: torrent(BOTH), b: torrent({ announce: OLD }) })
  const [a, b] = ['a', 'b'].map((name) => join(root, name)) as [string, string]
  const remove = (...more: string[]) =>
    runBtkit(['reannounce', '--remove-tracker', OLD, a, b, ...more])
  const dry = await remove('--dry-run')
  assert.match(dry.stderr, new RegExp(`^btkit: ${b}: would have no tracker any more$`, 'm'))
  const { stderr } = await remove()
  assert.equal(stderr, `btkit: ${b}: has no tracker any more\nbtkit: 2 of 2 torrents changed\n`)
})

test('--announce sets the trackers as in makemetafile', async (t) => {
  const root = makeScratch(t, { a: torrent(BOTH) })
  const file = join(root, 'a')
  const args = ['-a', 'http://x.example/a,http://y.example/a', '--tracker', 'udp://z.example:1']
  const { status } = await runBtkit(['reannounce', ...args, file])
  assert.equal(status, 0)
  const [announce, list] = trackersOf(file)
  assert.equal(announce, 'http://x.example/a')
  assert.deepEqual(list, [['http://x.example/a', 'http://y.example/a'], ['udp://z.example:1']])
})

test('--output is a directory, or the file for one torrent, and is named as written', async (t) => {
  const root = makeScratch(t, { a: torrent(BOTH), 'out/keep': '', other: 'no torrent' })
  const at = (name: string) => join(root, name)
  const copy = (output: string, ...more: string[]) =>
    runBtkit(['reannounce', NEW, at('a'), '-o', at(output), ...more])
  for (const [output, file] of [
    ['out', 'out/a'],
    ['new.torrent', 'new.torrent'],
  ] as const) {
    const { status, stdout, stderr } = await copy(output)
    assert.equal(status, 0)
    assert.ok(
      stdout.startsWith(`wrote ${at(file)} (from ${at('a')})\nold announce for ${at('a')}: `),
    )
    assert.ok(stdout.includes(`\nnew announce for ${at(file)}: ${NEW}\n`))
    assert.equal(stderr, `btkit: 1 of 1 torrent written to ${at(output)}\n`)
  }
  assert.deepEqual(readFileSync(at('a')), Buffer.from(torrent(BOTH)))
  assert.deepEqual(readFileSync(at('out/a')), readFileSync(at('new.torrent')))
  assert.match((await copy('other')).stderr, /other: already exists and is not a torrent/)
  assert.equal((await copy('other', '--force')).status, 0)
  assert.deepEqual(readFileSync(at('other')), readFileSync(at('out/a')))
})
