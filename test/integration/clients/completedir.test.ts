import assert from 'node:assert/strict'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { parseClientAddress } from '../../../src/seeding/clients/address.js'
import { connectClient } from '../../../src/seeding/clients/connect.js'
import { longTest, quickFirst } from '../../support/long.js'
import { findFreePort } from '../../support/opentracker.js'
import type { Report } from '../../support/mirror.js'
import { findPeer } from '../../support/peers.js'
import { assertQuiet, assertStatus, parseJson, runBtkit } from '../../support/run-btkit.js'
import { makeScratch } from '../../support/scratch.js'
import { daemonKinds, type Daemon } from '../../support/seeding-daemons.js'
import { until } from '../../support/until.js'

/** Some minutes ago, so that files count as settled. */
const EARLIER = Date.now() / 1000 - 600

class Library {
  readonly root: string
  /** The directory of the files. */
  files = 'files'
  tracker = 'http://127.0.0.1:1/announce'

  constructor(
    t: TestContext,
    readonly url: string,
  ) {
    this.root = makeScratch(t)
    mkdirSync(join(this.root, this.files))
    mkdirSync(join(this.root, 'torrents'))
  }

  plant(name: string, content: string): void {
    const path = join(this.root, 'files', name)
    writeFileSync(path, content)
    utimesSync(path, EARLIER, EARLIER)
  }

  complete(...more: string[]) {
    const [files, torrents] = [join(this.root, this.files), join(this.root, 'torrents')]
    const own = ['--state-dir', join(this.root, 'state'), '--cache-dir', join(this.root, 'cache')]
    return runBtkit(
      [
        'completedir',
        this.tracker,
        files,
        '--target',
        torrents,
        '--publish',
        this.url,
        '--json',
        ...own,
        ...more,
      ],
      { now: () => Date.now() + 60_000 },
    )
  }

  async publications(...more: string[]) {
    const result = assertStatus(await this.complete(...more), 0)
    const { published, republished, withdrawn } = parseJson(result)
    return [published, republished, withdrawn].map(namesOf)
  }

  /**
   * Waits until these torrents, and no others, are seeded with btkit's mark: clients take a moment.
   */
  async untilSeeded(...names: string[]): Promise<void> {
    const isSo = async () => (await this.#seeded()).join() === names.join()
    await until(`${names.join()} are seeded`, isSo)
  }

  async #seeded(): Promise<string[]> {
    const signal = new AbortController().signal
    const client = connectClient(parseClientAddress(this.url), { timeoutMs: 10_000, signal })
    const torrents = await client.list()
    const ours = torrents.filter(({ isMarked, state }) => isMarked && state === 'seeding')
    return ours.map(({ name }) => name).sort()
  }
}

function namesOf(publications: unknown): string[] {
  return (publications as { torrent: string }[]).map(({ torrent }) => torrent).sort()
}

const testDaemon = quickFirst()

for (const [kind, { programs, start }] of Object.entries(daemonKinds)) {
  const missing = programs.find((program) => findPeer(program) === null)
  const options = { skip: missing !== undefined && `${missing} is not installed` }

  void testDaemon(`completedir keeps ${kind} up to date`, options, async (t) => {
    const daemon = await start(t)
    const library = new Library(t, daemon.url)
    library.plant('a', 'first')
    library.plant('b', 'second')
    assert.deepEqual(await library.publications(), [['a.torrent', 'b.torrent'], [], []])
    await library.untilSeeded('a', 'b')

    assert.deepEqual(await library.publications(), [[], [], []], 'nothing changed')

    library.plant('a', 'other content')
    assert.deepEqual(await library.publications(), [[], ['a.torrent'], []])
    await library.untilSeeded('a', 'b')

    library.tracker = 'http://127.0.0.1:2/announce'
    assert.deepEqual(await library.publications(), [[], ['a.torrent', 'b.torrent'], []])
    await library.untilSeeded('a', 'b')

    renameSync(join(library.root, 'files'), join(library.root, 'moved'))
    library.files = 'moved'
    assert.deepEqual(await library.publications(), [[], ['a.torrent', 'b.torrent'], []])
    await library.untilSeeded('a', 'b')
    assert.deepEqual(await library.publications(), [[], [], []], 'nothing changed')
    renameSync(join(library.root, 'moved'), join(library.root, 'files'))
    library.files = 'files'
    assert.deepEqual(await library.publications(), [[], ['a.torrent', 'b.torrent'], []])

    rmSync(join(library.root, 'files', 'b'))
    assert.deepEqual(await library.publications('--prune'), [[], [], ['b.torrent']])
    await library.untilSeeded('a')
    assert.equal(readFileSync(join(library.root, 'files', 'a'), 'utf8'), 'other content')

    const torrent = join(library.root, 'torrents/a.torrent')
    const status = await runBtkit(['status', torrent, '--client', daemon.url])
    assert.match(status.stdout, /seeding +100%/, status.stderr)
    assertQuiet(await runBtkit(['withdraw', torrent, '--client', daemon.url]))
    await library.untilSeeded()
  })
}

