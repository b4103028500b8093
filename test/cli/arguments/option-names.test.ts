import assert from 'node:assert/strict'
import { test } from 'node:test'
import { declareEdit } from '../../../src/cli/commands/edit/options.js'
import { declareMakemetafile } from '../../../src/cli/commands/makemetafile/request.js'
import { declareTrackOptions } from '../../../src/cli/commands/track/options.js'
import { normalizeOptionNames } from '../../../src/cli/arguments/option-names.js'
import { runBtkit } from '../../support/run-btkit.js'

const command = declareMakemetafile({ isLegacy: false })

for (const [what, typed, read] of [
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
  ['an older name', '--target x --target=y', '--output x --output=y'],
  ['-- as a value', '--comment -- --web_seed x', '--comment -- --web-seed x'],
] as const) {
  test(`${what}: ${typed}`, () => {
    assert.equal(normalizeOptionNames(typed.split(' '), command).join(' '), read)
  })
}

const OUT = ['--output', '--target', '--output-dir', '--saveas']
for (const [command, own, names] of [
  ['makemetafile', '--output', OUT],
  ['completedir', '--output', OUT],
  ['convert', '--output', OUT],
  ['edit', '--output', OUT],
  ['download', '--output', OUT],
  ['reannounce', '--announce', ['--announce', '--tracker']],
  ['scrape', '--announce', ['--announce', '--tracker']],
  ['completedir', '--announce', ['--announce', '--tracker']],
  ['serve', '--tracker', ['--announce', '--tracker']],
  ['makemetafile', '--http-seed', ['--http-seed', '--httpseeds']],
  ['serve', '--padding', ['--padding', '--pad-files']],
] as const) {
  test(`${command} has ${own} by the names of other commands too`, async () => {
    const { stdout: help } = await runBtkit([command, '--help'])
    assert.match(help, new RegExp(`${own} <`))
    for (const name of names) {
      const { stderr } = await runBtkit([command, 'x', name])
      assert.equal(stderr, `btkit: ${own}: its value is missing\n`)
    }
  })
}

for (const [typed, read] of [
  ['--announce=http://x/ --comment hey', '--tracker=http://x/ --comment hey'],
  ['-a http://x/ -whttp://y/', '-a http://x/ -whttp://y/'],
  ['--http_seed x --httpseeds y', '--http-seed x --http-seed y'],
] as const) {
  test(`edit replaces lists by the options of makemetafile: ${typed}`, () => {
    assert.equal(normalizeOptionNames(typed.split(' '), declareEdit()).join(' '), read)
  })
}

const tracker = declareTrackOptions(true)

for (const [typed, read] of [
  ['--show_names 0', '--no-show-names'],
  ['--show_names 1 --keep_dead=1', '--show-names --keep-dead'],
  ['--keep_dead=0', '--no-keep-dead'],
  ['--show-names --allow-get', '--show-names --allow-get'],
  ['--log-file --show_names 0', '--log-file --show_names 0'],
] as const) {
  test(`switches of BitTornado take 0 and 1: ${typed}`, () => {
    assert.equal(normalizeOptionNames(typed.split(' '), tracker).join(' '), read)
  })
}

for (const args of [['--show-names', '2'], ['--keep_dead=yes']]) {
  test(`a wrong value of a switch is an error: ${args.join(' ')}`, async () => {
    const { status, stderr } = await runBtkit(['track', '--open', ...args])
    const [name = '', value = args[1]] = args[0]?.split('=') ?? []
    const shown = name.replaceAll('_', '-')
    assert.deepEqual([status, stderr], [2, `btkit: ${shown} '${value}': not 1 or 0\n`])
  })
}
