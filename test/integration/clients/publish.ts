import assert from 'node:assert/strict'
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { parseClientAddress } from '../../../src/seeding/clients/address.js'
import { connectClient } from '../../../src/seeding/clients/connect.js'
import {
  clientInfoHash,
  type ClientSettings,
  isSeeded,
  type TorrentClient,
} from '../../../src/core/publish/client.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import type { InfoHash } from '../../../src/metainfo/values.js'
import { findPeer, unlessVersion } from '../../support/peers.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { assertStatus, jsonLines, parseJson, runBtkit } from '../../support/run-btkit.js'
import { addUnmarked } from '../../support/add-unmarked.js'
import { makeScratch } from '../../support/scratch.js'
import { startTrack } from '../../support/track.js'
import { until } from '../../support/until.js'
import { bytesRead, daemonKinds, type Daemon } from '../../support/seeding-daemons.js'

const SIZE = 8 * 1024 * 1024

/** Names that quoting could break. */
const ODD = `it's 100% "odd" [$x;] ümläut&`

interface Published {
  readonly data: string
  readonly torrent: string
  readonly infoHash: InfoHash
}

/** A directory of files with odd names, and its torrent. */
async function plantTorrent(
  t: TestContext,
  name = ODD,
  more: readonly string[] = [],
): Promise<Published> {
  const data = makeScratch(t)
  const tracker = await startTrack(t)
  mkdirSync(join(data, name))
  writeFileSync(join(data, name, 'big'), pseudoRandom(SIZE))
  writeFileSync(join(data, name, 'small'), 'a few bytes')
  writeFileSync(join(data, name, 'empty'), '')
  const torrent = join(makeScratch(t), 'a.torrent')
  const made = await runBtkit([
    'makemetafile',
    join(data, name),
    `${tracker.address}/announce`,
    '--target',
    torrent,
    '--no-date',
    ...more,
  ])
  assert.equal(made.status, 0, made.stderr)
  return { data, torrent, infoHash: clientInfoHash(parseMetainfo(readFileSync(torrent))) }
}

interface Outcome {
  readonly torrent: string
  readonly status: string
}

/** Forty small files, and the torrent of each. */
async function plantMany(t: TestContext) {
  const names = Array.from({ length: 40 }, (_, i) => `${i}.bin`)
  const data = makeScratch(t, Object.fromEntries(names.map((name) => [name, `content of ${name}`])))
  const target = makeScratch(t)
  const own = ['--no-cache', '--state-dir', makeScratch(t), '--quiet']
  const made = await runBtkit([
    ...['completedir', 'http://127.0.0.1:1/announce', data, '--target', target],
    ...own,
  ])
  assert.equal(made.status, 0, made.stderr)
  return { data, torrents: names.map((name) => join(target, `${name}.torrent`)) }
}

export function clientOf({ url }: Daemon): TorrentClient {
  const signal = new AbortController().signal
  return connectClient(parseClientAddress(url), { timeoutMs: 30_000, signal })
}

async function stateOf(daemon: Daemon, infoHash: string): Promise<string> {
  const torrents = await clientOf(daemon).list()
  return torrents.find((torrent) => torrent.infoHash === infoHash)?.state ?? 'absent'
}

export function publish(
  daemon: Daemon,
  { torrent, data }: Omit<Published, 'infoHash'>,
  ...more: string[]
) {
  return runBtkit(['publish', torrent, '--data', data, '--client', daemon.url, '--json', ...more], {
    monotonic: () => performance.now(),
  })
}

/** What a user may have set for a torrent, in the words of each client. */
const USER_SETTINGS: Readonly<Record<string, ClientSettings>> = {
  qbittorrent: { category: 'films', tags: 'btkit,iso', upLimit: '2048', ratioLimit: '3' },
  transmission: {
    labels: ['btkit', 'iso'],
    seedRatioMode: 1,
    seedRatioLimit: 3,
    uploadLimit: 7,
    uploadLimited: true,
  },
  deluge: { max_upload_speed: 7, max_connections: 40, stop_at_ratio: true, stop_ratio: 3 },
  rtorrent: { 'd.priority': '3', 'd.peers_max': '40', 'd.uploads_max': '7' },
}

