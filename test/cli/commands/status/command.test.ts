import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { clientInfoHash } from '../../../../src/core/publish/client.js'
import { parseMetainfo } from '../../../../src/metainfo/parse/metainfo.js'
import { startFakeTransmission } from '../../../support/fake-transmission.js'
import {
  Captured,
  assertQuiet,
  assertStatus,
  parseJson,
  runBtkit,
} from '../../../support/run-btkit.js'
import { makeScratch } from '../../../support/scratch.js'

const STOPPED = 0

const seeded = { hashString: 'aa'.repeat(20), name: 'seeded.iso' }
const stopped = { hashString: 'bb'.repeat(20), name: 'stopped.iso', status: STOPPED }
const foreign = { hashString: 'cc'.repeat(20), name: 'foreign.iso', labels: [] }

/** The names of the torrents in a table, below the line of the client and the headings. */
function namesIn(stdout: string): string[] {
  return stdout
    .trimEnd()
    .split('\n')
    .slice(2)
    .filter((line) => !/^\d+ torrents:/.test(line))
    .map((line) => line.split(' ')[0] ?? '')
}

test('status alone shows the torrents of the client that the environment names', async (t) => {
  const url = await startFakeTransmission(t, [seeded, foreign])
  const result = assertQuiet(await runBtkit(['status'], { env: { BTKIT_CLIENT: url } }))
  assert.deepEqual(namesIn(result.stdout), ['seeded.iso'])
})

const HOW = 'use --client URL or set BTKIT_CLIENT; forms of the URL: '

test('status alone, with no client and no seed to be found, says why', async () => {
  const { status, stdout, stderr } = await runBtkit(['status'])
  const why =
    'btkit: no client given, and XDG_RUNTIME_DIR is not set, so no btkit seed can be found; ' +
    HOW +
    'scgi+unix:///run/rtorrent.sock, scgi://127.0.0.1:5000, rtorrent+http://host, ' +
    'transmission+http://host, qbittorrent+http://host, deluge+http://host\n'
  assert.deepEqual([status, stdout, stderr], [2, '', why])
})

test('status beside a seed that has not started yet says to ask again', async () => {
  const { status, stderr } = await runBtkit(['status'], { env: { XDG_RUNTIME_DIR: '/none' } })
  const why =
    'btkit: no client given, and no btkit seed answers in /none/btkit; ask again if it has just ' +
    `started, type sudo btkit status for a service, or ${HOW}`
  assert.deepEqual([status, stderr.startsWith(why)], [2, true], stderr)
})

test('status of given torrents reports only these, in its exit status too', async (t) => {
  const url = await startFakeTransmission(t, [seeded, stopped])
  const result = assertQuiet(await runBtkit(['status', seeded.hashString, '--client', url]))
  assert.deepEqual(namesIn(result.stdout), ['seeded.iso'])
  const json = await runBtkit(['status', seeded.hashString, '--client', url, '--json', '--all'])
  assert.equal(json.status, 0)
  assert.deepEqual(parseJson(json)['name'], 'seeded.iso')
})

test('a torrent that the client seeds is whole, even if padding is counted as missing', async (t) => {
  const url = await startFakeTransmission(t, [{ ...seeded, sizeWhenDone: 4, leftUntilDone: 1 }])
  const result = assertQuiet(await runBtkit(['status', '--client', url]))
  assert.match(result.stdout, /seeding +100%/)
})

test('a torrent that waits for its download is not seeded', async (t) => {
  const queued = { ...seeded, status: 3, leftUntilDone: 1 }
  const url = await startFakeTransmission(t, [queued])
  const { stderr } = assertStatus(await runBtkit(['status', '--client', url]), 1)
  assert.match(stderr, /^btkit: seeded\.iso \(aaaaaaaa\): downloading /)
})

test('a tracker that fails is named once for all its torrents, and the status is 1', async (t) => {
  const failing = { error: 2, errorString: 'Tracker gave HTTP response code 404' }
  const others = ['bb', 'cc'].map((hex) => ({ hashString: hex.repeat(20), name: `${hex}.iso` }))
  const torrents = [seeded, ...others].map((each) => ({ ...each, ...failing }))
  const url = await startFakeTransmission(t, torrents)
  const { stdout, stderr } = assertStatus(await runBtkit(['status', '--client', url]), 1)
  const told = `seeded.iso (aaaaaaaa) and 2 other torrents: ${failing.errorString}`
  assert.equal(stderr, `btkit: ${told} (${url})\nbtkit: ${url}: peers may not find 3 torrents\n`)
  assert.equal(namesIn(stdout).length, 3)
  assert.ok(!stdout.includes(failing.errorString))
  const other = await startFakeTransmission(t, torrents.slice(0, 1))
  const alone = assertStatus(await runBtkit(['status', '--client', other]), 1)
  assert.ok(alone.stdout.includes(failing.errorString))
})

