import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { commandTable } from '../../src/cli/command-table.js'
import { projectRoot, runExecutable } from '../support/executable.js'
import { runBtkit } from '../support/run-btkit.js'

const { version } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as {
  version: string
}

test('--version prints that of the package', async () => {
  const result = await runBtkit(['--version'])
  assert.deepEqual([result.status, result.stdout, result.stderr], [0, `${version}\n`, ''])
})

test('a legacy name has a version as well', async () => {
  const result = await runBtkit(['--version'], {
    program: 'btmakemetafile',
    subcommand: 'makemetafile',
  })
  assert.deepEqual([result.status, result.stdout], [0, `${version}\n`])
})

test('--help lists every command on standard output', async () => {
  const { status, stdout, stderr } = await runBtkit(['--help'])
  assert.deepEqual([status, stderr], [0, ''])
  for (const { name, summary } of commandTable) {
    assert.match(stdout, new RegExp(`^ {2}${name} +${summary.slice(0, 30)}`, 'm'))
  }
})

for (const args of [['--help'], ...commandTable.map(({ name }) => [name, '--help'])]) {
  test(`btkit ${args.join(' ')} is within 80 columns`, async () => {
    const { status, stdout, stderr } = await runBtkit(args)
    assert.deepEqual([status, stderr], [0, ''])
    const wide = stdout.split('\n').filter((line) => line.length > 80)
    assert.deepEqual(wide, [])
  })
}

for (const { name } of commandTable) {
  test(`btkit help ${name} is btkit ${name} --help`, async () => {
    // In a process of its own: commander's status for help is that of the process so far
    const { status, stdout } = await runExecutable('btkit', ['help', name])
    assert.equal(status, 0)
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

test('without a command the help is on standard error, and the status is 2', async () => {
  const { status, stdout, stderr } = await runBtkit([])
  assert.deepEqual([status, stdout], [2, ''])
  assert.match(stderr, /^Usage: btkit <command>/)
})

for (const [what, args, message] of [
  ['an unknown command', ['nosuch'], "unknown command 'nosuch'"],
  ['a command that is nearly right', ['showmetainf'], "unknown command 'showmetainf'"],
  ['an unknown option', ['showmetainfo', '--nosuch', 'x'], "unknown option '--nosuch'"],
  ['a missing argument', ['showmetainfo'], "missing required argument 'torrent'"],
  ['an option without its value', ['makemetafile', 'x', '--comment'], 'argument missing'],
  ['a hostile option', ['showmetainfo', '--\u001b[2J\n'], "unknown option '--\\x1b[2J"],
] as const) {
  test(`${what} is one line on standard error, and status 2`, async () => {
    const { status, stdout, stderr } = await runBtkit(args)
    assert.deepEqual([status, stdout], [2, ''])
    assert.match(stderr, /^btkit: [^\n]+\n$/)
    assert.ok(stderr.includes(message), stderr)
  })
}
