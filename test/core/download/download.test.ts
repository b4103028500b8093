import assert from 'node:assert/strict'
import { test } from 'node:test'
import { whenWhole } from '../../../src/core/download/download.js'
import type { ClientTorrent } from '../../../src/core/publish/client.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { FakeClient, fakeWaiting } from '../../support/fake-client.js'
import { singleFileInfo, torrentOf } from '../../support/torrents.js'

const METAINFO = parseMetainfo(
  torrentOf(singleFileInfo(), { announce: 'http://tracker.example/announce' }),
)
const INFO_HASH = METAINFO.infoHash!
const STUCK = { name: 'a.txt', state: 'downloading', size: 5, bytesDone: 1 } as const

/** Follows a torrent that does as `changesAt` says after so many milliseconds. */
async function follow(changesAt: (now: number) => Partial<ClientTorrent>, stallTimeoutMs: number) {
  const client = new FakeClient()
  const waiting = fakeWaiting()
  await whenWhole(client, METAINFO, {
    waiting: {
      ...waiting,
      sleep: async (ms) => {
        await waiting.sleep(ms)
        client.plant(INFO_HASH, { ...STUCK, ...changesAt(waiting.monotonic()) })
      },
    },
    onLook: () => undefined,
    stallTimeoutMs,
    ...(client.plant(INFO_HASH, STUCK), {}),
  })
  return waiting.monotonic()
}

test('a download ends when nothing came for as long as it may take', async () => {
  await assert.rejects(
    follow(() => ({}), 5000),
    {
      code: 'stalled',
      message:
        'a.txt: nothing has come for 5 seconds: no peer is connected; btkit scrape shows what its trackers answer (ended by --stall-timeout)',
    },
  )
})

test('a byte now and then keeps a download going', async () => {
  const bytesAt = (now: number) => ({ bytesDone: Math.min(5, 1 + Math.floor(now / 4000)) })
  const changesAt = (now: number): Partial<ClientTorrent> => {
    const { bytesDone } = bytesAt(now)
    return { bytesDone, state: bytesDone === 5 ? 'seeding' : 'downloading' }
  }
  assert.equal(await follow(changesAt, 5000), 16_000)
})
