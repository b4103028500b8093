import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openDownloadProgress } from '../../../../src/cli/commands/download/run-download.js'
import { StallWatch } from '../../../../src/core/download/follow.js'
import type { Io } from '../../../../src/cli/io.js'
import type { ClientTorrent } from '../../../../src/core/publish/client.js'
import { parseMetainfo } from '../../../../src/metainfo/parse/metainfo.js'
import { fakeTorrent } from '../../../support/fake-client.js'
import { Captured } from '../../../support/run-btkit.js'
import { singleFileInfo, torrentOf } from '../../../support/torrents.js'

const MINUTE = 60_000
const BEGUN = { state: 'downloading', name: 'image.iso', size: 4096, bytesDone: 1024 } as const

const TORRENT = parseMetainfo(
  torrentOf(singleFileInfo({ name: 'image.iso', length: 4096 }), {
    announce: 'http://tracker.example/announce',
  }),
)

class Terminal extends Captured {
  readonly isTTY = true
  readonly columns = 120
}

/** The output for a download that stays the same for some minutes, checked each minute. */
async function showFor(
  minutes: number,
  changes: Partial<ClientTorrent>,
  options: { quiet?: true; json?: true; stderr?: Captured; advice?: string; step?: number } = {},
) {
  const { stderr = new Captured(), advice = null, step = MINUTE, ...display } = options
  let now = 0
  const stdout = new Captured()
  const paint = (_colour: unknown, text: string) => text
  const io = {
    stdout,
    stderr,
    paint,
    env: {},
    now: () => now,
    monotonic: () => now,
  } as unknown as Io
  const how = { ...display, isTable: false }
  const progress = await openDownloadProgress(TORRENT, 'image.iso.torrent', 'fake', how, io)
  const stalls = new StallWatch(io.monotonic, { metainfo: TORRENT, advice })
  for (let i = 0; i <= (minutes * MINUTE) / step; i++) {
    const torrent = fakeTorrent({ ...BEGUN, ...changes })
    progress.look(torrent, stalls.look(torrent))
    now += step
  }
  progress.clear()
  return { stdout: stdout.text, stderr: stderr.text }
}

for (const [changes, why] of [
  [{}, 'no peer is connected; btkit scrape shows what its trackers answer'],
  [{ peers: 1 }, '1 peer is connected, and sends nothing'],
  [{ peers: 3 }, '3 peers are connected, and send nothing'],
  [{ message: 'Tracker: [Timed out]' }, 'no peer is connected; Tracker: [Timed out]'],
  [{ state: 'queued' }, 'the client has it wait for its turn'],
  [{ state: 'stopped' }, 'the client has stopped it'],
] as const) {
  test(`a stall is reported: ${why}`, async () => {
    const { stderr } = await showFor(1, changes)
    assert.equal(stderr, `btkit: image.iso: nothing has come for 1 minute: ${why}\n`)
  })
}

test('without a terminal, a line shows the progress every 30 seconds', async () => {
  const { stdout } = await showFor(2, { downloadRate: 1024 }, { step: 500 })
  const hash = '0'.repeat(40)
  const rest = `${hash} downloading 25.0%, 0 peers, up 0 B/s, down 1 KiB/s, image.iso\n`
  const times = ['00:00:00', '00:00:30', '00:01:00', '00:01:30', '00:02:00']
  assert.equal(stdout, times.map((time) => `1970-01-01T${time}Z ${rest}`).join(''))
})

test('a line at once says that the state changed, such as to seeding', async () => {
  let now = 0
  const state = () => (now++ < 3 ? 'checking' : 'seeding')
  const { stdout } = await showFor(
    1,
    Object.defineProperty({}, 'state', { get: state, enumerable: true }),
    { step: 5000 },
  )
  const lines = [...stdout.matchAll(/:(\d\d)Z \w+ (\w+)/g)].map(([, ...line]) => line.join(' '))
  assert.deepEqual(lines, ['00 checking', '15 seeding', '45 seeding'])
})

test('without a peer, a stall says what may help', async () => {
  const advice = 'install another client'
  const { stderr } = await showFor(1, {}, { advice })
  assert.match(stderr, /; btkit scrape shows what its trackers answer; install another client\n$/)
  for (const changes of [{ peers: 1 }, { state: 'stopped' }] as const) {
    assert.doesNotMatch((await showFor(1, changes, { advice })).stderr, /install/)
  }
})

test('a stall of twenty minutes is reported twice, with its duration', async () => {
  const { stderr } = await showFor(20, {})
  assert.deepEqual(stderr.match(/for \d+ minutes?/g), ['for 1 minute', 'for 11 minutes'])
})

test('a stall is reported beside JSON, and not with --quiet', async () => {
  const { stdout, stderr } = await showFor(1, {}, { json: true })
  assert.match(stderr, /no peer is connected/)
  for (const line of stdout.trimEnd().split('\n')) JSON.parse(line)
  assert.deepEqual(await showFor(1, {}, { quiet: true }), { stdout: '', stderr: '' })
})

test('the bar of a terminal shows a stall, and a line tells all of it', async () => {
  const moving = await showFor(1, { downloadRate: 1 }, { stderr: new Terminal() })
  assert.doesNotMatch(moving.stderr, /peer/)
  const { stderr } = await showFor(3, {}, { stderr: new Terminal() })
  assert.match(stderr, /1 KiB of 4 KiB stalled: no peer is connected/)
  assert.match(
    stderr,
    /btkit: image.iso: nothing has come for 1 minute: no peer is connected; btkit scrape [a-z ]+\n/m,
  )
})

test("a client's hostile words do not reach the terminal raw", async () => {
  const message = '\u001b]0;h\u0007'
  const { stderr } = await showFor(1, { message }, { stderr: new Terminal() })
  assert.doesNotMatch(stderr, /\u001b\]/)
  assert.match(stderr, /\\x1b/)
})
