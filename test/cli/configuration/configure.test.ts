import assert from 'node:assert/strict'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { assertError, runBtkit, jsonLines } from '../../support/run-btkit.js'
import { makeScratch } from '../../support/scratch.js'
import { serveMirror } from '../../support/serve.js'
import { until } from '../../support/until.js'

const URL = 'http://t.example/announce'

/** Runs btkit where the user has a configuration. */
function withFile(t: TestContext, yaml: string) {
  const scratch = makeScratch(t)
  const file = join(scratch, 'btkit/config.yaml')
  mkdirSync(join(scratch, 'btkit'))
  writeFileSync(file, yaml)
  writeFileSync(join(scratch, 'image'), Buffer.alloc(100_000))
  const env = { XDG_CONFIG_HOME: scratch }
  const show = async () => {
    const { stdout } = await runBtkit(['showmetainfo', '--json', join(scratch, 'image.torrent')])
    return JSON.parse(stdout) as Record<string, unknown>
  }
  return {
    scratch,
    file,
    run: (args: readonly string[], more: Parameters<typeof runBtkit>[1] = {}) =>
      runBtkit(args, { ...more, env: { ...env, ...more.env } }),
    /** Makes the torrent of a file, and shows it. */
    make: async (...args: string[]) => {
      const made = await runBtkit(['makemetafile', join(scratch, 'image'), ...args], { env })
      assert.deepEqual([made.status, made.stderr], [0, ''])
      return show()
    },
  }
}

test('defaults and the section of a command are as if typed, the section above the defaults', async (t) => {
  const { make } = withFile(
    t,
    `defaults:\n  announce: ${URL}\n  comment: of all\n  private: true\nmakemetafile:\n  comment: own\n`,
  )
  const shown = await make()
  assert.equal(shown['announce'], URL)
  assert.equal(shown['comment'], 'own')
  assert.equal(shown['private'], true)
})

test('a configuration that is a link to nothing is an error', async (t) => {
  const { file, scratch, run } = withFile(t, '')
  rmSync(file)
  symlinkSync('nowhere', file)
  const result = await run(['makemetafile', join(scratch, 'image'), URL])
  assertError(result, 'not-found', `${file}: no such file or directory`)
})

test('the command line overrides the configuration: whole lists, and switches by --no-', async (t) => {
  const { make } = withFile(
    t,
    `defaults:\n  announce: ${URL}\n  private: true\n  web-seed: [http://a.example/, http://b.example/]\n`,
  )
  const shown = await make('--no-private', '--web-seed', 'http://c.example/', 'http://u.example/a')
  assert.equal(shown['private'], false)
  assert.equal(shown['announce'], 'http://u.example/a')
  assert.deepEqual(shown['webSeeds'], ['http://c.example/'])
})

test('of a switch and its opposite the last one typed counts', async (t) => {
  const { make, run, scratch } = withFile(t, `makemetafile: {announce: ${URL}}\n`)
  const isPrivate = async (...args: string[]) => (await make('--force', ...args))['private']
  assert.equal(await isPrivate('--private', '--no-private'), false)
  assert.equal(await isPrivate('--no-private', '--private'), true)
  const hasCache = async (...args: string[]) => {
    const cache = join(scratch, args.join(''))
    await run(['makemetafile', join(scratch, 'image'), '--cache-dir', cache, '--force', ...args])
    return existsSync(cache)
  }
  assert.equal(await hasCache('--no-cache', '--cache'), true)
  assert.equal(await hasCache('--cache', '--no-cache'), false)
})

test('a file may have the --no- form of an option with a value', async (t) => {
  const { make, run, file } = withFile(t, '')
  const named = 'no-date: true, no-created-by: true, no-preset: true'
  const preset = 'presets: {p: {comment: of the preset}}\ndefault-preset: p'
  writeFileSync(file, `makemetafile: {announce: ${URL}, ${named}}\n${preset}\n`)
  const shown = await make()
  assert.deepEqual(
    [shown['creationDate'], shown['createdBy'], shown['comment']],
    [null, null, null],
  )
  assert.notEqual((await make('--date', '5'))['creationDate'], null)
  // A command without the option leaves it alone among the defaults
  writeFileSync(file, 'defaults: {no-date: true, no-created-by: true}\n')
  assert.equal((await run(['config', 'check'])).status, 0)
  const hashed = await run(['hash', '/nonexistent'])
  assert.doesNotMatch(hashed.stderr, /unknown option/)
  writeFileSync(file, 'makemetafile: {no-date: false}\n')
  const { status, stderr } = await run(['config', 'check'])
  assert.match(stderr, /1:16: unknown option "no-date"/)
  assert.equal(status, 1)
})

