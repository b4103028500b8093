import assert from 'node:assert/strict'
import { test } from 'node:test'
import { metadataFromPeers } from '../../../src/core/download/fetch.js'
import type { AskedMagnet, ClientTorrent } from '../../../src/core/publish/client.js'
import { type MagnetLink, parseMagnet } from '../../../src/metainfo/magnet.js'
import { FakeClient, fakeWaiting } from '../../support/fake-client.js'
import { magnetOf } from '../../support/magnets.js'

const HASH = '0123456789abcdef0123456789abcdef01234567'
const LINK = parseMagnet(`${magnetOf(HASH)}&tr=http%3A%2F%2Ft.example%2Fa`)
const MINUTES = 60_000

/** A client that knows nothing but the link, in the state that `changes` says. */
class Searching extends FakeClient {
  /** The link that it got. */
  link = ''

  constructor(private readonly changes: Partial<ClientTorrent>) {
    super()
  }

  askMetadata({ infoHash, link }: AskedMagnet): Promise<void> {
    this.link = link
    this.plant(infoHash, { state: 'downloading', size: 0, bytesDone: 0, ...this.changes })
    return Promise.resolve()
  }

  readMetadata(): Promise<null> {
    return Promise.resolve(null)
  }
}

/** The notes while nobody sends the torrent of a magnet link. */
async function notesWithin(limitMs: number, changes: Partial<ClientTorrent>): Promise<string[]> {
  return searchFor(LINK, new Searching(changes), limitMs)
}

async function searchFor(magnet: MagnetLink, client: Searching, limitMs: number) {
  const notes: string[] = []
  const search = metadataFromPeers(client, magnet, {
    waiting: fakeWaiting(limitMs),
    onStall: (note) => notes.push(note),
    advice: null,
    release: () => Promise.resolve(),
    maxSize: 1000,
    directory: '/',
    localDirectory: '/',
  })
  await assert.rejects(search, /no peer sent its torrent within/)
  return notes
}

test('a magnet link that no peer answers says why after half a minute', async () => {
  assert.deepEqual(await notesWithin(20_000, {}), [])
  const refused = 'http://t.example/a: connection refused'
  assert.deepEqual(await notesWithin(5 * MINUTES, { message: refused }), [
    `magnet link: nothing has come for 30 seconds: no peer is connected; ${refused}`,
  ])
  // aria2 says so until it knows the size
  assert.deepEqual(await notesWithin(5 * MINUTES, { state: 'seeding', peers: 2 }), [
    'magnet link: nothing has come for 30 seconds: 2 peers are connected, and send nothing',
  ])
})

test('without a word of the tracker, the note names the command that asks it', async () => {
  const [note = ''] = await notesWithin(5 * MINUTES, {})
  assert.match(note, /: no peer is connected; btkit scrape shows what its trackers answer$/)
})

for (const needsBothHashes of [true, false]) {
  const what = needsBothHashes ? 'both info hashes' : 'only the first info hash'
  test(`a client gets ${what} of a hybrid, as it can`, async () => {
    const both = `${magnetOf(HASH)}&xt=urn:btmh:1220${'ab'.repeat(32)}`
    const client = Object.assign(new Searching({}), { needsBothHashes })
    await searchFor(parseMagnet(both), client, 20_000)
    const { infoHash, infoHashV2 } = parseMagnet(client.link)
    assert.deepEqual([infoHash, infoHashV2], [HASH, needsBothHashes ? 'ab'.repeat(32) : null])
  })
}
