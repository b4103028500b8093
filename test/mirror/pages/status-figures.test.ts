import assert from 'node:assert/strict'
import { test } from 'node:test'
import fastify from 'fastify'
import { addStatusRoutes } from '../../../src/mirror/pages/status-page.js'
import { ServiceStatus } from '../../../src/mirror/pages/status.js'

/** A torrent of 100 bytes that is being made. */
function making(name: string, bytesDone: number, path: string[] | null = [name]) {
  const state = bytesDone > 0 ? 'hashing' : 'waiting'
  const title = { name, path, files: 3, size: 100 }
  return { title, state, bytesDone, bytesTotal: 100, bytesPerSecond: null }
}

/** A mirror whose figures all differ. */
const BUSY = {
  options: {
    version: '1.2.3',
    look: {},
    publicUrl: null,
    seed: {
      status: {
        ...{ torrents: 31, peers: 32, uploaded: 330, rate: 34, refused: 35 },
        failing: ['a', 'b'].map((problem) => ({ problem, count: 18 })),
      },
    },
  },
  torrents: {
    underWay: () => [making('a', 0), making('b', 20), making('set', 90, null), making('c', 80)],
    origins: { memory: 41, cache: 42, files: 43 },
    pending: 44,
  },
  cache: {
    store: { state: () => 'used', usedBytes: () => 450, count: () => 46 },
    usage: { hits: 47, misses: 48 },
  },
  digests: { underWay: () => [making('c', 70)] },
  admission: {
    planning: { small: { running: 1, length: 2 }, large: { running: 10, length: 20 } },
    hashing: { running: 51, length: 52, ahead: 53, total: { done: 540, ahead: 550 } },
    memory: { taken: 56 },
  },
  warmer: { counts: { ready: 61, waiting: 62, failed: 63 }, scans: 64 },
  trackers: { current: () => ["http://t.example/a?a&b'c"] },
  server: {
    requests: { counts: () => [], durations: () => [], bytes: 71, aborted: 72 },
    connections: () => 73,
    droppedLines: () => 74,
  },
}

const squeezed = (text: string) => text.replaceAll(/\s+/g, ' ').trim()

/** The status page of a mirror as a text, and its own metrics. */
async function show() {
  let monotonic = 0
  const clocks = { now: () => Date.UTC(2026, 0, 2, 3, 4, 5), monotonic: () => monotonic }
  const status = new ServiceStatus(BUSY as never, clocks)
  monotonic = 90_000
  const app = fastify()
  addStatusRoutes(app, status, () => Promise.resolve(true))
  const page = (await app.inject({ url: '/-/status', headers: { accept: 'text/html' } })).body
  const [, state = ''] = /<div id="state">([^]*)<\/main>/.exec(page) ?? []
  const text = squeezed(state.replaceAll(/<[^>]*>/g, ' '))
  const { body } = await app.inject('/-/metrics')
  return { text, metrics: body.match(/(?<=^btkit_).*$/gm)?.join('\n') ?? '' }
}

const PAGE = `
  ✓ The mirror works. 218 torrents to be hashed.
  Torrents ready 61 Being hashed 104 Waiting 114 Uploading 34 B/s Peers 32
  Being hashed now set (3 files) : 90 %: 90 B of 100 B c : 80 %: 80 B of 100 B
    b : 20 %: 20 B of 100 B a : waits for its turn
  For operators Up for 1 min, at 2026-01-02 03:04:05 UTC.
  Hashing Torrents 51 running, 52 waiting Requests looked up 11 running, 22 waiting
    Hashed since the start 540 B Hashed before anybody asked
    61 files ready, 53 running, 62 waiting, 63 failed; 550 B hashed
  Seeding 31 torrents and 32 peers; 330 B sent since the start, 34 B per second now; 35 refused.
    a (18 torrents) b (18 torrents)
  Trackers http://t.example/a?a&amp;b&#39;c
  Cache State in use Size 450 B, 46 records Look-ups 47 found, 48 not found
    Torrents 41 from memory, 42 from the cache, 43 by reading files`

const METRICS = `requests_aborted_total 72
sent_bytes_total 71
connections 73
torrents_total{from="memory"} 41
torrents_total{from="cache"} 42
torrents_total{from="files"} 43
hashed_bytes_total 540
torrents_under_way 44
planning_jobs 11
planning_queue 22
request_memory_bytes 56
hash_jobs 51
hash_queue 52
cache_lookups_total{result="hit"} 47
cache_lookups_total{result="miss"} 48
cache_bytes 450
cache_writable 1
log_lines_dropped_total 74
trackers 1
seed_torrents 31
seed_peers 32
seed_uploaded_bytes_total 330
seed_refused_total 35
seed_failing_announces 36
warm_files{state="ready"} 61
warm_files{state="waiting"} 62
warm_files{state="failed"} 63
warm_hashed_bytes_total 550
warm_hash_jobs 53
warm_scans_total 64`

test('each figure of a mirror is on its page and in its metrics', async () => {
  const { text, metrics } = await show()
  assert.equal(text, squeezed(PAGE))
  assert.equal(metrics, METRICS)
})
