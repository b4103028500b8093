import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { commandTable } from '../../src/cli/command-list.js'
import { runExecutable } from '../support/executable.js'
import { projectRoot } from '../support/programs.js'
import { quickFirst } from '../support/long.js'
import { assertError, assertQuiet, assertStatus, runBtkit } from '../support/run-btkit.js'
import { makeScratch } from '../support/scratch.js'

const { version } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as {
  version: string
}

test('--version prints that of the package', async () => {
  for (const args of [['--version'], ['--quiet', '-V']]) {
    const result = await runBtkit(args)
    assert.deepEqual([result.status, result.stdout, result.stderr], [0, `${version}\n`, ''])
  }
  assert.match((await runBtkit(['--quiet', '--help'])).stdout, /^Usage: btkit /)
})

test('a service is not told how to use it if its environment says it all', async () => {
  const env = { BTKIT_TRACK_OPEN: '1', BTKIT_TRACK_HOST: '192.0.2.1' }
  const { stderr } = await runBtkit(['track'], { env })
  assert.match(stderr, /^btkit: .*192\.0\.2\.1/)
})

test('a legacy name has a version as well', async () => {
  const result = await runBtkit(['--version'], {
    program: 'btmakemetafile',
    subcommand: 'makemetafile',
  })
  assert.deepEqual([result.status, result.stdout], [0, `${version}\n`])
})

test('--help lists every command on standard output, on one screen of 40 rows', async () => {
  const { stdout } = assertQuiet(await runBtkit(['--help']))
  for (const { name, summary, group } of commandTable) {
    const isNamedOnly = group === 'Seldom needed' || group === 'Other names'
    const line = isNamedOnly ? `^${group}: .*\\b${name}\\b` : `^  ${name} +${summary}`
    assert.match(stdout, new RegExp(line.replaceAll(/[()]/g, '.'), 'm'), name)
  }
  assert.ok(stdout.split('\n').length <= 40, stdout)
})

for (const args of [['--help'], ...commandTable.map(({ name }) => [name, '--help'])]) {
  test(`btkit ${args.join(' ')} is within 80 columns`, async () => {
    const { stdout } = assertQuiet(await runBtkit(args))
    const wide = stdout.split('\n').filter((line) => line.length > 80)
    assert.deepEqual(wide, [])
  })
}

const testHelp = quickFirst(2)

for (const { name } of commandTable) {
  testHelp(`btkit help ${name} is btkit ${name} --help`, async () => {
    // In a process of its own: commander's status for help is that of the process so far
    const { stdout } = assertStatus(await runExecutable('btkit', ['help', name]), 0)
    assert.equal(stdout, (await runBtkit([name, '--help'])).stdout)
  })
}

test('a legacy name calls itself so in its help', async () => {
  const { stdout } = await runBtkit(['--help'], {
    program: 'btshowmetainfo',
    subcommand: 'showmetainfo',
  })
  assert.match(stdout, /^Usage: btshowmetainfo \[options\] <torrent\.\.\.>\n/)
})

test('without a command, help goes to standard error with status 2', async () => {
  const { status, stdout, stderr } = await runBtkit([])
  assert.deepEqual([status, stdout], [2, ''])
  assert.match(stderr, /^Usage: btkit <command>/)
  assert.match(stderr, /\nExample:\n {2}btkit makemetafile [^\n]+\n/)
})

for (const { name, example } of commandTable.filter((entry) => entry.example)) {
  test(`btkit ${name} alone shows its usage and an example, with status 2`, async () => {
    const { status, stdout, stderr } = await runBtkit([name])
    assert.deepEqual([status, stdout], [2, ''])
    assert.match(stderr, new RegExp(`^Usage: btkit ${name} `))
    assert.ok(stderr.includes(`\n  btkit ${name} ${example}\n`), stderr)
    assert.match(stderr, new RegExp(`btkit ${name} --help`))
    assert.ok(stderr.split('\n').length < 12, stderr)
  })
}

test('a legacy name alone shows an example by its own name', async () => {
  const legacy = { program: 'btmakemetafile', subcommand: 'makemetafile' }
  const { stderr } = assertStatus(await runBtkit([], legacy), 2)
  assert.match(
    stderr,
    /^Usage: btmakemetafile [^]*\n {2}btmakemetafile \S+ http[^]*man btmakemetafile/,
  )
})

for (const [alias, name] of [
  ['create', 'makemetafile'],
  ['make', 'makemetafile'],
  ['show', 'showmetainfo'],
  ['info', 'showmetainfo'],
  ['dump', 'showmetainfo'],
  ['inspect', 'showmetainfo'],
  ['modify', 'edit'],
  ['check', 'verify'],
] as const) {
  test(`btkit ${alias} is btkit ${name}`, async () => {
    assert.deepEqual(await runBtkit([alias, '/nosuch']), await runBtkit([name, '/nosuch']))
    const what = alias === 'modify' ? 'another name of' : 'short for'
    const said = ` ${alias} is ${what} ${name}.`
    const withoutIt = (text: string) => text.replaceAll(/\s+/g, ' ').replace(said, '')
    for (const args of [[], ['-h'], ['--help']]) {
      const [short, long] = [await runBtkit([alias, ...args]), await runBtkit([name, ...args])]
      const told = args.length === 0 ? short.stderr : short.stdout
      assert.ok(told.replaceAll(/\s+/g, ' ').includes(said), told)
      for (const stream of ['stdout', 'stderr'] as const)
        assert.equal(withoutIt(short[stream]), withoutIt(long[stream]))
    }
    assert.doesNotMatch((await runBtkit(['--help'])).stdout, new RegExp(`^ +${alias}\\b`, 'm'))
    assert.match(
      (await runBtkit(['--help'])).stdout,
      new RegExp(`^ +${name} .*\\b${alias}\\b`, 'm'),
    )
    const help = await runExecutable('btkit', ['help', alias])
    assert.match(help.stdout, new RegExp(`^Usage: btkit ${name} `))
  })
}

