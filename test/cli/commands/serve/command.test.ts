import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { decodeTorrent } from '../../../support/decode-torrent.js'
import { assertError, runBtkit } from '../../../support/run-btkit.js'
import { makeScratch } from '../../../support/scratch.js'
import { serveMirror } from '../../../support/serve.js'
import { TRACKER } from '../../../support/torrents.js'

const files = { 'yum/good.rpm': 'good' }
const TORRENT = '/yum/torrent_service/single/yum/good.rpm'

async function fetchTorrent(address: string) {
  const answer = await fetch(address + TORRENT)
  assert.equal(answer.status, 200)
  return decodeTorrent(new Uint8Array(await answer.arrayBuffer()))
}

test('serve reads its options from the environment', async (t) => {
  const env = {
    BTKIT_SERVE_PUBLIC_URL: 'https://m.example/pub',
    BTKIT_SERVE_WEB_SEED: 'http://a.example/ http://b.example/b',
    BTKIT_SERVE_NO_FILES: '1',
    BTKIT_SERVE_HIDDEN: '0',
  }
  const { address } = await serveMirror(t, { files, io: { env } })
  const torrent = await fetchTorrent(address)
  assert.deepEqual(torrent['url-list'], [
    'https://m.example/pub/yum/',
    'http://a.example/yum/',
    'http://b.example/b/yum/',
  ])
  assert.equal((await fetch(`${address}/yum/good.rpm`)).status, 404)
})

for (const publicUrl of [[], ['--public-url', 'http://127.0.0.1:81/x']]) {
  const how = publicUrl.length > 0 ? 'with' : 'without'
  test(`a mirror ${how} a public URL seeds what it serves`, async (t) => {
    const { address, stdout } = await serveMirror(t, { files, args: ['--seed', ...publicUrl] })
    assert.equal((await fetchTorrent(address))['announce'], TRACKER)
    assert.match(stdout.text, /^seeding: +port \d/m)
  })
}

test('the command line overrides the environment of serve', async (t) => {
  const env = { BTKIT_SERVE_TRACKER: 'http://other.example/a', BTKIT_SERVE_PORT: 'nonsense' }
  const { address } = await serveMirror(t, { files, io: { env } })
  assert.equal((await fetchTorrent(address))['announce'], TRACKER)
})

for (const [variable, value, told] of [
  ['BTKIT_SERVE_PROT', '80', 'BTKIT_SERVE_PROT: '],
  ['BTKIT_SERVE_HIDDEN', 'yes', "BTKIT_SERVE_HIDDEN 'yes': "],
  ['BTKIT_SERVE_PORT', '65536', '65536'],
] as const) {
  test(`refuses ${variable}=${value} in one line`, async (t) => {
    const args = ['serve', makeScratch(t), '--trackerless']
    assertError(await runBtkit(args, { env: { [variable]: value } }), 'usage', told)
  })
}

test('shows its help whatever the environment says', async () => {
  const env = { BTKIT_SERVE_PORT: '80', BTKIT_SERVE_HIDDEN: '1' }
  const plain = await runBtkit(['serve', '--help'])
  for (const args of [
    ['serve', '--help'],
    ['help', 'serve'],
  ]) {
    const { status, stdout, stderr } = await runBtkit(args, { env })
    assert.deepEqual([status, stderr], [0, ''], args.join(' '))
    assert.equal(stdout, plain.stdout)
  }
})

test('does not start without the trackers of --trackers, and names the ways to say so', async (t) => {
  const missing = join(makeScratch(t), 'trackers')
  const { status, stdout, stderr } = await runBtkit([
    'serve',
    makeScratch(t),
    '--trackers',
    missing,
  ])
  assert.ok(status !== 0)
  assert.equal(stdout, '')
  assert.match(stderr, /^btkit: .*\n$/)
  for (const way of [missing, '--trackers FILE', '--tracker URL', '--trackerless']) {
    assert.ok(stderr.includes(way), way)
  }
})

for (const [what, args] of [
  ['no root', ['--hidden']],
  ['two roots', ['/', '/']],
  ['--tracker and --trackerless', ['/', '--tracker', TRACKER, '--trackerless']],
  ['a tracker that is none', ['/', '--tracker', 'ftp://x']],
  ['a port that is none', ['/', '--port', '65536']],
  ['a port below zero', ['/', '--port', '-1']],
  ['an address that is no URL', ['/', '--public-url', 'mirror.example']],
  ['an address with a query', ['/', '--public-url', 'http://m.example/?x']],
  ['an address with a password', ['/', '--public-url', 'http://me:secret@m.example/']],
  ['an unknown log format', ['/', '--log', 'xml']],
  ['no time to wait', ['/', '--max-wait', '0']],
  ['an option that is none', ['/', '--no-such']],
] as const) {
  test(`refuses ${what} in one line`, async () => {
    assertError(await runBtkit(['serve', ...args]), 'usage')
  })
}

/** Arguments, and what their error names. */
const WRONG: readonly (readonly [args: string[], told: string[]])[] = [
  [['--warm', '/iso/'], ["--warm '/iso/': matches no file; use DIRECTORY/**"]],
  [
    ['--warm', '../x'],
    ['--warm', "'..' is not a file name"],
  ],
  // In makemetafile it takes no value
  [['--pad-files'], ['--pad-files']],
  // Node would add the slashes, but clients that read the torrents need not
  [
    ['--track', 'http:t.example/announce'],
    ['--track', 'not an announce URL'],
  ],
  [['--max-rate', '20M'], ['--max-rate needs --warm']],
  [['--warm', '*', '--max-rate', '0'], ['--max-rate']],
]

for (const [args, told] of WRONG) {
  test(`serve ${args.join(' ')} is refused`, async (t) => {
    const rest = ['--trackerless', '--port', '0', ...args]
    assertError(await runBtkit(['serve', makeScratch(t), ...rest]), 'usage', ...told)
  })
}
