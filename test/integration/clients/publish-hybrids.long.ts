import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { clientInfoHash, type TorrentClient } from '../../../src/core/publish/client.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { addUnmarked } from '../../support/add-unmarked.js'
import { unlessInstalled, unlessVersion } from '../../support/peers.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { assertStatus, parseJson, runBtkit } from '../../support/run-btkit.js'
import { makeScratch } from '../../support/scratch.js'
import { daemonKinds, type Daemon } from '../../support/seeding-daemons.js'
import { clientOf, publish } from './publish.js'

interface Hybrid {
  readonly data: string
  readonly torrent: string
  readonly infoHash: string
  readonly isPadded: boolean
}

/** A hybrid of one file, or of a directory, which has pad files. */
async function plantHybrid(t: TestContext, what: 'file' | 'directory'): Promise<Hybrid> {
  const data = makeScratch(t)
  const content = join(data, 'release')
  if (what === 'file') writeFileSync(content, pseudoRandom(300_000))
  else {
    mkdirSync(content)
    writeFileSync(join(content, 'first'), pseudoRandom(300_000))
    writeFileSync(join(content, 'second'), pseudoRandom(100_000))
  }
  const torrent = join(makeScratch(t), 'a.torrent')
  const tracker = 'http://127.0.0.1:1/announce'
  const args = ['makemetafile', content, tracker, '--target', torrent, '--no-date', '--hybrid']
  assertStatus(await runBtkit(args), 0)
  const metainfo = parseMetainfo(readFileSync(torrent))
  const isPadded = metainfo.files.some(({ padding }) => padding)
  return { data, torrent, infoHash: clientInfoHash(metainfo), isPadded }
}

/** Waits until a client has taken a torrent out of its list. */
async function isGone(client: TorrentClient, infoHash: string): Promise<boolean> {
  for (let calls = 0; calls < 1000; calls++) {
    const torrents = await client.list()
    if (!torrents.some((torrent) => torrent.infoHash === infoHash)) return true
  }
  return false
}

async function assertSeedsUntilWithdrawn(daemon: Daemon, hybrid: Hybrid): Promise<void> {
  const before = readdirSync(hybrid.data, { recursive: true, encoding: 'utf8' })
  const first = await publish(daemon, hybrid)
  assert.equal(parseJson(first)['reason'], null)
  assert.equal(parseJson(first)['status'], 'published')
  assert.equal(parseJson(await publish(daemon, hybrid))['status'], 'already')

  const status = await runBtkit(['status', hybrid.torrent, '--client', daemon.url])
  // Its exit status depends on whether the tracker, which is not there, has failed yet
  assert.match(status.stdout, /seeding +100%/)

  assertStatus(await runBtkit(['withdraw', hybrid.torrent, '--client', daemon.url]), 0)
  assert.ok(await isGone(clientOf(daemon), hybrid.infoHash))
  assert.deepEqual(await clientOf(daemon).list(), [])
  const after = readdirSync(hybrid.data, { recursive: true, encoding: 'utf8' })
  assert.deepEqual(after, before, 'data is as it was')
}

const qbittorrent = daemonKinds['qbittorrent']!

for (const what of ['file', 'directory'] as const) {
  void test(
    `qbittorrent seeds a hybrid ${what} until it is withdrawn`,
    unlessInstalled('qbittorrent-nox'),
    async (t) => {
      const daemon = await qbittorrent.start(t)
      const hybrid = await plantHybrid(t, what)
      assert.equal(hybrid.isPadded, what === 'directory')
      await assertSeedsUntilWithdrawn(daemon, hybrid)
    },
  )
}

const delugeWithOtherHashes = {
  skip: unlessVersion('deluged', /^deluged 2\.0\.\d+[^]*libtorrent: 2\./),
}

test(
  'deluge that knows hybrids by another info hash is told, and is left without it',
  delugeWithOtherHashes,
  async (t) => {
    const daemon = await daemonKinds['deluge']!.start(t)
    const hybrid = await plantHybrid(t, 'directory')
    for (const time of ['first', 'again']) {
      const { reason, status } = parseJson(await publish(daemon, hybrid))
      assert.equal(status, 'failed', time)
      assert.match(String(reason), /: Deluge 2\.0\.\d+ can't open this hybrid: /)
    }
    assert.deepEqual(await clientOf(daemon).list(), [])
  },
)

test('what deluge fails with is told in its words', delugeWithOtherHashes, async (t) => {
  const daemon = await daemonKinds['deluge']!.start(t)
  const hybrid = await plantHybrid(t, 'file')
  await addUnmarked('deluge', daemon, hybrid)
  const { reason } = parseJson(await publish(daemon, hybrid))
  assert.match(String(reason), /^deluge\S*: Torrent already in session \([0-9a-f]{40}\)\.$/)
})

test(
  'rtorrent that would look for pad files is not given a torrent that has them',
  { skip: unlessVersion('rtorrent', /version 0\.9\./, '-h') },
  async (t) => {
    const daemon = await daemonKinds['rtorrent']!.start(t)
    const padded = await plantHybrid(t, 'directory')
    const before = readdirSync(padded.data, { recursive: true, encoding: 'utf8' })
    for (const time of ['first', 'again']) {
      const { reason, status } = parseJson(await publish(daemon, padded))
      assert.equal(status, 'failed', time)
      assert.match(
        String(reason),
        /: rtorrent 0\.9\.\d+ can't open this hybrid: the torrent has pad files/,
      )
    }
    assert.deepEqual(await clientOf(daemon).list(), [])
    const after = readdirSync(padded.data, { recursive: true, encoding: 'utf8' })
    assert.deepEqual(after, before, 'nothing was written')
    await assertSeedsUntilWithdrawn(daemon, await plantHybrid(t, 'file'))
  },
)
