import assert from 'node:assert/strict'
import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { parseMetainfo } from '../../../../src/metainfo/parse/metainfo.js'
import { NOW, assertError, assertStatus, runBtkit } from '../../../support/run-btkit.js'
import { declareEdit } from '../../../../src/cli/commands/edit/options.js'
import { traitsOf } from '../../../../src/cli/options/option.js'
import { makeScratch } from '../../../support/scratch.js'
import { editedGolden, singleFileInfo, torrentOf } from '../../../support/torrents.js'

const BARE = torrentOf(singleFileInfo())
const FULL = torrentOf(singleFileInfo({ private: 1, source: 'S' }), {
  comment: 'c',
  'created by': 'me',
  'creation date': 5,
})
const SET = ['--comment', 'c', '--created_by=me', '--date', '5', '--private', '--source', 'S']
const UNSET = ['--no-comment', '--no-created-by', '--no-date', '--no-private', '--no-source']
const NEW_HASH = 'a new info hash: clients and trackers treat it as a new torrent'
const bareHash = parseMetainfo(BARE).infoHash
const fullHash = parseMetainfo(FULL).infoHash

test('all can be set and removed again, with the hashes printed that change', async (t) => {
  const path = join(makeScratch(t, { a: BARE }), 'a')
  const set = await runBtkit(['edit', path, ...SET])
  assert.deepEqual(readFileSync(path), Buffer.from(FULL))
  assert.equal(
    set.stdout,
    [
      `changed ${path}`,
      `new comment for ${path}: c`,
      `new creator for ${path}: me`,
      `new creation date for ${path}: 1970-01-01T00:00:05Z`,
      `new private flag for ${path}: yes`,
      `new source for ${path}: S`,
      `old info hash for ${path}: ${bareHash}`,
      `new info hash for ${path}: ${fullHash}\n`,
    ].join('\n'),
  )
  assert.equal(set.stderr, `btkit: 1 torrent has ${NEW_HASH}\n` + 'btkit: 1 of 1 torrent changed\n')
  const unset = await runBtkit(['edit', ...UNSET, path])
  assert.deepEqual([unset.status, readFileSync(path)], [0, Buffer.from(BARE)])
})

test('an edit outside info keeps the info hash', async (t) => {
  const path = join(makeScratch(t, { a: FULL }), 'a')
  const { stdout, stderr } = await runBtkit(['edit', path, '--comment', ''])
  assert.deepEqual(
    [stdout, stderr],
    [`changed ${path}\nold comment for ${path}: c\n`, 'btkit: 1 of 1 torrent changed\n'],
  )
  const { comment, createdBy, infoHash } = parseMetainfo(readFileSync(path))
  assert.deepEqual([comment, createdBy, infoHash], [null, 'me', fullHash])
})

for (const [date, seconds] of [
  ['2026-11-20', 1_795_132_800],
  ['2026-11-20T13:00+01:00', 1_795_176_000],
  ['now', NOW],
] as const) {
  test(`edit --date ${date} sets ${seconds}`, async (t) => {
    const path = join(makeScratch(t, { a: BARE }), 'a')
    await runBtkit(['edit', '--date', date, path])
    assert.equal(parseMetainfo(readFileSync(path)).creationDate, seconds)
  })
}

test('trackers and web seeds are added and removed, and the rest stays', async (t) => {
  const [A, B, C] = ['http://a.example/', 'http://b.example/', 'http://c.example/']
  const beside = { announce: A, comment: 'c', 'url-list': [A, B] }
  const path = join(makeScratch(t, { a: torrentOf(singleFileInfo(), beside) }), 'a')
  const trackers = ['--add-tracker', B, '--add-tracker', C, '--remove-tracker', A]
  const seeds = ['--add-web-seed', C, '--add-web-seed', B, '--remove-web-seed', A]
  const { status } = await runBtkit(['edit', path, ...trackers, ...seeds, '--comment', 'd'])
  const expected = {
    announce: B,
    'announce-list': [[B], [C]],
    comment: 'd',
    'url-list': [B, C],
  }
  assert.equal(status, 0)
  assert.deepEqual(readFileSync(path), Buffer.from(torrentOf(singleFileInfo(), expected)))
})

