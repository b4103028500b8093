import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import Ajv from 'ajv'
import { leafCommands, optionEntries } from '../../../../src/cli/options/table.js'
import { allCommands } from '../../../support/commands.js'
import { assertError, assertStatus, jsonLines, runBtkit } from '../../../support/run-btkit.js'
import { executable } from '../../../support/executable.js'
import { runProgram } from '../../../support/programs.js'
import { makeScratch } from '../../../support/scratch.js'

function plantConfig(t: TestContext, yaml: string): string {
  return join(makeScratch(t, { 'c.yaml': yaml }), 'c.yaml')
}

test('config show says of each option where it is from', async (t) => {
  const file = plantConfig(t, 'defaults:\n  cache-trust: mtime\nserve:\n  port: 1\n  min-age: 7\n')
  const { stdout, status } = await runBtkit(['config', 'show', 'serve', '--config', file], {
    env: { BTKIT_SERVE_PORT: '99' },
  })
  assert.equal(status, 0)
  assert.match(stdout, new RegExp(`\n  cache-trust +mtime +${file}:2\n`))
  assert.match(stdout, new RegExp(`\n  min-age +7 +${file}:5\n`))
  assert.match(stdout, /\n {2}port +99 +BTKIT_SERVE_PORT\n/)
  assert.match(stdout, /\n {2}max-wait +25 +default\n/)
})

test('config show --json has a line for each option, and no passwords', async (t) => {
  const file = plantConfig(t, 'publish: {client: transmission+http://me:secret@127.0.0.1}\n')
  const args = ['config', 'show', 'publish', '--json', '--config', file]
  const { stdout } = await runBtkit(args)
  assert.doesNotMatch(stdout, /secret/)
  const lines = jsonLines<Record<string, string>>(stdout)
  assert.deepEqual(
    lines.find(({ option }) => option === 'client'),
    {
      command: 'publish',
      option: 'client',
      value: 'transmission+http://me:***@127.0.0.1',
      from: `${file}:1`,
    },
  )
})

test('config show and presets hide what can be a passkey in the URL of a tracker', async (t) => {
  const file = join(makeScratch(t), 'c.yaml')
  const yaml = [
    'makemetafile: {announce: ["http://t.example/P4SSKEY/announce?k=P4SSKEY", udp://b.example:1]}',
    'presets: {site: {announce: http://t.example/announce/P4SSKEY, web-seed: http://m.example/iso/}}',
    'serve: {tracker: http://t.example/P4SSKEY/announce.php}',
    'completedir: {announce: ["http://[::1]:80/P4SSKEY/announce", "http://t.example/x,P4SSKEY]P4SSKEY"]}',
    'edit: {replace-web-seed: ["http://w.example/P4SSKEY=http://w.example/b"]}',
    'reannounce: {replace-tracker: ["http://t.example/P4SSKEY=http://t.example/b"]}',
  ]
  writeFileSync(file, `${yaml.join('\n')}\n`)
  const shown = await runBtkit(['config', 'show', 'makemetafile', '--config', file])
  assert.match(shown.stdout, /http:\/\/t\.example\/\*\*\*\/announce\?\*\*\*, udp:\/\/b\.example:1/)
  const served = await runBtkit(['config', 'show', 'serve', '--config', file])
  assert.match(served.stdout, /http:\/\/t\.example\/\*\*\*\/announce\.php/)
  const presets = await runBtkit(['config', 'show', '--presets', '--config', file])
  assert.match(presets.stdout, /announce: http:\/\/t\.example\/announce\/\*\*\*\n/)
  assert.match(presets.stdout, /web-seed: http:\/\/m\.example\/iso\/\n/)
  const completed = await runBtkit(['config', 'show', 'completedir', '--config', file])
  assert.match(
    completed.stdout,
    /\[http:\/\/\[::1\]:80\/\*\*\*\/announce, http:\/\/t\.example\/\*\*\*\]/,
  )
  const changed = await runBtkit(['config', 'show', '--config', file])
  assert.match(changed.stdout, /replace-web-seed.*\n.*\n.*replace-tracker/)
  for (const { stdout } of [shown, served, presets, completed, changed])
    assert.doesNotMatch(stdout, /P4SSKEY/)
})

