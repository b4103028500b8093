import assert from 'node:assert/strict'
import { readFileSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { checkUtf8 } from '../../../src/cli/line/operands.js'
import { splitLine } from '../../../src/cli/line/split-line.js'
import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { declareEdit } from '../../../src/cli/commands/edit/options.js'
import { declareMakemetafile } from '../../../src/cli/commands/makemetafile/options.js'
import { declareTrackOptions } from '../../../src/cli/commands/track/options.js'
import { failure } from '../../disk/failure.js'
import { executable } from '../../support/executable.js'
import { runProgram } from '../../support/programs.js'
import { assertError, assertStatus, runBtkit } from '../../support/run-btkit.js'
import { makeScratch } from '../../support/scratch.js'
import { singleFileInfo, torrentOf } from '../../support/torrents.js'

/** Everything that commander reads: each option with its value, and all that is no option. */
function read(command: CommandUnknownOpts, args: string) {
  const options: (string | undefined)[][] = []
  for (const option of command.options) {
    Object.assign(option, { parseArg: undefined })
    command.on(`option:${option.name()}`, (text) => options.push([option.long, text as string]))
  }
  // A switch that repeats its default is unknown to commander alone
  return { operands: command.parseOptions(args.split(' ')).operands, options }
}

/** Compares how a command line is read with how commander itself reads the usual spelling. */
function assertReadAs(declare: () => CommandUnknownOpts, typed: string, usual: string): void {
  const { operands, given } = splitLine(declare(), typed.split(' '))
  const options = given.flatMap(({ entry, uses }) =>
    uses.flatMap(({ value }) => {
      if (value.kind !== 'text') return []
      const { text, isPlain } = value
      if (!isPlain) return [[entry.on?.long, text]]
      // A switch that repeats its default has no option
      const option = text === 'true' ? entry.on : entry.off
      return option ? [[option.long, undefined]] : []
    }),
  )
  const expected = read(declare(), usual)
  assert.deepEqual([operands, options.sort()], [expected.operands, expected.options.sort()])
}

const declare = () => declareMakemetafile({ isLegacy: false })

for (const [what, typed, usual] of [
  ['an option', '--piece_size_pow2 18', '--piece-size-pow2 18'],
  ['an option with its value behind =', '--piece_size_pow2=18', '--piece-size-pow2=18'],
  ['an option in mixed spelling', '--piece-size_pow2 18', '--piece-size-pow2 18'],
  ['an option without a value', '--dry_run a_b', '--dry-run a_b'],
  ['a negated option', '--no_date', '--no-date'],
  ['an option between operands', 'a_b --web_seed http://w/ c_d', 'a_b --web-seed http://w/ c_d'],
  ['an unknown option: as it was typed', '--no_such', '--no_such'],
  ['a value that looks like an option', '--comment --web_seed', '--comment --web_seed'],
  ['a value behind = with more of them', '--comment=a_b=c_d', '--comment=a_b=c_d'],
  ['a value after an option of legacy spelling', '--announce_list a_b', '--announce-list a_b'],
  ['what stands after --', '-- --web_seed', '-- --web_seed'],
  ['the value of a short option', '-c --web_seed -a --no_date', '-c --web_seed -a --no_date'],
  ['the value of the last of two', '-dc --web_seed --no_date', '-dc --web_seed --no-date'],
  ['a short option with its value in it', '-cx --no_date', '-cx --no-date'],
  ['a short option whose value is an older name', '-call --no_date', '-call --no-date'],
  ['an older name', '--target x --target=y', '--output x --output=y'],
  ['-- as a value', '--comment -- --web_seed x', '--comment -- --web-seed x'],
] as const) {
  test(`${what}: ${typed}`, () => {
    assertReadAs(declare, typed, usual)
  })
}

const OUT = ['--output', '--target', '--output-dir', '--saveas']

for (const [command, own, names] of [
  ['makemetafile', '--output', OUT],
  ['completedir', '--output', OUT],
  ['convert', '--output', OUT],
  ['edit', '--output', OUT],
  ['reannounce', '--announce', ['--announce', '--tracker']],
  ['scrape', '--announce', ['--announce', '--tracker']],
  ['completedir', '--announce', ['--announce', '--tracker']],
  ['serve', '--tracker', ['--announce', '--tracker']],
  ['makemetafile', '--http-seed', ['--http-seed', '--httpseeds']],
] as const) {
  test(`${command} has ${own} by the names of other commands too`, async () => {
    const { stdout: help } = await runBtkit([command, '--help'])
    assert.match(help, new RegExp(`${own} <`))
    for (const name of names) {
      const { stderr } = await runBtkit([command, 'x', name])
      const typed = name === own ? own : `${name} (${own})`
      assert.equal(stderr, `btkit: ${typed}: its value is missing\n`)
    }
  })
}

for (const [typed, usual] of [
  ['--announce=http://x/ --comment hey', '--tracker=http://x/ --comment hey'],
  ['-a http://x/ -whttp://y/', '-a http://x/ -whttp://y/'],
  ['--web_seed x --web-seed y', '--web-seed x --web-seed y'],
] as const) {
  test(`edit replaces lists by the options of makemetafile: ${typed}`, () => {
    assertReadAs(declareEdit, typed, usual)
  })
}

for (const [typed, usual] of [
  ['--show_names 0', '--no-show-names'],
  ['--show_names 1 --keep_dead=1', '--show-names --keep-dead'],
  ['--keep_dead=0', '--no-keep-dead'],
  ['--show-names --allow-get', '--show-names --allow-get'],
  ['--log-file --show_names 0', '--log-file --show_names 0'],
] as const) {
  test(`switches of BitTornado take 0 and 1: ${typed}`, () => {
    assertReadAs(() => declareTrackOptions(true), typed, usual)
  })
}

for (const args of [['--show-names', '2'], ['--keep_dead=yes']]) {
  test(`a wrong value of a switch is an error: ${args.join(' ')}`, async () => {
    const [name = '', value = args[1]] = args[0]?.split('=') ?? []
    const said = `${name.replaceAll('_', '-')} '${value}': not 1 or 0`
    assertError(await runBtkit(['track', '--open', ...args]), 'usage', said)
  })
}

for (const args of [
  ['serve', ''],
  ['serve', '', '--trackerless'],
]) {
  test(`${args.join(' ')}: an empty name does not mean the current directory`, async () => {
    const refused = await runBtkit(args)
    assertError(refused, 'usage', 'the name of a directory is empty; a variable may be unset')
  })
}

for (const command of ['lint', 'hash']) {
  test(`${command}: an empty name is refused, as one of an unset variable`, async () => {
    const why = 'the name of a torrent is empty; a variable may be unset'
    assertError(await runBtkit([command, '']), 'usage', why)
  })
}

test('verify: an empty name can be read in the message', async () => {
  assertError(await runBtkit(['verify', '']), 'not-found', "'': no such file or directory")
})

const LIMIT = 'larger than the limit of 512 MiB'

for (const command of ['showmetainfo', 'lint', 'verify', 'copyannounce', 'edit']) {
  test(`${command} refuses torrents above its limit`, async (t) => {
    const path = join(makeScratch(t, { a: 'd' }), 'a')
    truncateSync(path, 513 * 1024 * 1024)
    const more = { copyannounce: path, edit: '--private' }[command] ?? '--json'
    const { code, stderr } = await runBtkit([command, path, more])
    assert.deepEqual([code, stderr], ['too-large', `btkit: ${path}: ${LIMIT}\n`])
  })
}

test('showmetainfo refuses a standard input above its limit', async () => {
  const part = Buffer.alloc(2 ** 20, 'd')
  const stdin = Readable.from(Array.from({ length: 513 }, () => part))
  const { stderr } = await runBtkit(['showmetainfo', '-'], { stdin })
  assert.equal(stderr, `btkit: standard input: ${LIMIT}\n`)
})

test('makemetafile refuses --max-torrent-size 0, because no torrent is that small', async () => {
  const args = ['makemetafile', 'x', 'http://t.example/a', '--max-torrent-size', '0']
  const { status, stderr } = await runBtkit(args)
  const said = "btkit: --max-torrent-size '0': not a size above 0, such as 64MiB\n"
  assert.deepEqual([status, stderr], [2, said])
})

const MANGLED = 'b\ufffdd'
const WHY = `argument ${MANGLED}: not valid UTF-8; nothing was done`

test('an argument that may not have been UTF-8 is refused', () => {
  assert.throws(
    () => {
      checkUtf8(['edit', 'a', MANGLED])
    },
    failure('usage', WHY),
  )
})

test('no other file is edited in place of one whose name is not UTF-8', async (t) => {
  const torrent = torrentOf(singleFileInfo(), { comment: 'old' })
  const root = makeScratch(t, { [MANGLED]: torrent })
  // The shell passes bytes on as they are
  const script = `exec "$0" "$@" "$(printf 'b\\377d')"`
  const args = [process.execPath, executable('btkit'), 'edit', '--comment', 'new']
  const { stderr } = assertStatus(await runProgram('sh', ['-c', script, ...args], { cwd: root }), 2)
  assert.equal(stderr, `btkit: ${WHY}; if it is the file of this name, give the pattern 'b?d'\n`)
  assert.deepEqual(readFileSync(join(root, MANGLED)), Buffer.from(torrent))
  assertStatus(await runBtkit(['edit', join(root, 'b?d'), '--comment', 'new']), 0)
})

for (const [typed, unknown] of [
  ['-dZ', '-Z'],
  ['-Zd', '-Zd'],
  ['-Z', '-Z'],
  ['--no-such=x', '--no-such=x'],
] as const) {
  test(`of ${typed}, ${unknown} is the unknown option`, () => {
    assert.deepEqual(splitLine(declare(), [typed]).unknown, [unknown])
  })
}
