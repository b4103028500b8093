import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { findCommand } from '../../../src/cli/command-list.js'
import { configure } from '../../../src/cli/configuration/configure.js'
import type { CommandContext } from '../../../src/cli/context.js'
import type { Io } from '../../../src/cli/io.js'
import { splitLine } from '../../../src/cli/line/split-line.js'
import { assertError, runBtkit } from '../../support/run-btkit.js'
import { makeScratch } from '../../support/scratch.js'

/**
 * Options of BitTornado 0.3.18's downloaders that have an effect, with the defaults that they
 * print.
 */
const USED_BY_ALL = 'ip= bind= minport=10000 maxport=60000 saveas= max_upload_rate=0'

/** The others. Clients today decide that themselves. */
const IGNORED_BY_ALL = `check_hashes=1 max_download_rate=0 responsefile= url= display_interval=0.5 max_uploads=7 keepalive_interval=120.0 download_slice_size=16384 upload_unit_size=1460
  request_backlog=10 max_message_length=8388608 random_port=1 crypto_allowed=1 crypto_only=0 crypto_stealth=0
  selector_enabled=1 expire_cache_data=10 priority= timeout=300.0 timeout_check_interval=60.0
  max_slice_length=131072 max_rate_period=20.0 ipv6_enabled=0 ipv6_binds_v4=0 upnp_nat_access=1
  upload_rate_fudge=5.0 tcp_ack_fudge=0.03 rerequest_interval=300 min_peers=20 http_timeout=60 max_initiate=40
  alloc_type=normal alloc_rate=2.0 buffer_reads=1 write_buffer_size=4 breakup_seed_bitfield=1 snub_time=30.0
  spew=0 rarest_first_cutoff=2 rarest_first_priority_cutoff=5 min_uploads=4 max_files_open=50
  round_robin_period=30 super_seeder=0 security=1 max_connections=0 auto_kick=1 double_check=1 triple_check=0
  lock_files=1 lock_while_reading=0 auto_flush=0 dedicated_seed_id= save_options=0`

const MAKERS = {
  used: 'announce_list= httpseeds= piece_size_pow2=18 comment= target=',
  ignored: 'filesystem_encoding=',
}

/** All options of the programs, each with its printed default. */
const PROGRAMS = {
  btmakemetafile: { command: 'makemetafile', ...MAKERS },
  btcompletedir: { command: 'completedir', ...MAKERS },
  btreannounce: { command: 'reannounce', used: 'announce_list=', ignored: '' },
  btdownloadheadless: {
    command: 'seed',
    used: USED_BY_ALL,
    ignored: IGNORED_BY_ALL,
  },
  btlaunchmany: {
    command: 'seed',
    used: `${USED_BY_ALL} parse_dir_interval=60`,
    ignored: `${IGNORED_BY_ALL} saveas_style=1 display_path=1`,
  },
  bttrack: {
    command: 'track',
    used: `port=80 dfile=dstate bind= save_dfile_interval=300 timeout_downloaders_interval=2700
      reannounce_interval=1800 response_size=50 allowed_dir= allowed_list= allowed_controls=0
      parse_dir_interval=60 show_infopage=1 infopage_redirect= show_names=1 favicon= allowed_ips= banned_ips=
      only_local_override_ip=2 logfile= allow_get=0 keep_dead=0 scrape_allowed=full compact_reqd=1`,
    ignored: `ipv6_enabled=0 ipv6_binds_v4=0 socket_timeout=15 timeout_check_interval=5 nat_check=3
      log_nat_checks=0 min_time_between_log_flushes=3.0 min_time_between_cache_refreshes=600.0
      multitracker_enabled=0 multitracker_allowed=autodetect multitracker_reannounce_interval=120
      multitracker_maxpeers=20 aggregate_forward= aggregator=0 hupmonitor=0 http_timeout=60 dedicated_seed_id=`,
  },
}