const SECRETS =
  /^(announce(-list)?|((add|remove)-)?tracker|cache-url|client|publish|queue|store|track)$/

test('options whose values are often secret read them from variables, and no others do', async (t) => {
  const sections: Record<string, Record<string, string>> = {}
  for (const { section, command } of leafCommands(await allCommands())) {
    for (const { key, kind } of optionEntries(command).values())
      if (kind !== 'switch' && kind !== 'map')
        (sections[section] ??= {})[key] = `env:${section} ${key}`
  }
  const file = plantConfig(t, JSON.stringify(sections))
  const { stderr } = await runBtkit(['config', 'check', file])
  const read = Array.from(stderr.matchAll(/the variable (.+) is not set/g), ([, name]) => name)
  const all = Object.entries(sections).flatMap(([section, options]) =>
    Object.keys(options).map((key) => ({ key, name: `${section} ${key}` })),
  )
  const secret = all.flatMap(({ key, name }) => (SECRETS.test(key) ? [name] : []))
  assert.deepEqual(read.sort(), secret.sort())
})

test('config show hides the passwords in URLs that a torrent has', async (t) => {
  const file = join(makeScratch(t), 'c.yaml')
  const options = [
    'web-seed: [http://me:s3cret@m.example/iso/]',
    'http-seed: http://me:s3c@s3cret@m.example/seed.php',
  ]
  writeFileSync(file, `makemetafile: {${options.join(', ')}}\n`)
  const { stdout } = await runBtkit(['config', 'show', '--config', file])
  assert.match(stdout, /web-seed +\[http:\/\/me:\*\*\*@m\.example\/iso\/\] /)
  assert.match(stdout, /http-seed +http:\/\/me:\*\*\*@m\.example\/seed\.php /)
})

test('config check names an address of no client with its punctuation', async (t) => {
  const file = plantConfig(t, 'publish: {client: http://me:secret@127.0.0.1:1/}\n')
  const { stderr } = await runBtkit(['config', 'check', file])
  assert.match(stderr, /:1:19: http:\/\/127\.0\.0\.1:1\/: not the address of a client/)
})

test('config check finds options of a section that exclude each other', async (t) => {
  const file = join(makeScratch(t), 'c.yaml')
  for (const [yaml, place, pair] of [
    ['makemetafile: {v2: true, hybrid: true}', '1:20', 'hybrid and v2'],
    [
      'makemetafile: {trackerless: true, announce: http://t.example/}',
      '1:45',
      'trackerless and announce',
    ],
    ['defaults: {v2: true, hybrid: true}', '1:16', 'hybrid and v2'],
    ['track: {open: true, allowed-dir: d}', '1:34', 'open and allowed-dir'],
  ]) {
    writeFileSync(file, `${yaml}\n`)
    const { status, stderr } = await runBtkit(['config', 'check', file])
    const told = `btkit: ${file}:${place}: ${pair} cannot be used together\n`
    assert.deepEqual([status, stderr], [1, told])
  }
  // The section is stronger, and a command that has one of them only
  writeFileSync(
    file,
    `defaults: {v2: true}
makemetafile: {hybrid: true}
serve: {track: 'https://t.example/announce', tls-cert: c, tls-key: k}
`,
  )
  assert.equal((await runBtkit(['config', 'check', file])).status, 0)
})