test('an option cancels options of a configuration that exclude it', async (t) => {
  const { make } = withFile(t, `defaults: {announce: ${URL}, v2: true, piece-length: 64K}\n`)
  const shown = await make('--trackerless', '--hybrid', '-l', '15')
  assert.equal(shown['announce'], null)
  assert.equal(shown['version'], 'hybrid')
  assert.equal(shown['pieceLength'], 32768)
})

test('patterns in a list of directories are expanded, as a shell does on the command line', async (t) => {
  const { scratch, file, make, run } = withFile(t, '')
  await make(URL)
  mkdirSync(join(scratch, 'disk 1'))
  renameSync(join(scratch, 'image'), join(scratch, 'disk 1/copy'))
  writeFileSync(file, `find:\n  in: ['${scratch}/disk*']\n`)
  assert.equal((await run(['find', join(scratch, 'image.torrent')])).status, 0)
})

test('lists of lists are tiers, and maps are pairs', async (t) => {
  const { make, run, scratch } = withFile(
    t,
    `makemetafile:\n  announce: [[${URL}, udp://b.example:1], http://c.example/a]\n  set: {x: {a: [1, yes]}}\n`,
  )
  const shown = await make()
  assert.deepEqual(shown['announceList'], [[URL, 'udp://b.example:1'], ['http://c.example/a']])
  const { stdout } = await run(['showmetainfo', join(scratch, 'image.torrent')])
  assert.match(stdout, /other keys.*x/)
})

test('only the file of --config is read, and /dev/null is an empty one', async (t) => {
  const { scratch, run } = withFile(t, `defaults: {announce: ${URL}, comment: user}\n`)
  const other = join(scratch, 'other.yaml')
  writeFileSync(other, 'makemetafile: {trackerless: true}\n')
  const image = join(scratch, 'image')
  const given = await run(['makemetafile', image, '--dry-run', '--config', other])
  assert.equal(given.status, 0, given.stderr)
  const none = await run(['makemetafile', image, '--dry-run'], {
    env: { BTKIT_CONFIG: '/dev/null' },
  })
  assert.equal(none.status, 0)
  assert.match(none.stderr, /no tracker/)
  const missing = await run(['makemetafile', image, '--config', join(scratch, 'missing')])
  assert.equal(missing.status, 1)
  assert.match(missing.stderr, /missing: no such file/)
})

const MISTAKES: readonly (readonly [what: string, yaml: string, told: string])[] = [
  [
    'a misspelt default',
    'defaults:\n  privat: true\n',
    ':2:3: unknown option "privat"; did you mean "private"?',
  ],
  [
    'an unknown section',
    'makemetafiel: {private: true}\n',
    ':1:1: unknown section "makemetafiel"; did you mean "makemetafile"?',
  ],
  [
    'a default that no command has',
    'defaults: {quest: 1}\n',
    ':1:12: unknown option "quest"; no command has it',
  ],
  [
    'a switch as its opposite of a value',
    'defaults: {no-threads: 1}\n',
    ':1:12: unknown option "no-threads"',
  ],
  [
    'an edit as a default',
    'defaults: {add-tracker: x}\n',
    ':1:12: option "add-tracker" cannot be a default',
  ],
  [
    'a wrong value',
    'makemetafile: {private: maybe}\n',
    ":1:25: private 'maybe': neither true nor false",
  ],
]

for (const [what, yaml, told] of MISTAKES) {
  test(`a mistake in the configuration stops the command: ${what}`, async (t) => {
    const { file, run, scratch } = withFile(t, yaml)
    const refused = await run(['makemetafile', join(scratch, 'image'), URL])
    assertError(refused, 'usage', `btkit: ${file}${told}`)
    assert.ok(!existsSync(join(scratch, 'image.torrent')))
    // These two must work, or nobody finds out what is wrong
    assert.equal((await run(['makemetafile', '--help'])).status, 0)
    assert.equal((await run(['config', 'check'])).status, 1)
  })
}

test('defaults may have the options of any command, under all their names', async (t) => {
  const { make, run } = withFile(
    t,
    'defaults: {unused-for: 30d, no-prune: true, tracker: x, http-seeds: http://y.example/, port: 6969}\n' +
      'cache: {unused-for: 30d}\n',
  )
  await make('--trackerless')
  const stats = await run(['cache', 'stats'])
  assert.deepEqual([stats.status, stats.stderr], [0, ''])
})

