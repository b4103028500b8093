import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import {
  listTorrents,
  magnetLink,
  makeTorrent,
  parseMagnet,
  publishTorrents,
  readTorrent,
  scrapeTorrents,
  withdrawTorrents,
} from '../../src/library/index.js'
import { fetchAlone } from '../support/opentracker.js'
import { unlessInstalled } from '../support/peers.js'
import { pseudoRandom } from '../support/pseudo-random.js'
import { makeScratch } from '../support/scratch.js'
import { daemonKinds } from '../support/seeding-daemons.js'
import { announceQuery, startTrack } from '../support/track.js'

const INTERRUPTED = { code: 'interrupted' }
const NOBODY = 'transmission+http://127.0.0.1:1'

async function plant(t: TestContext, trackers: string) {
  const scratch = makeScratch(t, {
    'whole.bin': pseudoRandom(300_000, 1),
    'damaged.bin': pseudoRandom(300_000, 2),
  })
  const make = async (name: string) => {
    const output = join(scratch, `${name}.torrent`)
    await makeTorrent(join(scratch, name), { output, trackers })
    return output
  }
  return { scratch, whole: await make('whole.bin'), damaged: await make('damaged.bin') }
}

test(
  'a client seeds torrents whose content is whole, until they are withdrawn',
  unlessInstalled('transmission-daemon'),
  async (t) => {
    const { url } = (await daemonKinds['transmission']?.start(t)) ?? assert.fail()
    const { scratch, whole, damaged } = await plant(t, 'http://127.0.0.1:1/announce')
    writeFileSync(join(scratch, 'damaged.bin'), pseudoRandom(300_000, 3))
    const metainfo = await readTorrent(whole)
    const dryRun = await publishTorrents([whole], url, { dryRun: true })
    assert.deepEqual([dryRun[0]?.status, await listTorrents(url)], ['published', []])
    const task = publishTorrents([damaged, metainfo], url, { data: scratch })
    let last = null
    for await (const progress of task) last = progress
    const outcomes = await task
    assert.equal(last?.bytesTotal, 600_000)
    assert.deepEqual(
      outcomes.map(({ torrent, status }) => [torrent, status]),
      [
        [damaged, 'failed'],
        ['whole.bin', 'published'],
      ],
    )
    assert.match(outcomes[0]?.reason ?? '', /damaged\.bin is damaged/)
    const [listed, ...more] = await listTorrents(url)
    assert.deepEqual(
      [listed?.infoHash, listed?.isMarked, listed?.directory, more],
      [metainfo.infoHash, true, scratch, []],
    )
    await withdrawTorrents([metainfo], url, { dryRun: true })
    assert.equal((await listTorrents(url)).length, 1)
    const statuses = await withdrawTorrents([parseMagnet(magnetLink(metainfo)), damaged], url)
    assert.deepEqual(
      statuses.map(({ status }) => status),
      ['withdrawn', 'absent'],
    )
  },
)

test('a client that does not answer, a bad URL and a signal are errors', async (t) => {
  const { scratch, whole } = await plant(t, 'http://127.0.0.1:1/announce')
  const { bytes } = await readTorrent(whole)
  const signal = AbortSignal.abort()
  const calls = [
    (url: string, options: object) => publishTorrents([bytes], url, { data: scratch, ...options }),
    (url: string, options: object) => withdrawTorrents([whole], url, options),
    (url: string, options: object) => listTorrents(url, options),
  ]
  for (const call of calls) {
    await assert.rejects(call(NOBODY, {}), { code: 'unreachable' })
    await assert.rejects(call('http://example', {}), { code: 'usage' })
    await assert.rejects(call(NOBODY, { signal }), INTERRUPTED)
  }
  await assert.rejects(publishTorrents([bytes], NOBODY), { code: 'usage' })
  const unknown = { infoHash: 'ab', infoHashV2: null }
  await assert.rejects(withdrawTorrents([unknown], NOBODY), { code: 'usage' })
})

test('trackers are asked about torrents and magnet links', async (t) => {
  const { address, port } = await startTrack(t)
  const tracker = `${address}/announce`
  const { whole } = await plant(t, tracker)
  const metainfo = await readTorrent(whole)
  const query = announceQuery(metainfo.infoHash ?? '', { peer: 'seed', left: 0, port: 7000 })
  await fetchAlone(`${address}${query}&event=started&uploaded=0&downloaded=0`)
  const counts = { seeds: 1, leechers: 0, completed: 0 }
  const link = magnetLink(metainfo)
  for (const answers of await scrapeTorrents([whole, link, parseMagnet(link), metainfo])) {
    assert.deepEqual(answers, [{ tracker, counts, error: null }])
  }
  const trackers = [`udp://127.0.0.1:${port}`, 'http://127.0.0.1:1/announce']
  const [answers] = await scrapeTorrents([whole], { trackers, timeout: 5000 })
  const [known, unknown] = answers ?? []
  assert.deepEqual(known?.counts, counts)
  assert.match(unknown?.error ?? '', /nothing listens there/)
  await assert.rejects(scrapeTorrents([link], { trackers: ['x'] }), { code: 'usage' })
  await assert.rejects(scrapeTorrents([link], { signal: AbortSignal.abort() }), INTERRUPTED)
})
