import assert from 'node:assert/strict'
import { renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { BtkitError } from '../../../src/base/errors.js'
import { clientInfoHash } from '../../../src/core/publish/client.js'
import type { PublishRequest } from '../../../src/core/publish/hand-over.js'
import { remoteDirectory } from '../../../src/core/publish/local-data.js'
import {
  publishTorrents,
  type PublishOutcome,
  type PublishRules,
} from '../../../src/core/publish/publish.js'
import { withdrawTorrents } from '../../../src/core/publish/withdraw.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { infoHashOf } from '../../support/info-hashes.js'
import { FakeClient, fakeWaiting } from '../../support/fake-client.js'
import { makeScratch } from '../../support/scratch.js'
import { singleFileInfo, torrentOf } from '../../support/torrents.js'

const OPTIONS = { isLocal: true, trustsDirectories: false }

/** A torrent of the five bytes of a.txt, which lie in a directory of the test. */
function plantRequest(t: TestContext, changes: Partial<PublishRequest> = {}): PublishRequest {
  const directory = makeScratch(t, { 'a.txt': 'hello' })
  const metainfo = parseMetainfo(torrentOf(singleFileInfo()))
  return { torrent: 'a.torrent', metainfo, directory, localDirectory: directory, ...changes }
}

/** The same, a client, and the name that the torrent has there. */
function plantClient(t: TestContext) {
  const request = plantRequest(t)
  return { client: new FakeClient(), request, infoHash: clientInfoHash(request.metainfo) }
}

async function publish(
  client: FakeClient,
  request: PublishRequest,
  options: Omit<PublishRules, 'waiting'> = OPTIONS,
) {
  const [outcome] = await publishTorrents(client, [request], {
    ...options,
    waiting: fakeWaiting(),
  })
  return outcome!
}

test('data behind a link that leads outside is published only if links are followed', async (t) => {
  const request = plantRequest(t)
  const pool = makeScratch(t)
  renameSync(join(request.directory!, 'a.txt'), join(pool, 'a.txt'))
  symlinkSync(join(pool, 'a.txt'), join(request.directory!, 'a.txt'))
  const refused = await publish(new FakeClient(), request)
  assert.match(refused.reason ?? '', /a\.txt: not there$/)
  const options = { ...OPTIONS, followSymlinks: true }
  assert.equal((await publish(new FakeClient(), request, options)).status, 'published')
})

test('a dry run says what would be published, and changes nothing', async (t) => {
  const client = new FakeClient()
  client.looksBeforeStart = false
  for (const [found, status] of [
    [true, 'published'],
    [false, 'failed'],
  ] as const) {
    client.found = found
    const outcome = await publish(client, plantRequest(t), { ...OPTIONS, dryRun: true })
    assert.equal(outcome.status, status)
  }
  assert.deepEqual(new Set(client.calls), new Set(['list']))
})

test('nothing is started whose data the client does not see', async (t) => {
  const client = new FakeClient()
  client.seen = 0.5
  const outcome = await publish(client, plantRequest(t))
  assert.equal(outcome.status, 'failed')
  assert.match(outcome.reason ?? '', /does not see all its data in/)
  assert.ok(!client.calls.includes('start'))
  assert.equal(client.torrents.size, 0)
})

test('of many torrents that are replaced, most are in the client at any moment', async (t) => {
  const directory = makeScratch(t)
  const client = new FakeClient()
  const requests = Array.from({ length: 300 }, (_, i) => {
    writeFileSync(join(directory, `${i}`), 'hello')
    const metainfo = parseMetainfo(torrentOf(singleFileInfo({ name: `${i}` })))
    client.plant(clientInfoHash(metainfo), { state: 'seeding', directory })
    return { torrent: `${i}`, metainfo, directory, localDirectory: directory }
  })
  let fewest = requests.length
  client.onRemove = () => {
    fewest = Math.min(fewest, client.torrents.size)
  }
  const options = { ...OPTIONS, waiting: fakeWaiting(), isOutdated: () => true }
  const outcomes = await publishTorrents(client, requests, options)
  assert.ok(outcomes.every(({ status }) => status === 'published'))
  assert.equal(fewest, requests.length)
})

test('a thousand torrents in a wrong directory are removed by few calls', async (t) => {
  const directory = makeScratch(t)
  const requests = Array.from({ length: 1000 }, (_, i) => {
    writeFileSync(join(directory, `${i}`), 'hello')
    const metainfo = parseMetainfo(torrentOf(singleFileInfo({ name: `${i}` })))
    return { torrent: `${i}.torrent`, metainfo, directory, localDirectory: directory }
  })
  for (const looksBeforeStart of [true, false]) {
    const client = new FakeClient()
    Object.assign(client, { seen: 0.5, looksBeforeStart, found: true })
    const outcomes = await publishTorrents(client, requests, { ...OPTIONS, waiting: fakeWaiting() })
    assert.ok(outcomes.every(({ status }) => status === 'failed'))
    assert.equal(client.torrents.size, 0)
    assert.equal(client.calls.filter((call) => call === 'remove').length, 10)
  }
})

test('what turns out to be downloaded is taken out again', async (t) => {
  const client = new FakeClient()
  client.looksBeforeStart = false
  client.found = true
  client.seen = 0
  const outcome = await publish(client, plantRequest(t))
  assert.equal(outcome.status, 'failed')
  assert.equal(client.torrents.size, 0)
})

test('what may be downloaded is taken out when the run is interrupted', async (t) => {
  const client = new FakeClient()
  client.looksBeforeStart = false
  client.found = true
  client.seen = 0.5
  const aborted = new AbortController()
  const request = plantRequest(t)
  const waiting = { ...fakeWaiting(), signal: aborted.signal }
  client.onStart = (infoHash) => {
    client.plant(infoHash, { state: 'stopped' })
    aborted.abort()
  }
  const publishing = publishTorrents(client, [request], { ...OPTIONS, waiting })
  await assert.rejects(publishing, { code: 'interrupted' })
  assert.equal(client.torrents.size, 0)
})

test('data of another size here is not published', async (t) => {
  const request = plantRequest(t)
  writeFileSync(join(request.directory!, 'a.txt'), 'hello world')
  const outcome = await publish(new FakeClient(), request)
  assert.match(outcome.reason ?? '', /a\.txt: has 11 bytes, but the torrent says 5/)
})

test('a client that can not look is trusted where it sees what is seen here', async (t) => {
  const client = new FakeClient()
  client.looksBeforeStart = false
  const request = plantRequest(t)
  const elsewhere = { ...request, directory: '/elsewhere' }
  assert.match((await publish(client, elsewhere)).reason ?? '', /cannot report whether/)
  const remote = { ...OPTIONS, isLocal: false }
  assert.match((await publish(client, request, remote)).reason ?? '', /cannot report whether/)
  const trusting = { ...OPTIONS, trustsDirectories: true }
  assert.equal((await publish(client, elsewhere, trusting)).status, 'published')
})

test('a torrent of somebody else stays as it is', async (t) => {
  const { client, request, infoHash } = plantClient(t)
  client.plant(infoHash, { isMarked: false, state: 'stopped' })
  const before = new Map(client.torrents)
  assert.match((await publish(client, request)).reason ?? '', /not from btkit/)
  assert.deepEqual(client.torrents, before)
})

for (const { is, directory, status } of [
  { is: 'seeding', status: 'adopted' },
  { is: 'checking', status: 'adopted' },
  { is: 'stopped', status: 'failed' },
  { is: 'seeding', directory: '/elsewhere', status: 'failed' },
] as const) {
  const where = directory ? ' from elsewhere' : ''
  test(`a torrent that the client has, ${is}${where}, is ${status}`, async (t) => {
    const { client, request, infoHash } = plantClient(t)
    const found = { isMarked: false, directory: directory ?? request.directory }
    client.plant(infoHash, { ...found, state: is })
    const waiting = fakeWaiting()
    const sleep = (ms: number) => {
      client.plant(infoHash, { ...found, state: 'seeding' })
      return waiting.sleep(ms)
    }
    const rules = { ...OPTIONS, adopts: true, waiting: { ...waiting, sleep } }
    const [outcome] = await publishTorrents(client, [request], rules)
    assert.equal(outcome?.status, status)
    assert.equal(client.torrents.get(infoHash)?.isMarked, status === 'adopted')
  })
}

test('data that was moved is handed over anew, from where it is now', async (t) => {
  const { client, request, infoHash } = plantClient(t)
  client.plant(infoHash, { state: 'seeding', directory: '/elsewhere' })
  assert.equal((await publish(client, request)).status, 'published')
  assert.equal(client.torrents.get(infoHash)?.directory, request.directory)
  client.plant(infoHash, { state: 'seeding', directory: `${request.directory}/` })
  assert.equal((await publish(client, request)).status, 'already')
})

const lookedAt: Readonly<Record<string, (place: ReturnType<typeof plantClient>) => void>> = {
  'is not there': ({ request }) => {
    rmSync(join(request.directory!, 'a.txt'))
  },
  'has another size': ({ request }) => {
    writeFileSync(join(request.directory!, 'a.txt'), 'hello, world')
  },
  'is not seen by the client': ({ client }) => {
    client.found = false
  },
  'is seen, but the client cannot seed it': ({ client }) => {
    const refusal = new BtkitError('client', 'it opens version 1 only')
    Object.assign(client, { objection: () => Promise.resolve(refusal) })
  },
}

for (const [what, change] of Object.entries(lookedAt)) {
  test(`a torrent stays in the client if the data of the new one ${what}`, async (t) => {
    const place = plantClient(t)
    const { client, request, infoHash } = place
    client.plant(infoHash, { state: 'seeding', directory: request.directory })
    change(place)
    const outcome = await publish(client, request, { ...OPTIONS, isOutdated: () => true })
    assert.equal(outcome.status, 'failed')
    assert.deepEqual(client.calls, ['list'])
    assert.equal(client.torrents.get(infoHash)?.state, 'seeding')
  })
}

test('a torrent whose mark and directory the client forgot is handed over anew', async (t) => {
  const { client, request, infoHash } = plantClient(t)
  const forgotten = { isMarked: false, state: 'downloading', directory: '/elsewhere' } as const
  client.plant(infoHash, forgotten)
  assert.match((await publish(client, request)).reason ?? '', /not from btkit/)
  const known = { ...OPTIONS, begun: new Set([infoHash]) }
  assert.equal((await publish(client, request, known)).status, 'published')
  client.plant(infoHash, { ...forgotten, state: 'seeding' })
  assert.match((await publish(client, request, known)).reason ?? '', /not from btkit/)
})

test('a name that the client changes is named with its character', async (t) => {
  const client = Object.assign(new FakeClient(), { seen: 0.5, changedNames: /[\\:]/ })
  const metainfo = parseMetainfo(torrentOf(singleFileInfo({ name: 'a:b' })))
  const request = plantRequest(t, { metainfo })
  writeFileSync(join(request.directory!, 'a:b'), 'hello')
  const { reason } = await publish(client, request)
  const why = 'it takes ":" for another character in "a:b"; rename the file, or use another client'
  assert.ok(reason?.endsWith(why), reason ?? '')
})

test('it is said for how many checks it is waited', async (t) => {
  const { client, request, infoHash } = plantClient(t)
  client.plant(infoHash, { state: 'checking' })
  const counts: number[] = []
  await publish(client, request, { ...OPTIONS, onChecking: (count) => counts.push(count) })
  assert.equal(counts[0], 1)
})

test('a client that checks many torrents is not asked for all of them each second', async (t) => {
  const directory = makeScratch(t)
  writeFileSync(join(directory, 'a'), 'hello')
  const toldOf = async (count: number) => {
    const client = new FakeClient()
    const requests = Array.from({ length: count }, (_, i) => {
      const metainfo = parseMetainfo(torrentOf(singleFileInfo({ name: 'a', source: `${i}` })))
      client.plant(clientInfoHash(metainfo), { state: 'checking', bytesDone: 0 })
      return { torrent: `${i}.torrent`, metainfo, directory, localDirectory: directory }
    })
    client.plant(infoHashOf('aa'.repeat(20)), {})
    const waiting = fakeWaiting(1_000_000)
    // Ten a second, as Transmission does
    const sleep = (ms: number) => {
      const checked = [...client.torrents.values()].filter(({ state }) => state === 'checking')
      for (const { infoHash } of checked.slice(0, ms / 100)) client.plant(infoHash, {})
      return waiting.sleep(ms)
    }
    const outcomes = await publishTorrents(client, requests, {
      ...OPTIONS,
      waiting: { ...waiting, sleep },
    })
    assert.ok(outcomes.every(({ status }) => status === 'published'))
    return client.told
  }
  const few = await toldOf(200)
  assert.ok((await toldOf(2000)) < 20 * few)
})

test('one that was stopped is started, one without its data handed over anew', async (t) => {
  const { client, request, infoHash } = plantClient(t)
  client.plant(infoHash, { state: 'stopped' })
  assert.equal((await publish(client, request)).status, 'published')
  assert.ok(!client.calls.includes('add'))
  client.plant(infoHash, { state: 'missing', bytesDone: 0 })
  assert.equal((await publish(client, request)).status, 'published')
  assert.ok(client.calls.includes('add'))
})

test('one that the client checks for long is left to it', async (t) => {
  const { client, request, infoHash } = plantClient(t)
  client.plant(infoHash, { state: 'checking' })
  const outcome = await publish(client, request)
  assert.equal(outcome.status, 'checking')
  assert.match(outcome.reason ?? '', /still checking/)
  assert.equal(client.torrents.size, 1)
})

test('a dry run says what would be withdrawn, and changes nothing', async () => {
  const client = new FakeClient()
  const infoHash = infoHashOf('aa'.repeat(20))
  client.plant(infoHash, { name: 'ours' })
  const [outcome] = await withdrawTorrents(client, [infoHash], { dryRun: true })
  assert.deepEqual([outcome?.status, [...client.torrents.keys()]], ['withdrawn', [infoHash]])
})

test('what a cut off run handed over without a mark is taken up again', async (t) => {
  const { client, request, infoHash } = plantClient(t)
  client.plant(infoHash, { isMarked: false, state: 'stopped' })
  const options = { ...OPTIONS, begun: new Set([infoHash]) }
  assert.equal((await publish(client, request, options)).status, 'published')
  assert.equal(client.torrents.get(infoHash)?.isMarked, true)
})

test('what somebody else started is left alone, even after a cut off run', async (t) => {
  const request = plantRequest(t)
  const infoHash = clientInfoHash(request.metainfo)
  const begun = new Set([infoHash])
  for (const state of ['seeding', 'downloading', 'queued'] as const) {
    const client = new FakeClient()
    client.plant(infoHash, { isMarked: false, state })
    const outcome = await publish(client, request, { ...OPTIONS, begun })
    assert.match(outcome.reason ?? '', /it stays unchanged/)
    const [withdrawn] = await withdrawTorrents(client, [infoHash], { begun })
    assert.equal(withdrawn?.status, 'left')
    assert.equal(client.torrents.get(infoHash)?.state, state)
  }
})

test('a client without a place for a category of the user refuses one', async (t) => {
  const { client, request } = plantClient(t)
  const options = { ...OPTIONS, category: 'films' }
  await assert.rejects(publish(client, request, options), { code: 'client', message: /categories/ })
  assert.deepEqual([...client.torrents], [])
})

test('a torrent is noted before the client gets it', async (t) => {
  const { client, request } = plantClient(t)
  const noted: unknown[] = []
  const onHandOver = (requests: readonly PublishRequest[]) => {
    noted.push(requests, client.torrents.size)
  }
  const options = { ...OPTIONS, waiting: fakeWaiting(), onHandOver }
  await publishTorrents(client, [request], options)
  assert.deepEqual(noted, [[request], 0])
})

/** What a client makes of a torrent that it gets, and what is said of that. */
const made: readonly (readonly [
  what: string,
  change: (client: FakeClient) => void,
  status: PublishOutcome['status'],
  reason: RegExp | null,
  request?: Partial<PublishRequest>,
])[] = [
  [
    'refuses',
    (client) => {
      client.add = () => Promise.resolve([new BtkitError('too-large', 'too large')])
    },
    'failed',
    /^too large$/,
  ],
  [
    'does not list',
    (client) => {
      client.add = () => Promise.resolve([null])
    },
    'failed',
    /^the client did not take it up in time$/,
  ],
  [
    'tells something about',
    (client) => {
      client.seen = 0
      const plant = client.plant.bind(client)
      client.plant = (hash, changes) => {
        plant(hash, { ...changes, message: 'no disk' })
      }
    },
    'failed',
    /does not see all its data in \S+ \(no disk\)$/,
  ],
  [
    'begins to download',
    (client) => {
      client.seen = 0
    },
    'published',
    null,
    { directory: null, localDirectory: null },
  ],
  [
    'does not begin to download',
    (client) => {
      client.seen = 0
      client.start = () => Promise.resolve()
    },
    'failed',
    /^fake\+http:\/\/client does not begin to download it from its web seeds$/,
    { directory: null, localDirectory: null },
  ],
]

for (const [what, change, status, reason, changes] of made) {
  test(`a torrent that the client ${what} is ${status}`, async (t) => {
    const request = plantRequest(t, changes)
    const client = new FakeClient()
    change(client)
    const outcome = await publish(client, request)
    assert.equal(outcome.status, status, outcome.reason ?? '')
    if (reason) assert.match(outcome.reason ?? '', reason)
    else assert.equal(outcome.reason, null)
    // What is not seeded is not left to be downloaded
    assert.equal(client.torrents.size, status === 'published' ? 1 : 0)
  })
}

test('of two equal torrents the client gets the first', async (t) => {
  const { client, request } = plantClient(t)
  const requests = [request, { ...request, torrent: 'b.torrent' }]
  const outcomes = await publishTorrents(client, requests, { ...OPTIONS, waiting: fakeWaiting() })
  assert.deepEqual(
    outcomes.map(({ torrent, status, reason }) => [torrent, status, reason]),
    [
      ['a.torrent', 'published', null],
      ['b.torrent', 'failed', 'the same torrent stands before it'],
    ],
  )
})

for (const [state, status] of [
  ['checking', 'checking'],
  ['stopped', 'failed'],
] as const) {
  test(`a torrent from elsewhere that is ${state} after the wait is not marked`, async (t) => {
    const { client, request, infoHash } = plantClient(t)
    const found = { isMarked: false, directory: request.directory }
    client.plant(infoHash, { ...found, state: 'checking' })
    const waiting = fakeWaiting()
    const sleep = (ms: number) => {
      client.plant(infoHash, { ...found, state })
      return waiting.sleep(ms)
    }
    const rules = { ...OPTIONS, adopts: true, waiting: { ...waiting, sleep } }
    const [outcome] = await publishTorrents(client, [request], rules)
    assert.deepEqual([outcome?.status, client.torrents.get(infoHash)?.isMarked], [status, false])
  })
}

test('a directory is named as the client sees it, by the longest prefix', () => {
  const prefixes = [
    { local: '/srv', remote: '/data/' },
    { local: '/srv/iso', remote: '/iso' },
    { local: '/', remote: '/host' },
  ]
  const seen = ['/srv', '/srv/a', '/srv/iso/x', '/srv/isolated', '/home'].map((path) =>
    remoteDirectory(path, prefixes),
  )
  assert.deepEqual(seen, ['/data', '/data/a', '/iso/x', '/data/isolated', '/host/home'])
  assert.equal(remoteDirectory('/srv', [{ local: '/srv', remote: '/' }]), '/')
  assert.equal(remoteDirectory('/home', prefixes.slice(0, 2)), '/home')
})