test('the options of a group are those of all its commands', async (t) => {
  const { file, run } = withFile(t, 'cache: {unsued-for: 30d}\n')
  const refused = await run(['cache', 'stats'])
  const said = `${file}:1:9: unknown option "unsued-for"; did you mean "unused-for"?`
  assertError(refused, 'usage', said)
})

test('options that cannot be used together are named with their file and line', async (t) => {
  const { file, run } = withFile(t, 'completedir: {adopt: true, force: true}\n')
  const places = `(--adopt is from ${file}:1:22, --force is from ${file}:1:35)`
  const said = `--adopt and --force cannot be used together ${places}`
  assertError(await run(['completedir', '/none']), 'usage', said)
  writeFileSync(file, 'find: {likely: true}\n')
  const lack = `--likely needs --link (--likely is from ${file}:1:16)`
  assertError(await run(['find', 'a.torrent']), 'usage', lack)
})

test('a configured option that does not go with the value of a typed one is named with its place', async (t) => {
  const { file, run, scratch } = withFile(t, 'makemetafile: {checksums: [sha256]}\n')
  const args = ['makemetafile', join(scratch, 'image'), URL, '--output', '-']
  const two = '--checksums and --output - cannot be used together: '
  assertError(await run(args), 'usage', two, `(--checksums is from ${file}:1:27)`)
})

test('a tracker as an argument overrides a configured one, and is refused beside --trackerless', async (t) => {
  const { make, run, scratch } = withFile(
    t,
    `makemetafile: {announce: [${URL}, udp://b.example:1]}\n`,
  )
  const shown = await make('http://own.example/a')
  assert.deepEqual([shown['announce'], shown['announceList']], ['http://own.example/a', null])
  const args = ['makemetafile', join(scratch, 'image'), URL, '--trackerless']
  assertError(await run(args), 'usage', '--trackerless', URL)
})

test('a client and users of the defaults are not for servers, which would refuse them', async (t) => {
  const users = withFile(t, 'defaults: {client: "transmission://h", admin-users: /none}\n')
  const serve = ['serve', makeScratch(t), '--trackerless', '--host', '192.0.2.1']
  assert.match((await users.run(serve)).stderr, /192\.0\.2\.1/)
  const client = withFile(t, 'defaults: {client: "transmission://h"}\n')
  const track = ['track', '--open', '--host', '192.0.2.1']
  assert.match((await client.run(track)).stderr, /192\.0\.2\.1/)
})

test('the tracker of serve can be turned off in a configuration and in the environment', async (t) => {
  const { run } = withFile(t, 'serve: {track: false, trackerless: true}\n')
  const serve = ['serve', makeScratch(t), '--host', '192.0.2.1']
  // The address is none of this machine
  assert.match((await run(serve)).stderr, /192\.0\.2\.1/)
  const track = async (yaml: string, env: Record<string, string>) => {
    const { stdout } = await withFile(t, yaml).run(['config', 'show', 'serve', '--json'], { env })
    const all = jsonLines(stdout)
    return all.find(({ option }) => option === 'track')?.['value']
  }
  const url = 'http://t.example/announce'
  assert.equal(await track(`serve: {track: "${url}"}\n`, { BTKIT_SERVE_TRACK: '0' }), '0')
  assert.equal(await track('serve: {track: false}\n', { BTKIT_SERVE_TRACK: url }), url)
})

test('defaults do not edit torrents', async (t) => {
  const { make, run, scratch } = withFile(t, `defaults: {announce: ${URL}, private: true}\n`)
  await make('--no-private')
  const edited = await run(['edit', '--comment', 'new', join(scratch, 'image.torrent')])
  assert.equal(edited.status, 0, edited.stderr)
  const { stdout } = await run(['showmetainfo', '--json', join(scratch, 'image.torrent')])
  assert.equal((JSON.parse(stdout) as { private: boolean }).private, false)
})

test('an option of the configuration does not remake existing torrents', async (t) => {
  const { file, run, scratch } = withFile(t, `defaults: {announce: ${URL}}\n`)
  const tree = join(scratch, 'tree')
  mkdirSync(tree)
  writeFileSync(join(tree, 'a'), Buffer.alloc(50_000))
  assert.equal((await run(['completedir', tree])).status, 0)
  writeFileSync(file, `defaults: {announce: ${URL}, private: true}\n`)
  const { stdout } = await run(['completedir', tree])
  assert.match(stdout, /unchanged 1|1 unchanged|up to date/i)
})