test('btkit version prints the version', async () => {
  assert.deepEqual(await runBtkit(['version']), await runBtkit(['--version']))
})

test('the help of version, which is no command of its own, is the general help', async () => {
  const { status, stdout } = await runBtkit(['help', 'version'])
  assert.deepEqual([status, stdout], [0, (await runBtkit(['--help'])).stdout])
})

for (const args of [['nosuch'], ['help', 'nosuch'], ['nosuch', '--help']]) {
  test(`btkit ${args.join(' ')} is an error`, async () => {
    const message = "unknown command 'nosuch' (see btkit --help)"
    assertError(await runBtkit(args), 'usage', message)
  })
}

test('help on a misspelt command suggests the right one', async () => {
  const refused = await runBtkit(['help', 'reannonce'])
  assertError(refused, 'usage', "unknown command 'reannonce' (Did you mean reannounce?)")
})

test('another name of a command is suggested, too, and stays out of the general help', async () => {
  const { status, stderr } = await runBtkit(['crate', 'a.iso'])
  const message = "btkit: unknown command 'crate' (Did you mean create?)\n"
  assert.deepEqual([status, stderr], [2, message])
  assert.doesNotMatch((await runBtkit(['--help'])).stdout, /\|create/)
})

test('an error names an option as it was typed', async () => {
  for (const typed of ['-l', '--piece-size-pow2']) {
    const { stderr } = await runBtkit(['create', 'a', '--trackerless', typed, '40'])
    assert.match(stderr, new RegExp(`^btkit: ${typed} '40': not a whole number`))
  }
})

test('--set-private suggests --private, not --no-private', async () => {
  const suggest = async (option: string) => (await runBtkit(['edit', option, 'a.torrent'])).stderr
  const message = "btkit: unknown option '--set-private' (Did you mean --private?)\n"
  assert.equal(await suggest('--set-private'), message)
  assert.match(await suggest('--no-privat'), /Did you mean --no-private\?/)
})

test('a file that begins with a hyphen is read as options, and the error says how to name it', async (t) => {
  const cwd = makeScratch(t, { '-data.iso': 'x' })
  const hint = 'for the file -data.iso write ./-data.iso'
  for (const command of ['makemetafile', 'showmetainfo']) {
    const { stderr } = assertStatus(await runBtkit([command, '-data.iso'], { cwd }), 2)
    assert.ok(stderr.endsWith(`; ${hint}\n`), stderr)
  }
  const elsewhere = await runBtkit(['showmetainfo', '-data.iso'])
  assert.ok(!elsewhere.stderr.includes('./'), elsewhere.stderr)
})

for (const [what, args, message] of [
  ['an unknown option', ['showmetainfo', '--nosuch', 'x'], "unknown option '--nosuch'"],
  [
    'an option without its value',
    ['makemetafile', 'x', '--comment'],
    '--comment: its value is missing',
  ],
  ['a hostile option', ['showmetainfo', '--\u001b[2J\n'], "unknown option '--\\x1b[2J"],
] as const) {
  test(`${what} is one line on standard error, and status 2`, async () => {
    assertError(await runBtkit(args), 'usage', message)
  })
}

const EXPONENT = "-l '512': not a whole number from 14 to 30; for pieces of 512 KiB give 19"
const PUBLIC_URL =
  "--public-url 'm.example': no https:// or http:// in front; type http://m.example"

/** Wrong values, and all that is said of them. */
for (const [args, message] of [
  [['verify', 'x', '--threads', 'many'], "--threads 'many': not a whole number from 1 to 256"],
  [['verify', 'x', '--max-rate=0'], "--max-rate '0': not a rate, such as 20M"],
  [['verify', 'x', '--cache-trust', 'me'], "--cache-trust 'me': allowed choices are full, mtime"],
  [
    ['rename', 'x'],
    "missing required argument 'name' (usage: btkit rename [options] <torrent> <name>)",
  ],
  [['makemetafile', 'x', '-l', '512'], EXPONENT],
  [
    ['serve', '/', '--host', '[::]:81'],
    "--host '[::]:81': has a port; write --host [::] --port 81",
  ],
  [['serve', '/', '--listen', '::'], "unknown option '--listen' (Did you mean --host?)"],
  [['serve', '/', '--public-url', 'm.example'], PUBLIC_URL],
  [['admin', 'add', 'alice'], "unknown command 'add'; to add a user: btkit admin passwd NAME"],
  [['sethttpseeds', 'u', 'x'], "HTTP seed 'u': not an http, https or ftp URL"],
  [
    ['doctor', 'x'],
    "too many arguments for 'doctor'. Expected 0 arguments but got 1 (usage: btkit doctor [options])",
  ],
] as const) {
  test(`btkit ${args.join(' ')}: the error is reported once`, async () => {
    assertError(await runBtkit(args), 'usage', message)
  })
}

test('the content of a torrent in its place is recognized', async (t) => {
  const root = makeScratch(t, { 'a.iso': 'content', 'a.iso.torrent': 'any' })
  const { stderr } = await runBtkit(['hash', join(root, 'a.iso')])
  assert.match(stderr, /a\.iso: not a torrent \(.*\); did you mean .*\/a\.iso\.torrent\?\n$/)
})
