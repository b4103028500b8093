import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { assertError, assertQuiet, assertStatus, runBtkit } from '../../support/run-btkit.js'
import { makeScratch } from '../../support/scratch.js'
import { longTest } from '../../support/long.js'

const YAML = `
defaults: {comment: of all}
presets:
  release: {private: true, source: REL, announce: mine, comment: of release}
  large: {piece-length: 4M, source: BIG, on-change: 'true'}
aliases:
  mine: [[http://a.example/announce, udp://b.example:6969], [], [http://c.example/announce]]
  one: http://one.example/announce
trackers:
  one.example:
    private: true
    source: ONE
    piece-length: {max: 16K}
    version: hybrid
    announce-list: [[http://one.example/announce], [http://two.example/announce]]
`

function withFile(t: TestContext, yaml: string) {
  const scratch = makeScratch(t)
  const file = join(scratch, 'c.yaml')
  writeFileSync(file, yaml)
  const image = join(scratch, 'image')
  writeFileSync(image, Buffer.alloc(100_000))
  const run = (...args: string[]) => runBtkit([...args, '--config', file])
  const show = async () => {
    const { stdout } = await runBtkit(['showmetainfo', '--json', `${image}.torrent`])
    return JSON.parse(stdout) as Record<string, unknown>
  }
  const make = async (...args: string[]) => {
    assertQuiet(await run('makemetafile', image, '--quiet', '--force', ...args))
    return show()
  }
  return { scratch, file, image, run, show, make }
}

test('a preset is above the sections of a configuration and below the command line', async (t) => {
  const { make } = withFile(t, YAML)
  const shown = await make('-P', 'release', '--source', 'OWN')
  assert.deepEqual(
    [shown['comment'], shown['source'], shown['private']],
    ['of release', 'OWN', true],
  )
})

test('later presets win, and options of the other command are ignored', async (t) => {
  const { make } = withFile(t, YAML)
  const shown = await make('--preset=release', '-Plarge')
  assert.deepEqual([shown['source'], shown['pieceLength']], ['BIG', 4 * 1024 * 1024])
  assert.equal((await make('-P', 'large', '-P', 'release'))['source'], 'REL')
})

test('default-preset is used without --preset and --no-preset', async (t) => {
  const { make, image } = withFile(t, `${YAML}default-preset: release\n`)
  assert.equal((await make())['source'], 'REL')
  assert.equal((await make('-P', 'large', '--trackerless'))['private'], false)
  assert.equal((await make('--no-preset', '--trackerless'))['source'], null)
  const legacy = await runBtkit([image, 'http://t.example/a', '--preset', 'release'], {
    program: 'btmakemetafile',
    subcommand: 'makemetafile',
  })
  assert.equal(legacy.status, 2)
  assert.match(legacy.stderr, /presets are for btkit makemetafile/)
})

test('completedir has presets, too, which the environment may name', async (t) => {
  const { scratch, file, show } = withFile(t, YAML)
  const env = { BTKIT_COMPLETEDIR_PRESET: 'release' }
  const args = ['completedir', scratch, '--config', file, '--quiet', '--no-cache']
  assertQuiet(await runBtkit(args, { env }))
  assert.equal((await show())['source'], 'REL')
})

longTest(
  'an unknown preset, and one with an unknown option, are errors that name the place',
  async (t) => {
    const { run, image, file } = withFile(t, 'presets:\n  release: {privat: true}\n')
    const unknown = await run('makemetafile', image, '-P', 'relaese')
    assert.match(unknown.stderr, /no preset relaese; did you mean "release"\?/)
    const refused = await run('makemetafile', image, '-P', 'release')
    assertError(refused, 'usage', 'c.yaml:2:13: unknown option "privat"; did you mean "private"?')
    const checked = await runBtkit(['config', 'check', file])
    assert.match(checked.stderr, /c\.yaml:2:13: unknown option "privat"/)
  },
)

test('an alias stands for its trackers as an option and as an argument', async (t) => {
  const { make } = withFile(t, YAML)
  const tiers = [
    ['http://a.example/announce', 'udp://b.example:6969'],
    ['http://c.example/announce'],
  ]
  assert.deepEqual((await make('-a', 'mine'))['announceList'], tiers)
  assert.deepEqual((await make('mine'))['announceList'], tiers)
  assert.deepEqual((await make('--announce-list', 'mine'))['announceList'], tiers)
})

test('an alias of two tiers stays two tiers in edit and reannounce', async (t) => {
  const { make, run, image, file, show } = withFile(t, YAML)
  const mine = (await make('-a', 'mine'))['announceList']
  for (const edit of [
    ['edit', '-a', 'mine'],
    ['reannounce', '-a', 'mine'],
    ['reannounce', 'mine'],
  ]) {
    await make('one')
    assert.equal((await run(...edit, `${image}.torrent`)).status, 0)
    assert.deepEqual((await show())['announceList'], mine)
  }
  writeFileSync(file, `${YAML}edit: {tracker: [mine]}\n`)
  await make('one')
  assert.equal((await run('edit', '--comment', 'x', `${image}.torrent`)).status, 0)
  assert.deepEqual((await show())['announceList'], mine)
})

