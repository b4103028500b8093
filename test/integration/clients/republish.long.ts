import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { parseClientAddress } from '../../../src/clients/address.js'
import { connectClient } from '../../../src/clients/connect.js'
import { assertHolds, downloadFromPeers } from '../../support/clients.js'
import { findPeer, unlessLibtorrent } from '../../support/peers.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { parseJson, runBtkit } from '../../support/run-btkit.js'
import { makeScratch } from '../../support/scratch.js'
import { bytesRead, daemonKinds, type Daemon } from '../../support/seeding-daemons.js'
import { startTrack, type RunningTrack } from '../../support/track.js'
import { until } from '../../support/until.js'

const SIZE = 8 * 1024 * 1024

/** Some minutes ago, so that files count as settled. */
const EARLIER = Date.now() / 1000 - 600

interface Publication {
  readonly torrent: string
  readonly infoHash: string
  readonly oldInfoHash?: string
}

/** Files that are published to a client, and a tracker for them. */
class Library {
  readonly root: string

  constructor(
    t: TestContext,
    readonly daemon: Daemon,
    readonly tracker: RunningTrack,
  ) {
    this.root = makeScratch(t)
    mkdirSync(join(this.root, 'files'))
    mkdirSync(join(this.root, 'torrents'))
  }

  plant(name: string, content: string | Uint8Array, age = 0): void {
    const path = join(this.root, 'files', name)
    writeFileSync(path, content)
    utimesSync(path, EARLIER - age, EARLIER - age)
  }

  /** Brings torrents and client up to date, and says what became of the client's. */
  async complete(...more: string[]) {
    const [files, torrents] = [join(this.root, 'files'), join(this.root, 'torrents')]
    const own = ['--state-dir', join(this.root, 'state'), '--cache-dir', join(this.root, 'cache')]
    const where = [`${this.tracker.address}/announce`, files, '--target', torrents]
    const publish = ['--publish', this.daemon.url, '--json']
    const result = await runBtkit(['completedir', ...where, ...publish, ...own, ...more], {
      now: () => Date.now() + 60_000,
    })
    assert.equal(result.status, 0, result.stderr)
    const { published, republished, withdrawn } = parseJson(result)
    return { published, republished, withdrawn } as Record<string, Publication[]>
  }

  /** The info hashes of what the client seeds. */
  async seeded(): Promise<string[]> {
    const signal = new AbortController().signal
    const address = parseClientAddress(this.daemon.url)
    const torrents = await connectClient(address, { timeoutMs: 30_000, signal }).list()
    const ours = torrents.filter(({ isMarked, state }) => isMarked && state === 'seeding')
    return ours.map(({ infoHash }) => infoHash).sort()
  }

  async untilSeeded(...infoHashes: string[]): Promise<void> {
    const wanted = [...infoHashes].sort().join()
    await until(`${wanted} seeded`, async () => (await this.seeded()).join() === wanted)
  }

  /** Downloads a torrent with another client that knows nothing but the tracker. */
  async downloaded(t: TestContext, name: string, infoHash: string): Promise<string> {
    const scrape = `/scrape?info_hash=${infoHash.replace(/../g, '%$&')}`
    await until('announced', async () => {
      return /8:completei1e/.test(await (await this.tracker.get(scrape)).text())
    })
    const directory = makeScratch(t)
    const torrent = readFileSync(join(this.root, 'torrents', `${name}.torrent`))
    await downloadFromPeers(t, torrent, { directory })
    return directory
  }
}

for (const kind of ['qbittorrent', 'rtorrent']) {
  const { programs, start } = daemonKinds[kind]!
  const missing = programs.find((program) => findPeer(program) === null)
  const skip = unlessLibtorrent.skip || (missing !== undefined && `${missing} is not installed`)

  test(`others get from ${kind} what is published, changed and withdrawn`, { skip }, async (t) => {
    const tracker = await startTrack(t, { args: ['--interval', '5'] })
    const library = new Library(t, await start(t), tracker)
    const { pid } = library.daemon
    const [first, second] = [pseudoRandom(SIZE, 11), pseudoRandom(SIZE, 12)]
    library.plant('big', first, 60)
    library.plant('small', 'a few bytes')

    let before = bytesRead(pid)
    const { published } = await library.complete()
    const [big, small] = published!.map(({ infoHash }) => infoHash) as [string, string]
    assert.deepEqual(
      published!.map(({ torrent }) => torrent),
      ['big.torrent', 'small.torrent'],
    )
    await library.untilSeeded(big, small)
    assert.ok(bytesRead(pid) - before < SIZE, 'nothing was read again')
    assertHolds(await library.downloaded(t, 'big', big), { big: first })

    library.plant('big', second)
    before = bytesRead(pid)
    const { republished } = await library.complete()
    const [{ infoHash: changed, oldInfoHash } = { infoHash: '' }] = republished!
    assert.deepEqual([republished!.length, oldInfoHash], [1, big])
    await library.untilSeeded(changed, small)
    assert.ok(bytesRead(pid) - before < SIZE, 'nothing was read again')
    assertHolds(await library.downloaded(t, 'big', changed), { big: second })

    rmSync(join(library.root, 'files/big'))
    const { withdrawn } = await library.complete('--prune')
    assert.deepEqual(
      withdrawn!.map(({ torrent }) => torrent),
      ['big.torrent'],
    )
    await library.untilSeeded(small)
    assert.deepEqual(readdirSync(join(library.root, 'torrents')), ['small.torrent'])
    assertHolds(await library.downloaded(t, 'small', small), { small: 'a few bytes' })
    assertHolds(join(library.root, 'files'), { small: 'a few bytes' })
  })
}
