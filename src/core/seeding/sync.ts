import { join } from 'node:path'
import { digestOf } from '../../bytes.js'
import { BtkitError } from '../../errors.js'
import { Journal } from '../../state/journal.js'
import { readTorrent } from '../read-torrent.js'
import { readInfoHash } from '../../metainfo/info-hash.js'
import type { InfoHash } from '../../metainfo/values.js'
import { clientInfoHash, isSeeded, type TorrentClient } from '../publish/client.js'
import type { PublishRequest } from '../publish/hand-over.js'
import { publishTorrents } from '../publish/publish.js'
import type { SyncReport } from '../publish/client.js'
import { withdrawTorrents } from '../publish/withdraw.js'
import type { SyncClient } from './client-target.js'
import { MAX_TORRENT } from '../../metainfo/sizes.js'

/** A current torrent of btkit. */
export interface OwnTorrent {
  /** Its file name. */
  readonly name: string
  /** The directory that contains its content under the torrent's name. */
  readonly dataDirectory: string
  /** Identifies one state of the .torrent file. */
  readonly stamp: string
}

/** The torrents of a directory that a client must seed. */
export interface SyncTarget {
  /** The real path of the directory. */
  readonly target: string
  readonly torrents: readonly OwnTorrent[]
  /** Whether a published torrent no longer exists, so that it must be withdrawn. */
  readonly isGone: (name: string) => boolean
}

/** A torrent that was added to a client. */
interface PublishedRecord {
  /** As clients report it. */
  readonly infoHash: InfoHash
  /** Identifies the version of the .torrent file that was added. */
  readonly stamp: string
}

/** The stamp of torrents that were about to be added. No .torrent file has it. */
const BEGUN = ''

/** Number of torrents whose metainfo is in memory at once. */
const BATCH = 500

/**
 * Makes a client seed the torrents of a directory. Adds torrents that are missing there or have
 * changed, and removes those that no longer exist. If nothing changed, it makes a single call.
 * Failures are reported, and the next run tries again. Returns whether the client answers.
 * @throws BtkitError `interrupted`
 */
export async function syncTarget(
  { target, torrents, isGone }: SyncTarget,
  sync: SyncClient,
  { state, report }: { readonly state: PublishedState; readonly report: SyncReport },
): Promise<boolean> {
  const { client } = sync
  try {
    const run = new SyncRun(sync, openPublished(target, client, state), report)
    const isSeeding = await run.look()
    const due = torrents.filter((torrent) => !run.isDone(torrent, isSeeding))
    await run.withdraw([...run.known.keys()].filter(isGone))
    for (let i = 0; i < due.length; i += BATCH) await run.publish(target, due.slice(i, i + BATCH))
    return true
  } catch (error) {
    if (!(error instanceof BtkitError) || error.code === 'interrupted') throw error
    const { message: reason, code } = error
    report.unpublished.push({ client: client.label, torrent: null, reason, code })
    return error.code !== 'unreachable'
  }
}

/** Where it is recorded which torrents were added to clients. */
export interface PublishedState {
  readonly directory: string
  /** Current time in milliseconds since 1970. */
  readonly now: () => number
  readonly warn: (message: string) => void
}

/** Opens the record of the torrents of a directory that were added to a client, by file name. */
export function openPublished(
  target: string,
  { label }: TorrentClient,
  { directory: stateDirectory, now, warn }: PublishedState,
): Journal {
  const digest = digestOf('sha256', `${target}\0${label}`).toString('hex', 0, 16)
  return new Journal({
    ...{ stateDirectory, now, warn },
    path: join(stateDirectory, 'published', `${digest}.jsonl`),
    head: { btkit: 'published', target, client: label },
    loss: 'torrents whose lines are lost are looked up in the client again',
  })
}

class SyncRun {
  readonly known = new Map<string, PublishedRecord>()

  constructor(
    private readonly sync: SyncClient,
    private readonly journal: Journal,
    private readonly report: SyncReport,
  ) {
    for (const [name, json] of journal.entries()) {
      const { infoHash, stamp } = JSON.parse(json) as Record<keyof PublishedRecord, string>
      const hash = readInfoHash(infoHash)
      if (hash !== null) this.known.set(name, { infoHash: hash, stamp })
    }
  }