test('an alias and a tracker may stand in one list', async (t) => {
  const { make } = withFile(t, YAML)
  const tiers = [['http://one.example/announce'], ['http://d.example/announce']]
  const list = 'one|http://d.example/announce'
  for (const option of ['-a', '--announce-list'])
    assert.deepEqual((await make(option, list))['announceList'], tiers)
})

test('an alias in a text of several trackers of a configuration stands for its trackers', async (t) => {
  const yaml = `${YAML}makemetafile: {announce: 'one|http://d.example/announce'}\n`
  const tiers = [['http://one.example/announce'], ['http://d.example/announce']]
  assert.deepEqual((await withFile(t, yaml).make())['announceList'], tiers)
})

test('scrape asks each tracker of an alias', async (t) => {
  const yaml = 'aliases: {mine: [[http://127.0.0.1:1/announce, http://127.0.0.1:2/x], [ws://c]]}\n'
  const { run, make, image } = withFile(t, yaml)
  await make('mine')
  const { stdout } = await run('scrape', '--json', '-a', 'mine', `${image}.torrent`)
  const { trackers } = JSON.parse(stdout) as { trackers: { tracker: string }[] }
  const asked = trackers.map(({ tracker }) => tracker)
  assert.deepEqual(asked, ['http://127.0.0.1:1/announce', 'http://127.0.0.1:2/x', 'ws://c'])
})

test('an alias stands for its tracker before the directories of completedir', async (t) => {
  const { run, scratch, show } = withFile(t, YAML)
  assertQuiet(await run('completedir', 'one', join(scratch), '--quiet', '--no-cache'))
  assert.equal((await show())['announce'], 'http://one.example/announce')
})