/** What a line says to a command under its old name. */
async function lineOf(name: string, words: readonly string[]) {
  const io = { env: {}, cwd: '/nowhere', stderr: { write: () => true } } as unknown as Io
  const command = (await findCommand(name)!.load())({ io, isLegacy: true } as CommandContext)
  const line = splitLine(command, words, name)
  assert.deepEqual(line.unknown, [])
  const target = { section: name, command, isLegacy: true }
  const { checkTogether } = await configure(target, line, io)
  checkTogether()
  return line
}

for (const [program, { command, used, ignored }] of Object.entries(PROGRAMS)) {
  test(`${program} accepts all its options, together and with the defaults that it printed`, async () => {
    const wordsOf = (text: string) => {
      const pairs = text.split(/\s+/).filter(Boolean)
      return pairs.flatMap((pair) => [`--${pair.split('=')[0]}`, pair.replace(/^.*?=/, '')])
    }
    const { given, skipped } = await lineOf(command, [...wordsOf(used), ...wordsOf(ignored)])
    const namesOf = (text: string) => wordsOf(text).filter((word) => word.startsWith('--'))
    const expected = namesOf(ignored).map((word) => word.replaceAll('_', '-'))
    assert.deepEqual(skipped, expected)
    assert.equal(given.length, namesOf(used).length)
  })
}

for (const [program, args, names] of [
  ['btmakemetafile', '--filesystem_encoding x', '--filesystem-encoding'],
  [
    'btlaunchmany',
    '--max_uploads 4 --display_path=1 --min_peers 2',
    '--max-uploads, --display-path, --min-peers',
  ],
  ['btdownloadheadless', '--save_options 1', '--save-options'],
  [
    'bttrack',
    '--nat_check 3 --aggregator --allowed_list /nowhere/list',
    '--nat-check, --aggregator',
  ],
] as const) {
  test(`one line names what ${program} skips`, async () => {
    const { command: subcommand } = PROGRAMS[program]
    const words = [...args.split(' '), ...(program === 'bttrack' ? [] : ['/nowhere/x'])]
    const run = async (more: string[]) => {
      return (await runBtkit([...words, ...more], { program, subcommand })).stderr
    }
    assert.equal(
      (await run([])).split('\n')[0],
      `btkit: ignored: ${names} (btkit has no such option)`,
    )
    if (program !== 'bttrack') assert.doesNotMatch(await run(['--quiet']), /ignored/)
  })
}

test('a name of btkit skips nothing, nor does one whose programs had no other options', async () => {
  for (const [program, subcommand] of [
    ['btkit', null],
    ['btmakemetafile', 'makemetafile'],
  ] as const) {
    const words = [...(subcommand ? [] : ['track']), '--nat_check', '3']
    assertError(
      await runBtkit(words, { program, subcommand }),
      'usage',
      "unknown option '--nat_check'",
    )
  }
})

for (const [subcommand, own, others, args] of [
  [
    'makemetafile',
    'threads cache cache-dir cache-trust',
    'private source',
    ['/none', 'http://t.example/a'],
  ],
  [
    'completedir',
    'threads cache cache-dir cache-trust state-dir',
    'private output',
    ['http://t.example/a', '/none'],
  ],
  ['track', 'state state-dir', 'keep-dead port', ['--allowed-dir', '/none']],
] as const) {
  test(`under its old name ${subcommand} reads only ${own} from a configuration`, async (t) => {
    const directory = makeScratch(t, { 'btkit/config.yaml': '' })
    for (const key of [...own.split(' '), ...others.split(' ')]) {
      // No option has such a value
      writeFileSync(join(directory, 'btkit/config.yaml'), `defaults: {${key}: {a: b}}\n`)
      const env = { XDG_CONFIG_HOME: directory, BTKIT_CACHE_DIR: '', BTKIT_STATE_DIR: '' }
      const { stderr } = await runBtkit(args, { program: `bt${subcommand}`, subcommand, env })
      const told = own.split(' ').includes(key) ? `config\\.yaml:1:\\d+: ${key}: ` : '/none'
      assert.match(stderr, new RegExp(told))
    }
  })
}