  /** Records a torrent; null for one that is not in the client. */
  #set(name: string, record: PublishedRecord | null): void {
    this.journal.put(name, record)
    if (record === null) this.known.delete(name)
    else this.known.set(name, record)
  }

  /** Returns the info hashes of marked torrents that the client seeds. */
  async look(): Promise<ReadonlySet<InfoHash>> {
    const { client } = this.sync
    if (client.listSeeded) return client.listSeeded()
    const list = await client.list()
    const seeded = list.filter((torrent) => torrent.isMarked && isSeeded(torrent))
    return new Set(seeded.map(({ infoHash }) => infoHash))
  }

  isDone({ name, stamp }: OwnTorrent, isSeeding: ReadonlySet<InfoHash>): boolean {
    const record = this.known.get(name)
    return record?.stamp === stamp && isSeeding.has(record.infoHash)
  }

  /** Removes torrents that no longer exist. */
  async withdraw(names: readonly string[]): Promise<void> {
    if (names.length === 0) return
    const { client } = this.sync
    const infoHashes = names.map((name) => this.known.get(name)?.infoHash)
    const unused = this.#unused(infoHashes, new Set(names))
    const outcomes = await withdrawTorrents(client, unused, { begun: this.#begun() })
    const statuses = new Map(outcomes.map(({ infoHash, status }) => [infoHash, status]))
    for (const [i, torrent] of names.entries()) {
      const infoHash = infoHashes[i]
      if (infoHash && statuses.get(infoHash) === 'withdrawn')
        this.report.withdrawn.push({ client: client.label, torrent, infoHash })
      this.#set(torrent, null)
    }
    await this.journal.flush()
  }

  /** Returns the info hashes that no other torrent of the directory has. */
  #unused(infoHashes: readonly (InfoHash | undefined)[], names: ReadonlySet<string>): InfoHash[] {
    const others = [...this.known].filter(([name]) => !names.has(name))
    const used = new Set(others.map(([, { infoHash }]) => infoHash))
    return infoHashes.filter((infoHash) => infoHash !== undefined).filter((each) => !used.has(each))
  }

  /** Adds torrents. Each replaces the previous one of its name. */
  async publish(target: string, due: readonly OwnTorrent[]): Promise<void> {
    const { client, remoteDirectory } = this.sync
    const before = new Map(due.map(({ name }) => [name, this.known.get(name)?.infoHash]))
    const requests: PublishRequest[] = []
    const replaced: (InfoHash | undefined)[] = []
    for (const { name, dataDirectory } of due) {
      try {
        const metainfo = readTorrent(join(target, name), MAX_TORRENT)
        const directory = remoteDirectory(dataDirectory)
        requests.push({ torrent: name, metainfo, directory, localDirectory: dataDirectory })
        const old = before.get(name)
        if (old !== clientInfoHash(metainfo)) replaced.push(old)
      } catch (error) {
        if (!(error instanceof BtkitError)) throw error
        this.#unpublished(name, error)
      }
    }
    const read = new Set(requests.map(({ torrent }) => torrent))
    await withdrawTorrents(client, this.#unused(replaced, read), { begun: this.#begun() })
    const outcomes = await publishTorrents(client, requests, {
      ...this.sync,
      begun: this.#begun(),
      onHandOver: (fresh) => this.#begin(fresh),
    })
    const stamps = new Map(due.map(({ name, stamp }) => [name, stamp]))
    for (const { torrent, infoHash, status, reason, code } of outcomes) {
      const publication = { client: client.label, torrent, infoHash }
      const oldInfoHash = before.get(torrent)
      if (reason !== null) this.#unpublished(torrent, { message: reason, code: code ?? 'client' })
      else if (oldInfoHash && oldInfoHash !== infoHash)
        this.report.republished.push({ ...publication, oldInfoHash })
      else if (status === 'published') this.report.published.push(publication)
      const stamp = stamps.get(torrent) ?? ''
      this.#set(torrent, status === 'failed' ? null : { infoHash, stamp })
    }
    await this.journal.flush()
  }

  /** Returns the info hashes of torrents that an interrupted run was about to add. */
  #begun(): ReadonlySet<InfoHash> {
    const begun = [...this.known.values()].filter(({ stamp }) => stamp === BEGUN)
    return new Set(begun.map(({ infoHash }) => infoHash))
  }

  /**
   * Records torrents that are about to be added, because from now on they may be in the client
   * without a mark.
   */
  async #begin(requests: readonly PublishRequest[]): Promise<void> {
    for (const { torrent, metainfo } of requests) {
      this.#set(torrent, { infoHash: clientInfoHash(metainfo), stamp: BEGUN })
    }
    await this.journal.flush()
  }

  #unpublished(
    torrent: string,
    { message: reason, code }: Pick<BtkitError, 'message' | 'code'>,
  ): void {
    this.report.unpublished.push({ client: this.sync.client.label, torrent, reason, code })
  }
}