for (const [section, lacking, needed, line] of [
  ['serve', 'max-rate: 5M', 'warm', ['--trackerless']],
  ['serve', 'banned-ips: /f', 'track', ['--trackerless']],
  ['serve', 'admin-users: /f', 'track', ['--trackerless']],
  ['serve', 'track: https://t.example/announce', 'tls-cert', []],
  ['track', 'archive-dir: [/f]', 'allowed-dir', ['--open']],
  ['track', 'make-from: [/f]', 'admin-users', ['--open']],
  ['completedir', 'feed: /f', 'feed-url', ['--trackerless']],
  ['completedir', 'feed-url: http://h.example', 'feed', ['--trackerless']],
  ['makemetafile', 'base-url: http://h.example/', 'files-from', ['--trackerless']],
  ['makemetafile', 'sort-by: given', 'files-from', ['--trackerless']],
] as const) {
  test(`${section} ${lacking} needs ${needed}, typed, in a configuration and for config check`, async (t) => {
    const directory = makeScratch(t, { a: 'content' })
    const [key = '', value = ''] = lacking.split(': ')
    const operand = section === 'track' ? [] : [directory]
    const typed = [section, ...operand, ...line, `--${key}`, value.replace(/^\[|\]$/g, '')]
    assertError(await runBtkit(typed), 'usage', `--${key}`, `needs --${needed}`)
    const file = join(directory, 'c.yaml')
    writeFileSync(file, `${section}: {${lacking}}\n`)
    const checked = assertStatus(await runBtkit(['config', 'check', file]), 1)
    assert.match(checked.stderr, new RegExp(`c\\.yaml:1:\\d+: ${key} (\\S+ )?needs ${needed}`))
    const configured = await runBtkit([section, ...operand, ...line, '--config', file])
    assertError(configured, 'usage', `needs --${needed}`)
    writeFileSync(file, `defaults: {${lacking}}\n`)
    assert.doesNotMatch((await runBtkit(['config', 'check', file])).stderr, /needs/)
  })
}

test('an option under two names in a section is a mistake', async (t) => {
  const directory = makeScratch(t)
  const file = join(directory, 'c.yaml')
  const source = join(directory, 'image')
  writeFileSync(source, 'content')
  for (const [options, place, names] of [
    ['private: true, no-private: true', '1:31', 'no-private and private'],
    ['output: a.torrent, target: b.torrent', '1:35', 'target and output'],
    ['announce: http://a.example/, tracker: http://b.example/', '1:45', 'tracker and announce'],
  ]) {
    writeFileSync(file, `makemetafile: {${options}}\n`)
    const told = `btkit: ${file}:${place}: ${names} are one option; give one of them\n`
    const checked = await runBtkit(['config', 'check', file])
    assert.deepEqual([checked.status, checked.stderr], [1, told])
    const made = await runBtkit(['makemetafile', source, '--config', file])
    assert.deepEqual([made.status, made.stderr], [2, told])
  }
  writeFileSync(file, 'makemetafile: {private: true, no-private: }\n')
  assert.equal((await runBtkit(['config', 'check', file])).status, 0)
})