/** Tests what a client does with published torrents. */
export function testPublishing(kind: string): void {
  const { programs, start, ...traits } = daemonKinds[kind]!
  const missing = programs.find((program) => findPeer(program) === null)
  const { skipsHashing, createsEmptyFiles, stopping } = traits
  const options = { skip: missing !== undefined && `${missing} is not installed` }

  void test(`${kind} seeds what is published to it`, options, async (t) => {
    const daemon = await start(t)
    // Transmission takes no quotation marks in names, and looks for others
    const name = kind === 'transmission' ? ODD.replaceAll('"', '') : ODD
    const published = await plantTorrent(t, name)
    const before = bytesRead(daemon.pid)
    const first = await publish(daemon, published)
    assert.equal(parseJson(first)['reason'], null)
    assert.equal(first.status, 0, first.stderr)
    assert.equal(parseJson(first)['status'], 'published')
    assert.equal(await stateOf(daemon, published.infoHash), 'seeding')
    await setTimeout(500)
    const isRead = bytesRead(daemon.pid) - before >= SIZE
    assert.equal(isRead, !skipsHashing, 'whether it hashed the data again')

    const second = assertStatus(await publish(daemon, published), 0)
    assert.equal(parseJson(second)['status'], 'already')

    const status = await runBtkit(['status', published.torrent, '--client', daemon.url])
    assert.equal(status.status, 0, status.stderr)
    assert.match(status.stdout, /seeding +100%/)

    assertStatus(await runBtkit(['withdraw', published.torrent, '--client', daemon.url]), 0)
    await setTimeout(300)
    assert.equal(await stateOf(daemon, published.infoHash), 'absent')
    const entries = readdirSync(published.data, { recursive: true, encoding: 'utf8' })
    const expected = [name, `${name}/big`, `${name}/empty`, `${name}/small`]
    assert.deepEqual(entries.sort(), expected.sort(), 'data is as it was')

    const again = await runBtkit(['withdraw', published.torrent, '--client', daemon.url])
    assert.deepEqual([again.status, again.stderr], [0, ''])
    assert.match(again.stdout, /: was not in the client \(/)
  })

  void test(`${kind} gets a torrent again with what a user has set`, options, async (t) => {
    const daemon = await start(t)
    const { data, torrent, infoHash } = await plantTorrent(t, 'release')
    const client = clientOf(daemon)
    assertStatus(await publish(daemon, { data, torrent }), 0)
    const settingsOf = async () => {
      const [listed] = await client.list([infoHash])
      return { ...listed?.settings }
    }
    const wanted = { ...(await settingsOf()), ...USER_SETTINGS[kind] }
    await client.remove([infoHash])
    await until('it is gone', async () => (await stateOf(daemon, infoHash)) === 'absent')
    const metainfo = parseMetainfo(readFileSync(torrent))
    const again = { metainfo, directory: data, fileTimes: null, settings: wanted }
    assert.deepEqual(await client.add([again]), [null])
    await until('it is back', async () => (await stateOf(daemon, infoHash)) !== 'absent')
    assert.deepEqual(await settingsOf(), wanted)
  })

  if (stopping)
    void test(`${kind} that stops at ratio 0 seeds what is published to it`, options, async (t) => {
      const daemon = await start(t, stopping)
      const published = await plantTorrent(t, 'plain')
      const first = await publish(daemon, published, '--check-wait', '10')
      assert.deepEqual([first.status, parseJson(first)['status']], [0, 'published'], first.stderr)
      // It looks at ratios every few seconds
      await setTimeout(10_000)
      assert.equal(await stateOf(daemon, published.infoHash), 'seeding')
    })

  const verb = skipsHashing ? 'takes the word of btkit for' : 'hashes'
  void test(`${kind} ${verb} the data of what is published`, options, async (t) => {
    const daemon = await start(t)
    const published = await plantTorrent(t, 'plain')
    const file = join(published.data, 'plain/big')
    writeFileSync(file, readFileSync(file).fill(0, 0, SIZE / 2))
    // Sizes alone, so that btkit does not see what a client that hashes would
    const { status } = await publish(daemon, published, '--check-hashes', '0', '--check-wait', '60')
    assert.equal(status, skipsHashing ? 0 : 1)
    const torrents = await clientOf(daemon).list()
    const seeded = torrents.filter((torrent) => torrent.state === 'seeding')
    const isWhole = seeded.some(({ size, bytesDone }) => size === bytesDone)
    assert.equal(isWhole, skipsHashing)
  })

  void test(`${kind} gets nothing whose data it does not see`, options, async (t) => {
    const daemon = await start(t)
    const published = await plantTorrent(t)
    const elsewhere = makeScratch(t)
    const { data } = published
    const result = await publish(
      daemon,
      published,
      '--data-prefix',
      `${data}=${elsewhere}`,
      '--check-wait',
      '5',
    )
    assert.equal(result.status, 1)
    const { status, reason } = parseJson(result)
    assert.equal(status, 'failed')
    assert.match(String(reason), /does not see all its data in/)
    await setTimeout(500)
    assert.equal(await stateOf(daemon, published.infoHash), 'absent')
    const written = readdirSync(elsewhere, { recursive: true, encoding: 'utf8' })
    const bytes = written.map((entry) => statSync(join(elsewhere, entry)))
    assert.ok(bytes.every((stats) => stats.isDirectory() || stats.size === 0))
    if (!createsEmptyFiles) assert.deepEqual(written, [], 'nothing was written')
  })

  void test(
    `${kind} is handed many torrents, all but those whose data is gone`,
    options,
    async (t) => {
      const daemon = await start(t)
      const { data, torrents } = await plantMany(t)
      const gone = torrents[17]!
      rmSync(join(data, basename(gone, '.torrent')))
      const args = [
        'publish',
        ...torrents,
        '--data',
        data,
        '--client',
        daemon.url,
        '--check-hashes',
      ]
      const result = await runBtkit([...args, '0', '--json'], {
        monotonic: () => performance.now(),
      })
      assert.equal(result.status, 1)
      assert.match(result.stderr, /^btkit: \S+17\.bin\.torrent: its data is not whole: [^\n]*\n$/)
      const outcomes = jsonLines<Outcome>(result.stdout)
      const failed = outcomes.filter(({ status }) => status !== 'published')
      assert.deepEqual(
        failed.map(({ torrent, status }) => [torrent, status]),
        [[gone, 'failed']],
      )
      assert.equal(outcomes.length, torrents.length)
      const seeded = (await clientOf(daemon).list()).filter(isSeeded)
      assert.equal(seeded.length, torrents.length - 1)
      assert.ok(seeded.every(({ isMarked }) => isMarked))
    },
  )

  void test(`${kind} keeps what it has from elsewhere`, options, async (t) => {
    const daemon = await start(t)
    const published = await plantTorrent(t, 'plain')
    await addUnmarked(kind, daemon, published)
    const result = assertStatus(await publish(daemon, published), 1)
    assert.match(String(parseJson(result)['reason']), /not from btkit; it stays unchanged/)
    const withdrawn = await runBtkit(['withdraw', published.torrent, '--client', daemon.url])
    assert.equal(withdrawn.status, 1)
    assert.match(withdrawn.stderr, /was not added by btkit, so it stays in the client/)
    assert.notEqual(await stateOf(daemon, published.infoHash), 'absent')

    await clientOf(daemon).start([published.infoHash])
    await until('it is seeded', async () => {
      return (await stateOf(daemon, published.infoHash)) === 'seeding'
    })
    const adopted = await publish(daemon, published, '--adopt')
    assert.deepEqual([adopted.status, parseJson(adopted)['status']], [0, 'adopted'], adopted.stderr)
    assert.equal(parseJson(await publish(daemon, published))['status'], 'already')
  })

  void test(`${kind} follows data that was moved to another directory`, options, async (t) => {
    const daemon = await start(t)
    const published = await plantTorrent(t, 'plain')
    assert.equal((await publish(daemon, published)).status, 0)
    const data = join(makeScratch(t), 'moved')
    renameSync(published.data, data)
    const moved = await publish(daemon, { ...published, data })
    assert.deepEqual([moved.status, parseJson(moved)['status']], [0, 'published'], moved.stderr)
    const [torrent] = await clientOf(daemon).list()
    assert.equal(torrent?.directory?.replace(/\/$/, ''), data)
    assert.equal(parseJson(await publish(daemon, { ...published, data }))['status'], 'already')
  })

  void test(`${kind} with another password is told in one line`, options, async (t) => {
    if (kind === 'rtorrent') {
      t.skip('its socket asks for none')
      return
    }
    const daemon = await start(t)
    const url = daemon.url.replace(/\/\/[^@]*@/, '//me:Wr0ng@')
    const result = assertStatus(await runBtkit(['status', '--client', url]), 1)
    assert.match(result.stderr, /^btkit: .*: does not take this user name and password\n$/)
    assert.doesNotMatch(result.stderr, /Wr0ng/)
  })

  if (kind === 'rtorrent') testControlCharacter(kind, options)
  testOldVersion(kind)
}

function testControlCharacter(kind: string, options: { skip: string | false }): void {
  const { start } = daemonKinds[kind]!
  void test(`a control character in a name does no harm with ${kind}`, options, async (t) => {
    const daemon = await start(t)
    const odd = await plantTorrent(t, 'odd \u001b[31m')
    const plain = await plantTorrent(t, 'plain')
    const before = readdirSync(odd.data, { recursive: true })
    await publish(daemon, odd, '--check-wait', '60')
    assert.deepEqual(readdirSync(odd.data, { recursive: true }), before, 'nothing was written')
    assertStatus(await publish(daemon, plain), 0)
    assertStatus(await runBtkit(['withdraw', odd.infoHash, '--client', daemon.url]), 0)
    assert.equal(await stateOf(daemon, odd.infoHash), 'absent')
  })
}

/** Versions that can't open hybrids. */
const WITHOUT_HYBRIDS: Readonly<
  Record<string, { program: string; version: RegExp; name: string }>
> = {
  rtorrent: { program: 'rtorrent', version: /./, name: 'rtorrent ' },
  transmission: {
    program: 'transmission-daemon',
    version: /^transmission-daemon 3\.00/,
    name: 'Transmission 3.00 ',
  },
}

function testOldVersion(kind: string): void {
  const old = WITHOUT_HYBRIDS[kind]
  if (old === undefined) return
  const { program, version, name } = old
  const skip = unlessVersion(program, version)
  void test(
    `${kind} that can't open a hybrid is told, and is left without it`,
    { skip },
    async (t) => {
      const daemon = await daemonKinds[kind]!.start(t)
      const hybrid = ['--hybrid', "can't open this hybrid: "] as const
      const v2 = ['--v2', "can't open this torrent of version 2: "] as const
      const cases = [kind === 'rtorrent' ? v2 : hybrid]
      for (const [option, why] of cases) {
        const published = await plantTorrent(t, 'release', [option])
        for (const time of ['first', 'again']) {
          const { status, stdout } = await publish(daemon, published)
          assert.equal(status, 1, time)
          const { reason } = JSON.parse(stdout) as { reason: string }
          assert.ok(reason.includes(`: ${name}`) && reason.includes(why), reason)
        }
      }
      assert.deepEqual(await clientOf(daemon).list(), [])
    },
  )
}