for (const [misspelt, command] of [
  ['an option', ['makemetafile', 'IMAGE', '-a', 'mien']],
  ['a list', ['makemetafile', 'IMAGE', '--announce-list', 'one|mien']],
  ['an argument', ['makemetafile', 'IMAGE', 'mien']],
  ['the argument of reannounce', ['reannounce', 'mien', 'IMAGE.torrent']],
  ['an option of edit', ['edit', '--add-tracker', 'mien', 'IMAGE.torrent']],
] as const) {
  test(`a misspelt alias as ${misspelt} is an error that says the nearest name`, async (t) => {
    const { run, image } = withFile(t, YAML)
    const args = command.map((arg) => arg.replace('IMAGE', image))
    const { stderr } = assertStatus(await run(...args), 2)
    assert.match(stderr, /mien'?: [^\n]*alias[^\n]*; did you mean "mine"\?\n$/)
    assert.equal(existsSync(`${image}.torrent`), false)
  })
}

for (const command of [
  ['makemetafile', 'IMAGE', '@nosuch'],
  ['makemetafile', '@nosuch', 'IMAGE'],
]) {
  test(`${command.join(' ')} is an error, as no alias is like it`, async (t) => {
    const { run, image } = withFile(t, YAML)
    const refused = await run(...command.map((arg) => arg.replace('IMAGE', image)))
    assertError(refused, 'usage', '@nosuch: no such file, and no alias of a tracker')
    assert.equal(existsSync(`${image}.torrent`), false)
  })
}

test('a file whose name begins with @ is a file', async (t) => {
  const { run, image } = withFile(t, YAML)
  const file = join(image, '..', '@file')
  writeFileSync(file, 'content')
  assert.equal((await run('makemetafile', '--trackerless', file)).status, 0)
  assert.ok(existsSync(`${file}.torrent`))
})

test('a misspelt alias in a configuration has its place, and the nearest name', async (t) => {
  const { run, image, file } = withFile(t, `${YAML}makemetafile: {announce: [oen]}\n`)
  const line = YAML.split('\n').length
  const why = `${file}:${line}:27: announce 'oen': neither a tracker nor an alias; did you mean "one"?`
  assert.equal((await run('makemetafile', image)).stderr, `btkit: ${why}\n`)
  assert.equal((await runBtkit(['config', 'check', file])).stderr, `btkit: ${why}\n`)
})

test('edit and reannounce accept aliases and secrets from a configuration', async (t) => {
  const yaml = `${YAML}edit: {add-tracker: [mine, env:SECRET]}\nreannounce: {add-tracker: env:SECRET}\n`
  const { make, image, file, show } = withFile(t, yaml)
  const env = { SECRET: 'http://s.example/passkey' }
  const run = (...args: string[]) => runBtkit([...args, '--config', file], { env })
  await make('one')
  assert.equal((await run('edit', `${image}.torrent`, '--comment', 'x')).status, 0)
  const tiers = ((await show())['announceList'] as string[][]).flat()
  assert.deepEqual(tiers.slice(-4), [
    'http://a.example/announce',
    'udp://b.example:6969',
    'http://c.example/announce',
    env.SECRET,
  ])
  writeFileSync(join(file, '..', 'aliases.yaml'), YAML)
  await make('mine')
  assert.equal((await run('reannounce', `${image}.torrent`)).status, 0)
  assert.deepEqual(((await show())['announceList'] as string[][]).at(-1), [env.SECRET])
  const removed = await runBtkit(['edit', '--remove-tracker', 'mine', `${image}.torrent`], {
    env: { BTKIT_CONFIG: join(file, '..', 'aliases.yaml') },
  })
  assert.equal(removed.status, 0, removed.stderr)
  assert.deepEqual((await show())['announce'], env.SECRET)
})

test('reannounce accepts an alias, and a file of that name is still a file', async (t) => {
  const { make, run, image, show, scratch } = withFile(t, YAML)
  await make('one')
  assertStatus(await run('reannounce', 'mine', `${image}.torrent`), 0)
  assert.equal((await show())['announce'], 'http://a.example/announce')
  writeFileSync(join(scratch, 'one'), 'content')
  const made = await runBtkit(
    ['makemetafile', 'one', 'image', '--trackerless', '--config', join(scratch, 'c.yaml')],
    { cwd: scratch },
  )
  assert.match(made.stdout + made.stderr, /one\.torrent|one:/)
})

test('the rule of a tracker applies when the tracker is used', async (t) => {
  const { make } = withFile(t, YAML)
  const shown = await make('-a', 'one')
  assert.deepEqual(
    [shown['private'], shown['source'], shown['version'], shown['pieceLength']],
    [true, 'ONE', 'hybrid', 16384],
  )
  assert.deepEqual((shown['announceList'] as unknown[]).length, 2)
  assert.equal((await make('mine'))['private'], false)
})

test('a rule of a host beyond ASCII applies to its tracker', async (t) => {
  const { make, run, image } = withFile(t, 'trackers: {ä.example: {private: true, source: X}}\n')
  const { announce, ...shown } = await make('http://ä.example/announce')
  assert.equal(announce, 'http://xn--4ca.example/announce')
  assert.deepEqual([shown['private'], shown['source']], [true, 'X'])
  await run('makemetafile', image, 'http://ä.example/announce', '--no-private', '--force')
  assert.match((await run('lint', `${image}.torrent`)).stdout, /wants private torrents/)
})

test('a dry run names the file and line of a rule, and an override is a warning', async (t) => {
  const { run, image, file } = withFile(t, YAML)
  const { stderr } = await run('makemetafile', image, 'one', '--dry-run', '--no-private')
  assert.ok(stderr.includes(`one.example: source: ONE (${file}:12)`), stderr)
  const overridden = 'overrides the rule of the tracker one.example: '
  assert.deepEqual(stderr.split(overridden).length, 2, stderr)
  assert.ok(stderr.includes(`${overridden}private: true`), stderr)
  const two = await run('makemetafile', image, 'one', '--dry-run', '-s', 'ONE', '-s', 'TWO')
  assert.ok(two.stderr.includes(`${overridden}source: ONE`), two.stderr)
})

test('lint reports torrents that break a rule', async (t) => {
  const { run, image, file } = withFile(t, YAML)
  await run('makemetafile', image, 'one', '--no-private', '--quiet')
  const { stdout } = assertStatus(await run('lint', '--strict', `${image}.torrent`), 1)
  assert.match(stdout, /warning: one\.example wants private torrents[^\n]+ \[tracker-rule\]\n/)
  assert.ok(stdout.includes(`(${file}:10)`), stdout)
})

test('lint reads the values of a rule as makemetafile does', async (t) => {
  const rule = 'trackers: {one.example: {piece-length: {max: 3M}, announce-list: [env:NOT_SET]}}'
  const { run, image, file } = withFile(t, `${rule}\n`)
  await run('makemetafile', image, '--trackerless', '--quiet')
  const { stderr } = await runBtkit(['lint', '--config', file, `${image}.torrent`])
  const why = 'not a power of two from 16KiB to 1GiB'
  assert.equal(stderr, `btkit: ${file}:1:46: max-piece-length '3M': ${why}\n`)
})

test('config show --presets lists them for programs, and the default is marked', async (t) => {
  const { run, file } = withFile(t, `${YAML}default-preset: [large]\n`)
  const { stdout } = await run('config', 'show', '--presets', '--json')
  const lines = stdout.trim().split('\n')
  assert.deepEqual(JSON.parse(lines[1] ?? ''), {
    preset: 'large',
    isDefault: true,
    from: `${file}:5`,
    options: { 'piece-length': '4M', source: 'BIG', 'on-change': 'true' },
  })
})

test('config show --presets shows them to people, and names no command', async (t) => {
  const { run } = withFile(t, `${YAML}default-preset: [large]\n`)
  assert.match((await run('config', 'show', '--presets')).stdout, /large/)
  const refused = await run('config', 'show', 'stats', '--presets')
  assertError(refused, 'usage', '--presets lists all presets; name no command')
})