test('web seeds are replaced, by their whole address or its beginning', async (t) => {
  const seeds = [
    'http://a.example/x/',
    'http://a.example.org/',
    'ftp://b.example/f',
    'http://c/',
    1,
  ]
  const beside = { announce: 'http://a.example/x/', 'url-list': seeds }
  const path = join(makeScratch(t, { a: torrentOf(singleFileInfo(), beside) }), 'a')
  const steps = [
    'http://a.example=https://new.example',
    'ftp://b.example/=http://c/',
    'http://c/f=http://c/',
    'http://none/=http://x/',
  ].flatMap((step) => ['--replace-web-seed', step])
  const { status, stdout, stderr } = await runBtkit(['edit', path, ...steps])
  const now = ['https://new.example/x/', 'http://a.example.org/', 'http://c/', 1]
  const expected = torrentOf(singleFileInfo(), { ...beside, 'url-list': now })
  assert.deepEqual(readFileSync(path), Buffer.from(expected))
  assert.match(stdout, /new web seeds? .*: https:\/\/new\.example\/x\//)
  const warning = 'btkit: warning: --replace-web-seed http://none/=http://x/: no torrent has it\n'
  assert.deepEqual([status, stderr], [0, `${warning}btkit: 1 of 1 torrent changed\n`])
  for (const step of ['a=b', 'https://new.example/x/=udp://new.example/x/']) {
    const refused = await runBtkit(['edit', path, '--replace-web-seed', step])
    assertError(refused, 'usage', 'not of the form OLD=NEW with NEW a web seed URL')
  }
  assert.deepEqual(readFileSync(path), Buffer.from(expected))
})

test('setting the current value is not a change', async (t) => {
  const A = 'http://a.example/'
  const beside = { announce: A, 'url-list': A }
  const path = join(makeScratch(t, { a: torrentOf(singleFileInfo(), beside) }), 'a')
  const same = ['--add-tracker', A, '--add-web-seed', A, '--name', 'a.txt', '--remove-tracker', 'x']
  const { stdout, stderr } = await runBtkit(['edit', path, ...same])
  const warning = 'btkit: warning: --remove-tracker x: no torrent has it\n'
  assert.deepEqual(
    [stdout, stderr],
    ['', `${warning}btkit: 0 of 1 torrent changed; 1 already is as wanted\n`],
  )
})

test('a large file that is not a torrent is refused as that, and the limit has a unit', async (t) => {
  const directory = makeScratch(t, { 'a.iso': '', 'a.torrent': 'd' })
  const [iso, torrent] = [join(directory, 'a.iso'), join(directory, 'a.torrent')]
  for (const path of [iso, torrent]) truncateSync(path, 513 * 1024 * 1024)
  const other = await runBtkit(['edit', iso, '--comment', 'x'])
  assertError(other, 'bencode', `${iso}: not a torrent (binary data)`)
  const reason = 'larger than the limit of 512 MiB'
  const refused = await runBtkit(['edit', torrent, '--comment', 'x'])
  assertError(refused, 'too-large', `${torrent}: ${reason}`)
})

test('the last web seed leaves no key behind', async (t) => {
  const A = 'http://a.example/'
  const path = join(makeScratch(t, { a: torrentOf(singleFileInfo(), { 'url-list': [A] }) }), 'a')
  await runBtkit(['edit', path, '--remove-web-seed', A])
  assert.deepEqual(readFileSync(path), Buffer.from(BARE))
})

test('--name renames a single torrent, together with other changes', async (t) => {
  const root = makeScratch(t, { 'a.torrent': BARE, 'b.torrent': BARE })
  const [a, b] = [join(root, 'a.torrent'), join(root, 'b.torrent')]
  writeFileSync(join(root, 'list'), `${a}\n${b}\n`)
  for (const several of [[a, b], [root], ['--files-from', `${root}/list`]]) {
    const refused = await runBtkit(['edit', ...several, '--name', 'x'])
    assertError(refused, 'usage', '--name works with a single torrent only')
  }
  assertError(await runBtkit(['rename', root, 'x']), 'usage', 'rename works with a single torrent')
  assert.deepEqual([readFileSync(a), readFileSync(b)], [Buffer.from(BARE), Buffer.from(BARE)])
  await runBtkit(['edit', a, '--name', 'x', '--source', 'S', '--comment', 'c'])
  const expected = torrentOf(singleFileInfo({ name: 'x', source: 'S' }), { comment: 'c' })
  assert.deepEqual(readFileSync(a), Buffer.from(expected))
})

test('a dry run says so of the hashes too', async (t) => {
  const root = makeScratch(t, { a: BARE, b: BARE })
  const files = [join(root, 'a'), join(root, 'b')]
  const { stderr } = await runBtkit(['edit', '--dry-run', ...files, '--private'])
  assert.equal(
    stderr,
    `btkit: 2 torrents would get ${NEW_HASH}\n` +
      'btkit: 2 of 2 torrents would change; nothing was written\n',
  )
  assert.deepEqual(readFileSync(files[0]!), Buffer.from(BARE))
})

test('nothing to change, or a date that is none, is wrong usage', async (t) => {
  const path = join(makeScratch(t, { a: BARE }), 'a')
  const nothing = assertStatus(await runBtkit(['edit', path]), 2)
  assert.equal(
    nothing.stderr,
    'btkit: nothing to change; give an option such as --comment or --date\n',
  )
  for (const date of ['x', '-1', '1.5', '8640000000001', 'mtime']) {
    assert.equal((await runBtkit(['edit', path, '--date', date])).status, 2)
  }
})

test('a torrent without its piece layers is edited, with a warning', async (t) => {
  const bare = editedGolden('v2-single.torrent', (top) => top.delete('piece layers'))
  const path = join(makeScratch(t, { a: bare }), 'a')
  const { stderr } = assertStatus(await runBtkit(['edit', path, '--comment', 'new']), 0)
  assert.equal(
    stderr,
    `btkit: warning: ${path}: piece layers of "content.bin": is missing\n` +
      'btkit: 1 of 1 torrent changed\n',
  )
  const { infoHashV2, comment } = parseMetainfo(readFileSync(path))
  assert.deepEqual([infoHashV2, comment], [parseMetainfo(bare).infoHashV2, 'new'])
})

const [A, B, C] = ['http://a.example/', 'http://b.example/', 'http://c.example/']
const [ONE, TWO, THREE] = ['1', '2', '3'].map((digit) => digit.repeat(40)) as [
  string,
  string,
  string,
]

const TORRENT = torrentOf(singleFileInfo(), {
  announce: A,
  'announce-list': [[A], [B]],
  'url-list': [A, B],
  httpseeds: [A, B],
  nodes: [
    ['a.example', 1],
    ['::1', 2],
  ],
  similar: [Buffer.from(ONE, 'hex'), Buffer.from(TWO, 'hex')],
  collections: ['one', 'two'],
})

/** The values of `--field` after an edit. */
async function after(t: TestContext, args: readonly string[], field: string): Promise<string[]> {
  const path = join(makeScratch(t, { a: TORRENT }), 'a')
  const { stderr } = assertStatus(await runBtkit(['edit', ...args, path]), 0)
  assert.match(stderr, /^(?:btkit: .* has no tracker any more\n)?btkit: 1 of 1 torrent changed\n$/)
  assert.equal(
    parseMetainfo(readFileSync(path)).infoHash,
    parseMetainfo(TORRENT).infoHash,
    'nothing of this is in info',
  )
  const { stdout } = await runBtkit(['showmetainfo', '--field', field, path])
  return stdout.split('\n').slice(0, -1)
}

/** For each list two values that are in it, and one that is not. */
const LISTS: Record<string, { field: string; values: [string, string, string] }> = {
  tracker: { field: 'announce-list', values: [A, B, C] },
  'web-seed': { field: 'web-seeds', values: [A, B, C] },
}

for (const [list, { field, values }] of Object.entries(LISTS)) {
  const [first, second, other] = values
  test(`each ${list} can be added, removed and replaced`, async (t) => {
    assert.deepEqual(await after(t, [`--add-${list}`, other], field), [first, second, other])
    const set = [`--${list}`, other, `--${list}`, second]
    assert.deepEqual(await after(t, set, field), [other, second])
    for (const none of ['', '0']) assert.deepEqual(await after(t, [`--${list}`, none], field), [])
    const both = [`--remove-${list}`, first, `--add-${list}`, other]
    assert.deepEqual(await after(t, both, field), [second, other])
  })
}

for (const [what, field, args, expected] of [
  [
    'a bar, or a comma before an address, separates web seeds',
    'web-seeds',
    ['--web-seed', `${A}?a,b,${B}|${C}`],
    [`${A}?a,b`, B, C],
  ],
  [
    'all are removed before one is added',
    'web-seeds',
    ['--web-seed', '', '--add-web-seed', C],
    [C],
  ],
  ['an only tracker is in announce', 'announce', ['--remove-tracker', A], [B]],
  ['--announce replaces trackers', 'announce', ['--announce', C], [C]],
  ['-a replaces trackers', 'announce', ['-a', C], [C]],
  ['--tracker replaces trackers', 'announce', ['--tracker', C], [C]],
  ['--tracker= replaces trackers', 'announce', [`--tracker=${C}`], [C]],
  [
    'commas separate the trackers of a tier',
    'announce-list',
    ['--tracker', `${C},${B}`, '--tracker', A],
    [`${C},${B}`, A],
  ],
  ['a bar begins a tier', 'announce-list', ['--tracker', `${C},${B}|${A}`], [`${C},${B}`, A]],
  [
    'a bar begins a tier among trackers to add',
    'announce-list',
    ['--add-tracker', `${C}|udp://d.example:1`],
    [A, B, C, 'udp://d.example:1'],
  ],
] as const) {
  test(what, async (t) => {
    assert.deepEqual(await after(t, args, field), expected)
  })
}

for (const [edit, announce, list] of [
  [['edit', '--add-tracker', B], A, [[A], [B]]],
  [['reannounce', '--add-tracker', B], A, [[A], [B]]],
  [['reannounce', '--replace-tracker', `${A}=${B}`], B, [[B]]],
  [['edit', '--tracker', B], B, undefined],
] as [string[], string, string[][] | undefined][]) {
  test(`blank trackers go when ${edit.slice(0, 2).join(' ')} writes the list`, async (t) => {
    const blank = { announce: A, 'announce-list': [[''], [A, ' '], []] }
    const path = join(makeScratch(t, { a: torrentOf(singleFileInfo(), blank) }), 'a')
    assert.equal((await runBtkit([...edit, path])).status, 0)
    const expected = { announce, 'announce-list': list }
    assert.deepEqual(readFileSync(path), Buffer.from(torrentOf(singleFileInfo(), expected)))
  })
}

test('a blank web seed goes when another is added', async (t) => {
  const blank = torrentOf(singleFileInfo(), { announce: A, 'url-list': ['', ' '] })
  const path = join(makeScratch(t, { a: blank }), 'a')
  assert.equal((await runBtkit(['edit', '--add-web-seed', B, path])).status, 0)
  assert.ok(readFileSync(path).includes(`8:url-listl${B.length}:${B}e`))
})

test('a tracker or seed beyond ASCII is removed in the form that was typed, too', async (t) => {
  const url = 'http://ä.example/é'
  for (const list of ['tracker', 'web-seed']) {
    const path = join(makeScratch(t, { a: TORRENT }), 'a')
    await runBtkit(['edit', path, `--add-${list}`, url])
    assert.ok(readFileSync(path).includes('http://xn--4ca.example/%C3%A9'))
    const { stderr } = await runBtkit(['edit', path, `--remove-${list}`, url])
    assert.equal(stderr, 'btkit: 1 of 1 torrent changed\n')
    assert.ok(!readFileSync(path).includes('xn--'))
  }
})

test('a torrent that becomes private with DHT nodes causes a warning, with the way out', async (t) => {
  const path = join(makeScratch(t, { a: TORRENT }), 'a')
  const said = 'private with DHT nodes: clients must not use them; --unset nodes'
  const { stderr } = await runBtkit(['edit', path, '--private', '--source', 'x'])
  assert.ok(stderr.includes(`btkit: warning: ${path}: ${said}\n`), stderr)
  const without = await runBtkit(['edit', path, '--private', '--source', 'y', '--unset', 'nodes'])
  assert.ok(!without.stderr.includes('nodes'))
})

test('any other key is set and removed, also in info', async (t) => {
  const path = join(makeScratch(t, { a: TORRENT }), 'a')
  const edit = async (...args: string[]) => {
    const { status, stderr } = await runBtkit(['edit', ...args, path])
    assert.deepEqual(
      [status, stderr.includes('a new info hash')],
      [0, args.join().includes('info.')],
    )
    return parseMetainfo(readFileSync(path))
  }
  const nodes = await edit('--set', 'nodes=[["c.example",3]]', '--set', `similar=["${THREE}"]`)
  assert.deepEqual(nodes.nodes, [{ host: 'c.example', port: 3 }])
  assert.deepEqual(nodes.similar, [THREE])
  const { collections, bytes } = await edit('--set', 'info.x=[1,"b"]', '--unset', 'collections')
  assert.equal(collections, null)
  assert.ok(Buffer.from(bytes).includes('1:xli1e1:be'))
  const { similar, infoHash } = await edit('--unset', 'info.x', '--unset', 'similar')
  assert.deepEqual([similar, infoHash], [null, parseMetainfo(TORRENT).infoHash])
})

for (const [args, message] of [
  [['--add-tracker', 'x'], "tracker 'x': not an http, https, udp, ws or wss URL"],
  [['--add-web-seed', 'x'], "web seed 'x': not an http, https or ftp URL"],
  [['--name', 'a/b'], "name 'a/b': must be a single path component"],
  [['--tracker'], '--tracker: its value is missing'],
  [['--set', 'similar=["abc"]'], "info hash 'abc': not 40 hexadecimal digits"],
  [['--set', 'announce="x"'], '--set announce: use --tracker instead'],
  [['--unset', 'info.pieces'], '--unset info.pieces: btkit computes this key from the content'],
  [['--unset', 'x', '--set', 'x=1'], 'x: give --set or --unset once for a key'],
] as const) {
  test(`edit ${args.join(' ')} is refused in one line`, async (t) => {
    const path = join(makeScratch(t, { a: TORRENT }), 'a')
    assertError(await runBtkit(['edit', path, ...args]), 'usage', message)
    assert.deepEqual(readFileSync(path), Buffer.from(TORRENT))
  })
}

test('a dry run says what a list would become, and writes nothing', async (t) => {
  const path = join(makeScratch(t, { a: TORRENT }), 'a')
  const { stdout } = await runBtkit(['edit', '--dry-run', '--add-web-seed', C, path])
  assert.equal(
    stdout,
    `would change ${path}\nold web seeds for ${path}: ${A}|${B}\n` +
      `new web seeds for ${path}: ${A}|${B}|${C}\n`,
  )
  assert.deepEqual(readFileSync(path), Buffer.from(TORRENT))
})

test('removing a value that no torrent has causes a warning', async (t) => {
  const directory = makeScratch(t, { a: TORRENT, b: torrentOf(singleFileInfo()) })
  const torrents = [join(directory, 'a'), join(directory, 'b')]
  for (const [list, { values }] of Object.entries(LISTS)) {
    const args = ['edit', '--dry-run', ...values.flatMap((value) => [`--remove-${list}`, value])]
    const { status, stderr } = await runBtkit([...args, ...torrents])
    const warning = `btkit: warning: --remove-${list} ${values[2]}: no torrent has it\n`
    assert.deepEqual([status, stderr.includes(warning)], [0, true], stderr)
    assert.equal(stderr.match(/no torrent has it/g)?.length, 1)
  }
  const { stderr } = await runBtkit([
    'reannounce',
    '--remove-tracker',
    C,
    '--remove-tracker',
    A,
    ...torrents,
  ])
  assert.match(stderr, /--remove-tracker http:..c\.example.: no torrent has it\n/)
  assert.doesNotMatch(stderr, /--remove-tracker http:..a/)
})

test('options that contradict each other are refused, and nothing is changed', async (t) => {
  const path = join(makeScratch(t, { a: TORRENT }), 'a')
  const seeds = ['--web-seed', C, '--remove-web-seed', C]
  for (const [two, ...args] of [
    ['--comment and --no-comment', '--comment', 'c', '--no-comment'],
    ['--private and --no-private', '--no-private', '--private'],
    ['--date and --no-date', '--date', '0', '--no-date'],
    [`${A}: --add-tracker and --remove-tracker`, '--remove-tracker', A, '--add-tracker', A],
    [`${C}: --web-seed and --remove-web-seed`, ...seeds],
  ] as [string, ...string[]][]) {
    const said = `${two} cannot be used together`
    assertError(await runBtkit(['edit', ...args, path]), 'usage', said)
  }
  assert.deepEqual(readFileSync(path), Buffer.from(TORRENT))
})

test('each option of edit that removes a value is refused beside the one that sets it', () => {
  const { options } = declareEdit()
  const removing = options.filter(({ negate }) => negate).map((each) => each.attributeName())
  const setting = options.filter(({ negate }) => !negate)
  const refusing = setting.filter((each) => traitsOf(each).excludes?.includes(each.attributeName()))
  assert.deepEqual(
    refusing.map((each) => each.attributeName()),
    removing,
  )
})

test('no output has a passkey of the old or the new tracker', async (t) => {
  const [old, now] = ['0'.repeat(31) + 'a', '1'.repeat(31) + 'b']
  const tracker = (key: string) => `http://t.example/${key}/announce`
  const path = join(
    makeScratch(t, { a: torrentOf(singleFileInfo(), { announce: tracker(old) }) }),
    'a',
  )
  const { stdout, stderr } = await runBtkit(['edit', '-a', tracker(now), path])
  assert.match(stdout, /new announce for .*: http:\/\/t\.example\/\*\*\*\/announce\n/)
  const missed = await runBtkit(['reannounce', '--remove-tracker', tracker(old), path])
  assert.match(
    missed.stderr,
    /--remove-tracker http:\/\/t\.example\/\*\*\*\/announce: no torrent has it/,
  )
  assert.doesNotMatch(stdout + stderr + missed.stdout + missed.stderr, /0{31}a|1{31}b/)
})

test('a private flag of 0 is removed, and what is said names it', async (t) => {
  const [zero, without] = [{ private: 0 }, {}].map((keys) => torrentOf(singleFileInfo(keys)))
  for (const args of [['--no-private'], ['--unset', 'info.private']]) {
    const path = join(makeScratch(t, { a: zero! }), 'a')
    const { stdout } = assertStatus(await runBtkit(['edit', path, ...args]), 0)
    assert.deepEqual(readFileSync(path), Buffer.from(without!))
    assert.match(stdout, /info hash/)
    assertError(
      await runBtkit(['edit', path, '--private', '--unset', 'info.private']),
      'usage',
      '--unset and --private cannot be used together',
    )
  }
})

test('a configuration sets the tracker of edit by any of its names, but not by defaults', async (t) => {
  const directory = makeScratch(t, { a: TORRENT })
  const config = join(directory, 'c.yaml')
  const edit = async (yaml: string) => {
    writeFileSync(join(directory, 'a'), TORRENT)
    writeFileSync(config, yaml)
    const { stderr } = await runBtkit([
      'edit',
      '--config',
      config,
      '--comment=x',
      join(directory, 'a'),
    ])
    assert.equal(stderr.split('\n').at(-2), 'btkit: 1 of 1 torrent changed', stderr)
    const { stdout } = await runBtkit(['config', 'check', config])
    assert.equal(stdout, `${config}: nothing wrong\n`)
    return parseMetainfo(readFileSync(join(directory, 'a'))).announce
  }
  assert.equal(await edit(`edit: {announce: '${C}'}`), C)
  assert.equal(await edit(`edit: {tracker: '${C}'}`), C)
  assert.equal(await edit("edit: {tracker: ''}"), null)
  assert.equal(await edit(`defaults: {announce: '${C}'}`), A)
})
