import assert from 'node:assert/strict'
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { completeDirectories } from '../../../src/core/complete/loop/run.js'
import { SeedKeeper, type SeedTarget } from '../../../src/core/keep-seeded/reconcile.js'
import { torrentPlaces } from '../../../src/core/keep-seeded/wanted.js'
import type { WholeTorrent } from '../../../src/core/keep-seeded/whole-data.js'
import { OwnTarget } from '../../../src/seeding/peer/own-target.js'
import { SeedService } from '../../../src/seeding/peer/service.js'
import { FakeClient } from '../../support/fake-client.js'
import { assertStatus, runBtkit } from '../../support/run-btkit.js'
import { makeScratch } from '../../support/scratch.js'
import { clientOf } from '../complete/place.js'
import { makeRequest, settledContext } from '../requests.js'

/** A directory of torrents beside their data, and a seed or a client that follows it. */
interface Followed {
  /** Follows the directory once. Returns the info hashes that are seeded then. */
  readonly turn: () => Promise<string[]>
  /**
   * Makes the torrent of the data that is there, or removes it without data, if nobody else does.
   */
  readonly make: () => Promise<void>
  readonly problems: string[]
}

const FILE = 'a.bin'

async function makeTorrent(directory: string): Promise<void> {
  if (!existsSync(join(directory, FILE))) {
    rmSync(join(directory, `${FILE}.torrent`))
    return
  }
  const args = ['makemetafile', join(directory, FILE), '--trackerless', '--force', '--no-cache']
  assertStatus(await runBtkit(args), 0)
}

function follow(directory: string, target: SeedTarget<WholeTorrent>) {
  const problems: string[] = []
  const places = torrentPlaces({
    ...{ places: [directory], placesOf: () => [{ path: directory, byName: true }], search: [] },
    ...{ isBeside: true, hashContext: settledContext() },
  })
  const keeper = new SeedKeeper(places, target, {
    onProblem: (what, problem) => {
      if (what !== directory) problems.push(String(problem))
    },
  })
  return { keeper, problems, make: () => makeTorrent(directory) }
}

function seededBy({ torrents }: FakeClient): string[] {
  return [...torrents.values()].flatMap(({ infoHash, state }) => {
    return state === 'seeding' ? infoHash : []
  })
}

async function openSeed(t: TestContext, directory: string): Promise<Followed> {
  const service = await SeedService.open({
    ...{ host: '127.0.0.1', port: 0, lastPort: 0, announcedAddress: null, maxUpload: null },
    ...{ version: 'test', monotonic: () => performance.now(), onError: assert.ifError },
    ...{ dht: false, localDiscovery: false, onWithdrawn: () => undefined },
  })
  t.after(() => service.close())
  const { keeper, ...followed } = follow(directory, new OwnTarget(service))
  const turn = async () => {
    await keeper.update()
    return Array.from(service.states(), ({ torrent }) => torrent.infoHash ?? '')
  }
  return { ...followed, turn }
}

const SURFACES: Readonly<Record<string, (t: TestContext, directory: string) => Promise<Followed>>> =
  {
    seed: openSeed,
    'completedir --publish': (t, directory) => {
      const client = new FakeClient()
      const problems: string[] = []
      const state = { directory: makeScratch(t), warn: assert.ifError }
      const turn = async () => {
        const { clients } = await completeDirectories(
          {
            ...{ directories: [directory], target: null, checksums: [], prune: 'always' },
            common: makeRequest('', { pieceLength: 'auto' }),
            existing: { asked: [], remake: false, keepTrackers: false },
            ...{ adopt: false, force: false, dryRun: false, waitSeconds: 0, minAgeSeconds: 0 },
            publish: [clientOf(client)],
          },
          { ...settledContext(), state },
          { isSeen: false, begin: () => Promise.resolve(), progress: () => undefined },
        )
        problems.push(...clients.unpublished.map(({ reason }) => reason))
        return seededBy(client)
      }
      return Promise.resolve({ turn, problems, make: () => Promise.resolve() })
    },
  }

for (const [surface, open] of Object.entries(SURFACES)) {
  test(`${surface}: only whole data is seeded, whatever happens to it`, async (t) => {
    const directory = makeScratch(t, { [FILE]: 'the first content' })
    const data = join(directory, FILE)
    const { turn, make, problems } = await open(t, directory)
    await make()
    const [first, ...others] = await turn()
    assert.ok(first)
    assert.deepEqual([others, await turn(), problems], [[], [first], []])

    writeFileSync(data, 'the wrong content')
    for (let i = 0; i < 3; i++) assert.ok(!(await turn()).includes(first), 'damaged')
    assert.ok(problems.length <= 1, `told once: ${problems.join()}`)

    writeFileSync(data, 'the first content')
    assert.deepEqual(await turn(), [first], 'it returned')

    writeFileSync(data, 'replaced by this one')
    await make()
    const [second, ...more] = await turn()
    assert.ok(second && second !== first, 'replaced')
    assert.deepEqual([more, await turn()], [[], [second]])

    rmSync(data)
    await make()
    assert.deepEqual([await turn(), await turn()], [[], []], 'gone')
    assert.ok(problems.length <= 1, problems.join())
  })
}

test('seed: the operator is told how missing data is named now', async (t) => {
  const directory = makeScratch(t, { [FILE]: 'content' })
  const { turn, make, problems } = await openSeed(t, directory)
  await make()
  for (const [old, now] of [
    [FILE, 'A.bin'],
    ['A.bin', 'a.BIN'],
  ] as const) {
    renameSync(join(directory, old), join(directory, now))
    await turn()
    assert.match(problems.at(-1) ?? '', new RegExp(`"${now}" is there with capitals`))
  }
})
