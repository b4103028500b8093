import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseClientAddress } from '../../../src/seeding/clients/address.js'
import { connectClient } from '../../../src/seeding/clients/connect.js'
import { clientInfoHash } from '../../../src/core/publish/client.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { infoHashOf } from '../../support/info-hashes.js'
import { unlessInstalled } from '../../support/peers.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { runBtkit } from '../../support/run-btkit.js'
import { makeScratch } from '../../support/scratch.js'
import { daemonKinds } from '../../support/seeding-daemons.js'
import { until } from '../../support/until.js'

const ROUNDS = 8
const SIZE = 16 * 1024 * 1024

const OPTIONS = { skip: unlessInstalled('rtorrent').skip }

test('rtorrent goes on answering when torrents go that it checks', OPTIONS, async (t) => {
  const directory = makeScratch(t, { 'a.bin': pseudoRandom(SIZE) })
  const torrent = join(makeScratch(t), 'a.torrent')
  const args = [join(directory, 'a.bin'), 'http://127.0.0.1:9/announce', '--target', torrent]
  const made = await runBtkit(['makemetafile', ...args, '--piece-length', '32KiB', '--no-cache'])
  assert.equal(made.status, 0, made.stderr)
  const metainfo = parseMetainfo(readFileSync(torrent))
  const infoHash = clientInfoHash(metainfo)
  const daemon = await daemonKinds['rtorrent']!.start(t)
  const client = connectClient(parseClientAddress(daemon.url), {
    timeoutMs: 30_000,
    signal: new AbortController().signal,
  })
  for (let round = 0; round < ROUNDS; round++) {
    const [failure] = await client.add([{ metainfo, directory, fileTimes: null }])
    assert.equal(failure, null)
    await until('taken up', async () => (await client.list()).length === 1)
    await client.start([infoHash])
    await client.remove([infoHash])
    await until('gone', async () => (await client.list()).length === 0)
  }
  assert.deepEqual(readFileSync(join(directory, 'a.bin')), Buffer.from(pseudoRandom(SIZE)))
  assert.deepEqual(readdirSync(directory), ['a.bin'])
})

test('more torrents are taken out at once than one call holds', OPTIONS, async (t) => {
  const daemon = await daemonKinds['rtorrent']!.start(t)
  const client = connectClient(parseClientAddress(daemon.url), {
    timeoutMs: 60_000,
    signal: new AbortController().signal,
  })
  const nobody = Array.from({ length: 5000 }, (_, i) =>
    infoHashOf(i.toString(16).padStart(40, '0')),
  )
  await assert.rejects(client.remove(nobody), /Could not find info-hash|info-hash/i)
  assert.deepEqual(await client.list(), [])
})
