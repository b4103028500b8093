import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeScratch } from '../../../support/scratch.js'
import { assertError, runBtkit, startBtkit } from '../../../support/run-btkit.js'
import { startTrack } from '../../../support/track.js'

test('without torrents to track there is no tracker, unless it is to be open', async (t) => {
  const ways = 'give --allowed-dir DIR or --allowed-list FILE, or --open for any torrent'
  const both = await runBtkit(['track', '--open', '--allowed-dir', '.'])
  assertError(await runBtkit(['track', '--port', '0']), 'usage', `no torrents to track; ${ways}`)
  assertError(both, 'usage', '--open and --allowed-dir')
  const track = await startTrack(t, { args: ['--open'] })
  assert.match(track.stdout.text, /^tracking: any torrent; everybody may .* --allowed-dir DIR\)$/m)
  assert.deepEqual((await track.stop()).stderr, '')
})

test('variables alone can say which torrents are tracked', async (t) => {
  const env = { BTKIT_TRACK_PORT: '0', BTKIT_STATE_DIR: makeScratch(t) }
  for (const [more, expected] of [
    [{}, [2, /no torrents to track/]],
    [
      { BTKIT_TRACK_ALLOWED_DIR: '/nowhere' },
      [1, /^btkit: \/nowhere: no such file or directory$/m],
    ],
  ] as const) {
    const { status, stderr } = await runBtkit(['track'], { env: { ...env, ...more } })
    assert.equal(status, expected[0])
    assert.match(stderr, expected[1])
  }
})

test('bttrack without options shows how to begin', async () => {
  const { status, stdout, stderr } = await runBtkit([], { program: 'bttrack', subcommand: 'track' })
  assert.deepEqual([status, stdout], [2, ''])
  assert.match(stderr, /^Usage: bttrack [^]*\n {2}bttrack --allowed-dir \/srv\/torrents\n/)
})

test('bttrack with options stays open, with a warning', async (t) => {
  const track = await startTrack(t, {
    program: 'bttrack',
    args: ['--save_dfile_interval', '300'],
  })
  assert.match(track.stdout.text, /^tracking: any torrent$/m)
  const { status, stderr } = await track.stop()
  assert.equal(status, 0)
  assert.match(stderr, /^btkit: warning: any torrent is tracked; give --allowed-dir [^\n]+\n$/)
})

for (const program of ['btkit', 'bttrack'] as const)
  test(`on all addresses ${program} prints announce URLs that clients can use`, async (t) => {
    const track = await startTrack(t, { program, args: ['--host', '::'] })
    const urls = [...track.stdout.text.matchAll(/^address: +(.+)$/gm)].map(([, url = '']) => url)
    assert.equal(urls.length, 2)
    for (const url of urls)
      assert.match(url, /^(http|udp):\/\/(?!\[::\]|0\.0\.0\.0).+:\d+\/announce$/)
  })

test('options by which trackers of bttrack traded peers are ignored in one line without values', async () => {
  const given = ['--multitracker_enabled', '1', '--aggregator', 'secret']
  // A wrong state ends the command
  const words = ['--dfile', '/dev/null/no', ...given]
  const { stderr } = await runBtkit(words, { program: 'bttrack', subcommand: 'track' })
  assert.match(stderr, /^btkit: ignored: --multitracker-enabled, --aggregator \(/m)
  assert.doesNotMatch(stderr, /secret/)
})

test('track --state needs no home directory', async (t) => {
  const state = join(makeScratch(t), 'state')
  const args = ['track', '--open', '--host', '127.0.0.1', '--port', '0', '--state', state]
  const running = startBtkit(t, args, { env: {}, isRoot: false })
  await running.said(/http:/)
  const { status, stderr } = await running.stop()
  assert.deepEqual([status, stderr], [0, ''])
})