test('config init writes what config check finds nothing in, also without its comments', async (t) => {
  const file = join(makeScratch(t), 'new/config.yaml')
  const first = await runBtkit(['config', 'init', file])
  assert.deepEqual([first.status, first.stdout], [0, `wrote ${file}\n`])
  assert.equal((await runBtkit(['config', 'check', file])).status, 0)
  const again = assertStatus(await runBtkit(['config', 'init', file]), 1)
  assert.match(
    again.stderr,
    /config\.yaml: exists already and was not changed; name another file\n/,
  )
  // The defaults have two lines for announce, to choose from, and a variable that is not set
  const own = readFileSync(file, 'utf8').replace(/#defaults:[^]*?\n\n/, '')
  writeFileSync(file, own.replaceAll(/^#(\w|  )/gm, '$1').replaceAll(/^# .*$/gm, ''))
  const { stdout, stderr } = await runBtkit(['config', 'check', file])
  assert.deepEqual([stdout, stderr], [`${file}: nothing wrong\n`, ''])
})

test('config init leaves no part of a file', async (t) => {
  const file = join(makeScratch(t), 'c.yaml')
  const program = ['--import', "data:text/javascript,process.on('SIGXFSZ',()=>{})"]
  const all = [process.execPath, ...program, executable('btkit'), 'config', 'init', file]
  const { status, stderr } = await runProgram('sh', ['-c', 'ulimit -f 1; exec "$@"', 'sh', ...all])
  assert.deepEqual([status, stderr], [1, `btkit: ${file}: file too large\n`])
  assert.equal(existsSync(file), false)
})

test('config init writes the file of --config, or of BTKIT_CONFIG', async (t) => {
  const directory = makeScratch(t)
  const [named, inVariable] = ['a.yaml', 'b.yaml'].map((name) => join(directory, name))
  const { stdout } = await runBtkit(['config', 'init', '--config', named!])
  assert.equal(stdout, `wrote ${named}\n`)
  const other = await runBtkit(['config', 'init'], { env: { BTKIT_CONFIG: inVariable } })
  assert.equal(other.stdout, `wrote ${inVariable}\n`)
})

test('config init is short, and - is standard output', async () => {
  const { stdout } = assertStatus(await runBtkit(['config', 'init', '-']), 0)
  assert.match(stdout, /^# Configuration of btkit/)
  assert.ok(stdout.length < 2500, `${stdout.length} characters`)
})

const WRONG = `makemetafiel: {}
defaults:
  treads: 2
  cache-trust: mtime
serve:
  log: xml
  min-age: 7
aliases:
  mine: nowhere
`

test('config show shows all that is right beside what is wrong, and reports all of that', async (t) => {
  const file = plantConfig(t, WRONG)
  const { stdout, stderr } = assertStatus(await runBtkit(['config', 'show', '--config', file]), 1)
  assert.match(stdout, new RegExp(`\n  cache-trust +mtime +${file}:4\n`))
  assert.match(stdout, new RegExp(`\n  min-age +7 +${file}:7\n`))
  assert.match(stdout, new RegExp(`\n  log +xml +${file}:6\n`))
  const told = stderr.split('\n').map((line) => line.replace(`btkit: ${file}`, ''))
  assert.equal(told[0], ':1:1: unknown section "makemetafiel"; did you mean "makemetafile"?')
  assert.match(told[1] ?? '', /^:3:3: unknown option "treads"/)
  assert.match(told[2] ?? '', /^:6:8: log 'xml': /)
  assert.match(told[3] ?? '', /^:9:9: .*nowhere/)
  assert.equal(told[4], `btkit: read ${file}`)
})

test('config show reports a file that is no YAML', async (t) => {
  const file = plantConfig(t, 'a: [\n')
  const { stdout, stderr, status } = await runBtkit(['config', 'show', 'hash', '--config', file])
  assert.equal(status, 1)
  assert.match(stdout, /^hash:\n/)
  assert.match(stderr, new RegExp(`^btkit: ${file}:\\d+:\\d+: .*\n$`))
})

test('config check --json has a line for each file, with the place of each problem', async (t) => {
  const directory = makeScratch(t)
  const [good, bad, missing] = ['good', 'bad', 'missing'].map((name) => join(directory, name))
  writeFileSync(good!, 'defaults: {threads: 1}\n')
  writeFileSync(bad!, 'defaults:\n  treads: 2\n')
  const { stdout, stderr, status } = await runBtkit([
    'config',
    'check',
    '--json',
    good!,
    bad!,
    missing!,
  ])
  assert.deepEqual([status, stderr], [1, ''])
  const lines = jsonLines<unknown>(stdout)
  const message = 'unknown option "treads"; did you mean "threads"?'
  const absent = { line: null, column: null, message: `${missing!}: no such file or directory` }
  assert.deepEqual(lines, [
    { file: good, ok: true, problems: [] },
    { file: bad, ok: false, problems: [{ line: 2, column: 3, message }] },
    { file: missing, ok: false, problems: [absent] },
  ])
})

for (const [name, told] of [
  ['makemetaflie', '; did you mean "makemetafile"?'],
  ['zzz', ' (see btkit --help)'],
] as const) {
  test(`config show of ${name} says where the names of commands are`, async () => {
    const shown = await runBtkit(['config', 'show', name])
    assertError(shown, 'usage', `${name}: unknown command${told}`)
  })
}

test('config without any file says so, and init without a home asks for a name', async () => {
  for (const command of ['check', 'show']) {
    const { status, stderr } = await runBtkit(['config', command])
    assert.deepEqual([status, stderr], [0, 'btkit: no configuration file\n'], command)
  }
  const env = { HOME: '', XDG_CONFIG_HOME: '' }
  const why = 'no home directory; name the file to write'
  assertError(await runBtkit(['config', 'init'], { env }), 'usage', why)
})

for (const [what, config, told] of [
  [
    'options of a preset that exclude each other',
    'presets:\n  good: {hybrid: true, v2: false, announce: http://a/, announce-list: [http://a/]}\n  bad:\n    hybrid: true\n    v2: true\n',
    '5:9: hybrid and v2 cannot be used together',
  ],
  [
    'a default preset that no file has',
    'presets: {release: {private: true}}\ndefault-preset: [release, relaese]\n',
    '2:17: there is no preset relaese; did you mean "release"?',
  ],
] as const) {
  test(`config check reports ${what}`, async (t) => {
    const file = plantConfig(t, config)
    const { status, stderr } = await runBtkit(['config', 'check', file])
    assert.deepEqual([status, stderr], [1, `btkit: ${file}:${told}\n`])
  })
}

test('config check finds a preset that the file of --config lacks', async (t) => {
  const root = makeScratch(t, {
    'own.yaml': 'makemetafile: {preset: usual}\n',
    'other.yaml': 'presets: {usual: {}}\n',
  })
  const own = join(root, 'own.yaml')
  const env = { BTKIT_CONFIG: join(root, 'other.yaml') }
  const { status, stderr } = await runBtkit(['config', 'check', '--config', own], { env })
  assert.deepEqual([status, stderr], [1, `btkit: ${own}:1:24: there is no preset usual\n`])
  assert.equal((await runBtkit(['config', 'check', own], { env })).status, 0)
})

test('config check reports all mistakes at once, in rules and in defaults of other commands', async (t) => {
  const file = plantConfig(
    t,
    `defaults:
  client: transmission+http://me:secret@[
  max-torrent-size: 1M
makemetafile:
  preset: relaese
presets:
  release: {}
trackers:
  t.example:
    private: 7
    source: [a]
    piece-length: {max: x, most: 4M}
    version: v9
    bogus: 1
  no host: {}
`,
  )
  const { stdout, stderr } = assertStatus(await runBtkit(['config', 'check', file]), 1)
  assert.equal(stdout, `${file}: 10 problems\n`)
  assert.deepEqual(stderr.replaceAll(`btkit: ${file}:`, '').trimEnd().split('\n'), [
    '2:11: http://[: not a URL',
    '3:3: option "max-torrent-size" cannot be a default; put it below a command',
    '5:11: there is no preset relaese; did you mean "release"?',
    "10:14: private '7': neither true nor false",
    '11:13: source: a single value is expected here',
    "12:25: max-piece-length 'x': not a size, such as 64MiB",
    '12:28: piece-length: most: not max',
    '13:14: version: not v1, v2, hybrid',
    '14:5: unknown option "bogus"; t.example has none of that name',
    '15:3: no host: not a host, such as tracker.example',
  ])
})

test('the schema accepts what commands accept, and refuses what they refuse', async () => {
  const schema = JSON.parse((await runBtkit(['config', 'schema'])).stdout) as object
  const isRight = new Ajv({ schemaId: 'auto' }).compile(schema)
  for (const right of [
    { edit: { tracker: ['http://t.example/', 'env:TRACKER'] } },
    { edit: { tracker: false, 'web-seed': 'http://w.example/' } },
    { makemetafile: { tracker: [['http://t.example/'], ['http://u.example/']], target: 'x' } },
    { makemetafile: { private: true }, serve: { log: 'json', announce: 'mine' } },
  ])
    assert.ok(isRight(right), JSON.stringify([right, isRight.errors]))
  for (const wrong of [
    { edit: { tracker: { a: 1 } } },
    { defaults: { 'max-torrent-size': '1M' } },
    { defaults: { bogus: 1 } },
    { makemetafile: { private: 'yes' } },
  ])
    assert.equal(isRight(wrong), false, JSON.stringify(wrong))
})

test('config check reports a preset that is a map, and cuts long keys and values', async (t) => {
  const file = join(makeScratch(t), 'c.yaml')
  const long = 'x'.repeat(50_000)
  writeFileSync(
    file,
    `default-preset: {a: b}\nverify:\n  ${long.slice(0, 900)}: 1\n  threads: ${long}\n`,
  )
  const { stderr } = await runBtkit(['config', 'check', file])
  const lines = stderr.trimEnd().split('\n')
  assert.equal(lines.length, 3)
  assert.ok(lines.includes(`btkit: ${file}:1:17: preset: a single value is expected here`), stderr)
  for (const line of lines) assert.ok(line.length < 400, line)
})