test('a secret may be in a file beside the configuration, or in a variable', async (t) => {
  const torrents = '{announce: file:tracker, private: true}'
  const { scratch, make, run } = withFile(t, `makemetafile: ${torrents}\n`)
  writeFileSync(join(scratch, 'btkit/tracker'), `${URL}?passkey=1\n`)
  assert.equal((await make())['announce'], `${URL}?passkey=1`)
  const other = join(scratch, 'other.yaml')
  writeFileSync(other, 'makemetafile: {announce: env:MY_TRACKER, private: true}\n')
  const args = ['makemetafile', join(scratch, 'image'), '--config', other, '--dry-run']
  const unset = await run(args)
  assert.match(unset.stderr, /other\.yaml:1:\d+: the variable MY_TRACKER is not set\n/)
  assert.equal((await run(args, { env: { MY_TRACKER: URL } })).status, 0)
})

test('no message shows a secret', async (t) => {
  const { scratch, file, run } = withFile(t, '')
  const image = join(scratch, 'image')
  for (const [yaml, env] of [
    ['makemetafile: {announce: env:SECRET}', 'P4SSKEY'],
    ['makemetafile: {announce: [[http://t.example/a, env:SECRET]]}', 'P4SSKEY'],
    ['makemetafile: {announce: [[http://t.example/a, env:SECRET]]}', ' P4SSKEY '],
    ['makemetafile: {announce: env:SECRET}', "http://t.example/a,http://t.example/a'P4SSKEY b"],
    ['makemetafile: {announce: env:SECRET}', 'htp://t.example/P4SSKEY/announce'],
    ['makemetafile: {announce: "http://t.example:x/P4SSKEY/announce"}', ''],
    ['makemetafile: {announce: "htp://t.example/P4SSKEY/announce"}', ''],
    ['makemetafile: {announce: "t.example/P4SSKEY/announce"}', ''],
    ['makemetafile: {web-seed: "htp://me:P4SS@P4SSKEY@m.example/"}', ''],
    ['makemetafile: {web-seed-base: "http://me:P4SSKEY@m.example/"}', ''],
    ['completedir: {publish: "me:P4SSKEY@t.example"}', ''],
    ['completedir: {publish: env:SECRET}', 'transmission+http://me:P4SSKEY@['],
    ['worker: {queue: env:SECRET}', 'http://me:P4SSKEY@h'],
  ] as const) {
    writeFileSync(file, `${yaml}\n`)
    const command = yaml.split(':')[0] ?? ''
    const args = command === 'worker' ? [command] : [command, image]
    const { status, stderr } = await run(args, { env: { SECRET: env } })
    assert.equal(status, 2, yaml)
    assert.match(stderr, /config\.yaml:1:\d+: /)
    assert.doesNotMatch(stderr, /P4SSKEY/)
  }
  const check = async () => await run(['config', 'check'])
  for (const yaml of [
    'aliases: {mine: htp://t.example/P4SSKEY/announce}',
    'aliases: {http://me:P4SSKEY@t.example: http://t.example/announce}',
    'trackers: {http://t.example/P4SSKEY/announce: {source: A}}',
    'http://me:P4SSKEY@t.example: {}',
  ]) {
    writeFileSync(file, `${yaml}\n`)
    const { status, stderr } = await check()
    assert.match(stderr, /config\.yaml:1:\d+: .*\*\*\*/)
    assert.doesNotMatch(stderr, /P4SSKEY/)
    assert.equal(status, 1, yaml)
  }
})

test('a variable that a command reads itself overrides the configuration', async (t) => {
  const { scratch, run } = withFile(t, 'cache: {cache-dir: /from/file}\n')
  const cache = join(scratch, 'cache')
  const shown = await run(['config', 'show', 'cache', 'stats'], { env: { BTKIT_CACHE_DIR: cache } })
  assert.match(shown.stdout, new RegExp(`cache-dir +${cache} +BTKIT_CACHE_DIR\n`))
})

test('a configuration overrides CACHE_DIRECTORY of systemd', async (t) => {
  const { scratch, run } = withFile(t, '')
  writeFileSync(join(scratch, 'btkit/config.yaml'), `defaults: {cache-dir: ${scratch}/own}\n`)
  mkdirSync(join(scratch, 'own'))
  const env = { BTKIT_CACHE_DIR: '', CACHE_DIRECTORY: join(scratch, 'systemd') }
  const { stdout } = await run(['cache', 'stats'], { env })
  assert.match(stdout, new RegExp(`directory: ${scratch}/own`))
})