const kind = Object.entries(daemonKinds).find(([, { programs }]) => programs.every(findPeer))
const { start } = kind?.[1] ?? { start: () => Promise.reject(new Error('no client')) }
const unlessAny = { skip: !kind && 'no client is installed' }

async function startWith(t: TestContext): Promise<[Daemon, Library]> {
  const daemon: Daemon = await start(t)
  return [daemon, new Library(t, daemon.url)]
}

longTest('a client that lost its list gets all torrents again', unlessAny, async (t) => {
  const [, library] = await startWith(t)
  library.plant('a', 'first')
  await library.publications()
  await runBtkit(['withdraw', join(library.root, 'torrents/a.torrent'), '--client', library.url])
  await library.untilSeeded()
  assert.deepEqual(await library.publications(), [['a.torrent'], [], []])
  await library.untilSeeded('a')
})

test(
  'a client that is down is told of, and caught up with by the next run',
  unlessAny,
  async (t) => {
    const client = `transmission+http://127.0.0.1:${await findFreePort()}`
    const library = new Library(t, client)
    library.plant('a', 'first')
    const down = assertStatus(await library.complete(), 1)
    assert.ok(down.stderr.endsWith(`btkit: ${client}: nothing listens there\n`), down.stderr)
    assert.ok(existsSync(join(library.root, 'torrents/a.torrent')))
    const { unpublished } = parseJson(down)
    assert.deepEqual(unpublished, [
      {
        client,
        torrent: null,
        code: 'unreachable',
        reason: `${client}: nothing listens there`,
      },
    ])
    const [daemon] = await startWith(t)
    const up = Object.assign(Object.create(library) as Library, { url: daemon.url })
    assert.deepEqual(await up.publications(), [['a.torrent'], [], []])
  },
)

test('a command of --on-change gets all changes that it failed to deliver, until it succeeds', async (t) => {
  const root = makeScratch(t, { '1/a': 'first', '1/b': 'b', '1/c': 'c' })
  const [seen, other] = [join(root, 'seen'), join(root, 'other')]
  const at = (name: string) => join(root, 'files', name)
  symlinkSync('1', join(root, 'files'))
  const complete = (command: string, args: readonly string[] = []) => {
    return runBtkit(
      [
        ...['completedir', 'http://127.0.0.1:1/announce', '--quiet', '--prune', ...args],
        ...[join(root, 'files'), '--output', join(root, 'made'), '--checksums', 'md5'],
        ...['--state-dir', join(root, 'state'), '--on-change', command],
      ],
      { now: () => Date.now() + 60_000, cwd: root, env: { PATH: process.env['PATH'] } },
    )
  }
  const failing = `cat >> '${seen}'; echo no network >&2; exit 3`
  const steps = [
    () => undefined,
    () => undefined,
    // A changed file, a new one, and one that is gone
    () => {
      writeFileSync(at('a'), 'changed')
      writeFileSync(at('d'), 'new')
      rmSync(at('c'))
    },
  ]
  for (const step of steps) {
    step()
    const { status, stderr } = await complete(failing)
    assert.equal(status, 1)
    assert.match(stderr, /no network\nbtkit: --on-change '[^\n]*': ended with status 3\n$/)
  }
  const reports = readFileSync(seen, 'utf8').trim().split('\n')
  const said = reports.map((line) => {
    const { created, updated, removed, checksumLists } = JSON.parse(line) as Report
    const lists = { ...checksumLists, skipped: [] }
    const names = (items: { sourcePath: string }[]) =>
      items.map((each) => basename(each.sourcePath))
    const [inLists, ofTorrents] = [Object.values(lists).map(names), [created, updated, removed]]
    return [...ofTorrents.map(names), ...inLists.slice(0, 3)].map((each) => each.join(''))
  })
  const first = ['abc', '', '', 'abc', '', '']
  assert.deepEqual(said, [first, first, ['abd', '', 'c', 'bd', 'a', 'c']])
  const hashes = reports.map((line) => (JSON.parse(line) as Report).created[0])
  const [one, , three] = hashes
  assert.notEqual(three?.infoHash, one?.infoHash)
  assert.equal(three?.oldInfoHash, null)
  // The directory is a link that is switched
  cpSync(join(root, '1'), join(root, '2'), { recursive: true })
  rmSync(join(root, 'files'))
  symlinkSync('2', join(root, 'files'))
  const succeeding = `echo done >> '${other}'`
  assert.equal((await complete(succeeding, ['--dry-run'])).status, 0)
  assert.ok(!existsSync(other))
  for (let i = 0; i < 2; i++) assert.equal((await complete(succeeding)).status, 0)
  assert.equal(readFileSync(other, 'utf8'), 'done\n')
})