test('a warning of a tracker is shown, and the status is 0', async (t) => {
  // TR_STAT_TRACKER_WARNING
  const warned = { ...seeded, error: 1, errorString: 'Tracker warning: "beep"' }
  const url = await startFakeTransmission(t, [warned])
  const { stderr } = assertStatus(await runBtkit(['status', '--client', url]), 0)
  const told = `seeded.iso (aaaaaaaa): ${warned.errorString}`
  assert.equal(stderr, `btkit: warning: ${told} (${url})\n`)
})

test('the status is 1 when a given torrent is not seeded, or not there', async (t) => {
  const url = await startFakeTransmission(t, [seeded, stopped])
  for (const [name, why] of [
    [stopped.hashString, /^btkit: stopped\.iso \(b{8}\): stopped \(/],
    ['dd'.repeat(20), /^btkit: (dd){20}: not in the client \(/],
  ] as const) {
    const result = await runBtkit(['status', seeded.hashString, name, '--client', url])
    assert.equal(result.status, 1)
    assert.match(result.stderr, why)
    assert.match(result.stderr, /: 1 torrent not seeded\n$/)
  }
})

test('a given torrent that btkit did not publish is reported like others', async (t) => {
  const url = await startFakeTransmission(t, [{ ...foreign, status: STOPPED }, seeded])
  const result = assertStatus(await runBtkit(['status', foreign.hashString, '--client', url]), 1)
  assert.deepEqual(namesIn(result.stdout), ['foreign.iso'])
  assert.match(result.stderr, /^btkit: foreign\.iso \(c{8}\): stopped \(/)
})

test('status of a directory reports the torrents in it', async (t) => {
  const directory = makeScratch(t, { 'a.iso': 'content', 'empty/.keep': '' })
  assertStatus(await runBtkit(['makemetafile', join(directory, 'a.iso'), 'http://127.0.0.1:1/']), 0)
  const torrent = parseMetainfo(readFileSync(join(directory, 'a.iso.torrent')))
  const own = { hashString: clientInfoHash(torrent), name: 'a.iso' }
  const url = await startFakeTransmission(t, [own, stopped])
  for (const [name, shown] of [
    ['', ['a.iso']],
    ['empty', []],
  ] as const) {
    const result = assertQuiet(await runBtkit(['status', join(directory, name), '--client', url]))
    assert.deepEqual(namesIn(result.stdout), shown)
  }
})

test('status without torrents tells what of those of btkit is not seeded', async (t) => {
  const url = await startFakeTransmission(t, [seeded, stopped, { ...foreign, status: STOPPED }])
  const result = assertStatus(await runBtkit(['status', '--client', url, '--all']), 1)
  assert.deepEqual(namesIn(result.stdout), ['stopped.iso', 'foreign.iso', 'seeded.iso'])
  assert.match(
    result.stderr,
    /^btkit: stopped\.iso \(b{8}\): stopped \(.*\n.*: 1 torrent not seeded\n$/,
  )
})

test('a terminal shows problems first, some others, and the sum of all', async (t) => {
  const many = Array.from({ length: 200 }, (_, n) => {
    return { ...seeded, name: `${n}.iso`, hashString: n.toString(16).padStart(40, '0') }
  })
  const url = await startFakeTransmission(t, [...many, stopped])
  const runOn = async (isTTY: boolean, ...args: string[]) => {
    const stdout = Object.assign(new Captured(), { isTTY })
    await runBtkit(['status', '--client', url, ...args], { stdout })
    return stdout.text.trimEnd().split('\n').slice(2)
  }
  const lines = await runOn(true)
  assert.match(lines[0] ?? '', /^stopped\.iso +stopped/)
  assert.match(lines[1] ?? '', /^0\.iso +seeding/)
  assert.equal(lines.at(-2), '151 other torrents without a problem; --all shows them')
  assert.match(lines.at(-1) ?? '', /^201 torrents: 1 stopped, 200 seeding; .*, 0 peers, up 0 B\/s$/)
  assert.equal(lines.length, 52)
  for (const whole of [await runOn(true, '--all'), await runOn(false)])
    assert.equal(whole.length, 202)
})

test('of two torrents of one name it tells which one is not seeded', async (t) => {
  const twins = [seeded, stopped].map((torrent) => ({ ...torrent, name: 'rel' }))
  const url = await startFakeTransmission(t, twins)
  const { stdout, stderr } = await runBtkit(['status', '--client', url])
  assert.match(stdout, /^rel +stopped .* b{8}\nrel +seeding .* a{8}$/m)
  assert.match(stderr, /^btkit: rel \(b{8}\): stopped \(/)
})

test('no passkey of a tracker is shown, whatever the client says', async (t) => {
  const key = '0123456789abcdef0123456789abcdef'
  const errorString = `http://t.example/${key}/announce: cannot be reached`
  const failing = { ...seeded, error: 2, errorString }
  const url = await startFakeTransmission(t, [failing])
  for (const more of [[], ['--json']]) {
    const { stdout, stderr } = await runBtkit(['status', '--client', url, ...more])
    assert.match(stdout + stderr, /http:\/\/t\.example\/\*\*\*\/announce/)
    assert.ok(!`${stdout}${stderr}`.includes(key), stdout)
  }
})