const isRoot = process.getuid?.() === 0
test('root reads no configuration that others can change', { skip: !isRoot }, async (t) => {
  const { file, run } = withFile(t, 'defaults: {threads: 1}\n')
  const asRoot = async () => (await run(['verify', '/none'], { isRoot: true })).stderr
  assert.doesNotMatch(await asRoot(), /configuration/)
  chmodSync(file, 0o666)
  assert.match(await asRoot(), /config\.yaml: others can write to it, so root does not read it/)
  chmodSync(file, 0o644)
  chownSync(file, 1, 1)
  assert.match(await asRoot(), /config\.yaml: it is not owned by root/)
  chownSync(file, 0, 0)
  chmodSync(join(file, '..'), 0o777)
  assert.match(await asRoot(), /btkit: others can write to it/)
})

const HOSTILE: readonly (readonly [what: string, yaml: string, told: RegExp])[] = [
  ['a tag', 'verify: !!js/function "x"\n', /tag/],
  ['a key twice', 'verify:\n  threads: 1\n  threads: 2\n', /:3:3: threads is given twice/],
  ['two documents', 'verify: {}\n---\nverify: {}\n', /document/],
  ['a list', '- verify\n', /:1:1: not a map of sections/],
  ['an unknown alias', 'verify: *a\n', /:1:9: /],
  ['an alias in itself', 'verify: &a {data-prefix: *a}\n', /nested too deeply|unknown option/],
  ['depth', `verify: ${'['.repeat(100_000)}`, /nested too deeply/],
  ['length', `verify: {}\n${'#'.repeat(300_000)}`, /larger than the limit/],
  ['no UTF-8', 'verify: \xff', /config\.yaml: not UTF-8/],
  [
    'many keys',
    `verify:\n${Array.from({ length: 20_001 }, (_, i) => ` a${i}:`).join('\n')}`,
    /too many values/,
  ],
  [
    'a bomb of aliases',
    `verify:\n x0: &x0 [a,a,a,a,a,a,a,a,a]\n${Array.from({ length: 9 }, (_, i) => ` x${i + 1}: &x${i + 1} [${`*x${i},`.repeat(9)}]`).join('\n')}`,
    /too many aliases/,
  ],
]

for (const [what, yaml, told] of HOSTILE) {
  test(`hostile YAML ends soon: ${what}`, { timeout: 20_000 }, async (t) => {
    const { file, run } = withFile(t, '')
    writeFileSync(file, Buffer.from(yaml, 'latin1'))
    const { status, stderr } = await run(['verify', '/none'])
    assert.notEqual(status, 0)
    assert.match(stderr, told)
    assert.equal(stderr.split('\n').length, 2)
  })
}

test('on SIGHUP a service reports which configured values need a restart', async (t) => {
  const { file, scratch } = withFile(t, 'serve: {min-age: 5, log: json}\n')
  const io = { env: { XDG_CONFIG_HOME: scratch } }
  const { hangUp, stdout, stderr } = await serveMirror(t, { files: { a: 'a' }, io })
  writeFileSync(file, 'serve: {min-age: 7}\n')
  hangUp()
  const told = `btkit: ${file}:1:18: min-age is 7 now; restart to apply it\n`
  await until('it says so', () => stderr.text.includes(told))
  await until('it says so', () =>
    stderr.text.includes('btkit: log is no longer configured; restart to apply it\n'),
  )
  writeFileSync(file, 'serve: {min-age: many}\n')
  hangUp()
  await until('it says so', () =>
    /1:18: min-age 'many': .*; the options in use stay\n/.test(stderr.text),
  )
  await until('it is reloaded', () => stdout.text.split('\nreloaded\n').length > 1)
})

test('a misspelt variable gets the right name suggested', async () => {
  const { status, stderr } = await runBtkit(['serve', '/nowhere'], {
    env: { BTKIT_SERVE_MAX_UPLOAD_RTE: '5M' },
  })
  const hint = 'unknown option --max-upload-rte; did you mean "max-upload-rate"?'
  assert.deepEqual([status, stderr], [2, `btkit: BTKIT_SERVE_MAX_UPLOAD_RTE: ${hint}\n`])
})
