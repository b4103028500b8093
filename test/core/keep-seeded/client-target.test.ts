import assert from 'node:assert/strict'
import { copyFileSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { BtkitError } from '../../../src/base/errors.js'
import { ClientTarget, type PlacedTorrent } from '../../../src/core/keep-seeded/client-target.js'
import { GivenRecord } from '../../../src/core/keep-seeded/given.js'
import {
  nameProblem,
  SeedKeeper,
  type TorrentSource,
} from '../../../src/core/keep-seeded/reconcile.js'
import { openPublished } from '../../../src/core/keep-seeded/sync.js'
import { torrentPlaces } from '../../../src/core/keep-seeded/wanted.js'
import { FakeClient, fakeWaiting } from '../../support/fake-client.js'
import { assertStatus, runBtkit } from '../../support/run-btkit.js'
import { makeScratch } from '../../support/scratch.js'
import { settledContext } from '../requests.js'

interface Kept {
  readonly directory: string
  readonly client: FakeClient
  readonly target: ClientTarget
  readonly keeper: SeedKeeper<PlacedTorrent>
  /** The reports, in order. */
  readonly told: string[]
}

/** A keeper of a directory with a file and its torrent. */
async function keepDirectory(t: TestContext, given = new GivenRecord()): Promise<Kept> {
  const directory = makeScratch(t, { 'a.iso': 'content' })
  await makeTorrent(directory)
  return keep(directory, new FakeClient(), given)
}

/** A keeper of a directory, which knows only what is recorded. */
function keep(directory: string, client: FakeClient, given: GivenRecord): Kept {
  const told: string[] = []
  const sync = {
    client,
    isLocal: true,
    trustsDirectories: false,
    remoteDirectory: (local: string) => local,
    waiting: fakeWaiting(),
  }
  const places = torrentPlaces({
    ...{ places: [directory], placesOf: () => [{ path: directory, byName: true }], search: [] },
    ...{ isBeside: true, hashContext: settledContext() },
  })
  const source: TorrentSource<PlacedTorrent> = {
    ...places,
    find: async (...sought) => ({ ...(await places.find(...sought)), place: directory }),
  }
  const target = new ClientTarget(sync, given)
  const keeper = new SeedKeeper(source, target, {
    onAdded: ({ infoHash }, before) => {
      if (infoHash !== before) told.push('added')
    },
    onDropped: () => told.push('dropped'),
    onProblem: (what, problem) => {
      const isOfNone = problem instanceof BtkitError && problem.code === 'empty'
      if (!isOfNone) told.push(String(nameProblem(what, problem)))
    },
  })
  return { directory, client, target, keeper, told }
}

async function makeTorrent(directory: string): Promise<void> {
  const args = ['makemetafile', join(directory, 'a.iso'), 'http://t.example/a', '--force']
  assertStatus(await runBtkit([...args, '--no-cache']), 0)
}

function seeded({ client }: Kept): string[] {
  const torrents = [...client.torrents.values()].filter(({ state }) => state === 'seeding')
  return torrents.map(({ infoHash }) => infoHash)
}

test('a client is asked once if nothing has changed, and gets again what it loses', async (t) => {
  const kept = await keepDirectory(t)
  await kept.keeper.update()
  kept.client.calls.length = 0
  await kept.keeper.update()
  assert.deepEqual(kept.client.calls, ['list'])
  const before = seeded(kept)
  kept.client.torrents.clear()
  await kept.keeper.update()
  assert.equal(before.length, 1)
  assert.deepEqual(seeded(kept), before)
})

test('a torrent that the client took from a watch directory is kept and let go', async (t) => {
  const kept = await keepDirectory(t)
  await kept.keeper.update()
  const [infoHash] = [...kept.client.torrents.keys()]
  const found = { state: 'seeding', directory: kept.directory, isMarked: false } as const
  kept.client.plant(infoHash!, found)
  for (let update = 0; update < 2; update++) await kept.keeper.update()
  assert.deepEqual(kept.told, ['added'])
  assert.ok(!kept.client.calls.includes('remove'))
  rmSync(join(kept.directory, 'a.iso.torrent'))
  await kept.keeper.update()
  assert.deepEqual(seeded(kept), [])
})

test('a torrent with other trackers replaces the one in the client, whatever interrupts that', async (t) => {
  const kept = await keepDirectory(t)
  await kept.keeper.update()
  const [infoHash] = [...kept.client.torrents.keys()]
  const path = join(kept.directory, 'a.iso.torrent')
  const edit = (...args: string[]) => runBtkit([...args, path])
  assertStatus(await edit('edit', '--comment', 'other'), 0)
  await kept.keeper.update()
  assert.ok(!kept.client.calls.includes('remove'), 'the trackers are the same')
  assertStatus(await edit('reannounce', 'http://new.example/a'), 0)
  kept.client.onRemove = () => {
    throw new BtkitError('interrupted', 'interrupted')
  }
  await assert.rejects(kept.keeper.update(), { code: 'interrupted' })
  kept.client.onRemove = () => undefined
  for (let update = 0; update < 2; update++) await kept.keeper.update()
  assert.deepEqual(kept.client.calls.filter((call) => call !== 'list').slice(-4), [
    ...['remove', 'remove', 'add', 'start'],
  ])
  assert.deepEqual(seeded(kept), [infoHash])
})

/** What interrupts a torrent's replacement in the client, if anything. */
const interruptions = {
  nothing: () => undefined,
  'a kill before it is removed': (client: FakeClient) => {
    client.onRemove = interrupt
  },
  'a kill once it is removed': (client: FakeClient) => {
    client.onRemove = () => {
      client.torrents.clear()
      interrupt()
    }
  },
  'a kill before it is added': (client: FakeClient) => {
    client.onAdd = interrupt
  },
}

function interrupt(): never {
  throw new BtkitError('interrupted', 'interrupted')
}

/** Why a torrent comes in the place of the one in the client. */
const replacements: Readonly<Record<string, (directory: string) => Promise<void>>> = {
  'other content': async (directory) => {
    writeFileSync(join(directory, 'a.iso'), 'other content')
    await makeTorrent(directory)
  },
  'other trackers': async (directory) => {
    const path = join(directory, 'a.iso.torrent')
    assertStatus(await runBtkit(['reannounce', 'http://new.example/a', path]), 0)
  },
}

for (const [why, replace] of Object.entries(replacements)) {
  for (const [what, disturb] of Object.entries(interruptions)) {
    test(`a torrent with ${why} gets what a user has set, though ${what} comes between`, async (t) => {
      const state = {
        directory: makeScratch(t),
        now: Date.now,
        warn: (message: string) => assert.fail(message),
      }
      const open = () => openPublished('/srv', { label: 'fake' }, state)
      const { directory, client, keeper } = await keepDirectory(t, open())
      await keeper.update()
      const [before] = [...client.torrents.keys()]
      const settings = { category: 'films', upLimit: 5, labels: ['one', 'two'] }
      client.plant(before!, { ...client.torrents.get(before!), settings })
      await replace(directory)
      disturb(client)
      if (disturb !== interruptions.nothing) await assert.rejects(keeper.update())
      client.onRemove = client.onAdd = () => undefined
      const later = keep(directory, client, open())
      for (let update = 0; update < 2; update++) await later.keeper.update()
      const [after, ...others] = [...client.torrents.values()]
      assert.deepEqual([after?.state, after?.settings, others], ['seeding', settings, []])
      assert.equal(after?.infoHash === before, why === 'other trackers')
      assert.deepEqual([...open().settings], [])
    })
  }
}

test('a client that does not see the data keeps a torrent until it gets its new trackers', async (t) => {
  const kept = await keepDirectory(t)
  await kept.keeper.update()
  const [infoHash] = [...kept.client.torrents.keys()]
  assertStatus(
    await runBtkit(['reannounce', 'http://new.example/a', join(kept.directory, 'a.iso.torrent')]),
    0,
  )
  kept.client.calls.length = 0
  kept.client.found = false
  for (let update = 0; update < 2; update++) await kept.keeper.update()
  assert.deepEqual([seeded(kept), kept.client.calls.includes('remove')], [[infoHash], false])
  kept.client.found = null
  for (let update = 0; update < 2; update++) await kept.keeper.update()
  const changes = kept.client.calls.filter((call) => call !== 'list')
  assert.deepEqual([seeded(kept), changes], [[infoHash], ['remove', 'add', 'start']])
})

test('a torrent that lies there twice is seeded until both are gone', async (t) => {
  const kept = await keepDirectory(t)
  const [one, two] = ['a.iso.torrent', 'b.torrent'].map((name) => join(kept.directory, name))
  copyFileSync(one!, two!)
  for (let update = 0; update < 3; update++) await kept.keeper.update()
  const twin = `BtkitError: ${two!}: the same torrent as ${one!}; ignored`
  assert.deepEqual(kept.told, [twin, 'added'])
  kept.client.torrents.clear()
  await kept.keeper.update()
  assert.deepEqual([seeded(kept).length, kept.told.length], [1, 2])
  rmSync(one!)
  await kept.keeper.update()
  assert.equal(seeded(kept).length, 1)
  rmSync(two!)
  await kept.keeper.update()
  assert.deepEqual(seeded(kept), [])
})

test('a twin with other web seeds takes over in the client', async (t) => {
  const kept = await keepDirectory(t)
  const [one, two] = ['a.iso.torrent', 'b.torrent'].map((name) => join(kept.directory, name))
  copyFileSync(one!, two!)
  assertStatus(await runBtkit(['edit', '--web-seed', 'http://w.example/', two!]), 0)
  await kept.keeper.update()
  rmSync(one!)
  kept.client.calls.length = 0
  for (let update = 0; update < 2; update++) await kept.keeper.update()
  assert.deepEqual(
    kept.client.calls.filter((call) => call !== 'list'),
    ['remove', 'add', 'start'],
  )
})

test('a twin takes over where its own data is, and the client is not asked to let go', async (t) => {
  const kept = await keepDirectory(t)
  const [one, two] = ['a.iso.torrent', 'b.torrent'].map((name) => join(kept.directory, name))
  copyFileSync(one!, two!)
  await kept.keeper.update()
  const before = seeded(kept)
  kept.client.calls.length = 0
  rmSync(one!)
  for (let update = 0; update < 2; update++) await kept.keeper.update()
  assert.deepEqual([seeded(kept), kept.client.calls.includes('remove')], [before, false])
  assert.deepEqual(kept.told.slice(-2), ['dropped', 'added'])
  assert.deepEqual([...kept.target.given.torrents.keys()], [two])
})

test('a torrent stays while its .torrent can not be read, and ends with it', async (t) => {
  const kept = await keepDirectory(t)
  await kept.keeper.update()
  const before = seeded(kept)
  const torrent = join(kept.directory, 'a.iso.torrent')
  const bytes = readFileSync(torrent)
  writeFileSync(torrent, bytes.subarray(0, 20))
  for (let update = 0; update < 2; update++) await kept.keeper.update()
  assert.deepEqual(seeded(kept), before)
  assert.equal(kept.told.length, 2, 'added, and told once what is wrong')
  writeFileSync(torrent, bytes)
  await kept.keeper.update()
  assert.deepEqual([seeded(kept), kept.told.length], [before, 2])
  writeFileSync(torrent, bytes.subarray(0, 20))
  await kept.keeper.update()
  rmSync(torrent)
  await kept.keeper.update()
  assert.deepEqual([seeded(kept), kept.told.at(-1)], [[], 'dropped'])
})

test('a torrent that goes while the client is away is let go when it is back', async (t) => {
  const kept = await keepDirectory(t)
  await kept.keeper.update()
  rmSync(join(kept.directory, 'a.iso.torrent'))
  kept.client.isDown = true
  await assert.rejects(kept.keeper.update(), { code: 'client' })
  Object.assign(kept.client, {
    isDown: false,
    remove: () => Promise.reject(new BtkitError('client', 'it went away')),
  })
  await assert.rejects(kept.keeper.update(), { code: 'client' })
  assert.deepEqual([seeded(kept).length, kept.told], [1, ['added']])
  Reflect.deleteProperty(kept.client, 'remove')
  await kept.keeper.update()
  assert.deepEqual([seeded(kept), kept.told], [[], ['added', 'dropped']])
})

test('nothing is let go while its directory can not be read', async (t) => {
  const kept = await keepDirectory(t)
  await kept.keeper.update()
  renameSync(kept.directory, `${kept.directory}-away`)
  t.after(() => {
    rmSync(`${kept.directory}-away`, { recursive: true })
  })
  await kept.keeper.update()
  await kept.keeper.update()
  assert.equal(seeded(kept).length, 1)
  assert.deepEqual(kept.told.length, 2, 'added, and told once what is wrong')
  assert.match(kept.told[1] ?? '', /no such file or directory/)
})
