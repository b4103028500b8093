import { createHash } from 'node:crypto'
import { dirname, join } from 'node:path'
import { BtkitError } from '../../errors.js'
import type { Metainfo } from '../../metainfo/metainfo.js'
import type { InfoHash } from '../../metainfo/values.js'
import type { HashContext } from '../digests/hash-content.js'
import {
  clientInfoHash,
  isSeeded,
  type ClientTorrent,
  type TorrentClient,
} from '../publish/client.js'
import { dataProblem, findLocalData } from '../publish/local-data.js'
import type { PublishRequest } from '../publish/hand-over.js'
import { publishTorrents } from '../publish/publish.js'
import type { SyncClient } from '../publish/sync.js'
import { withdrawTorrents } from '../publish/withdraw.js'
import { readTorrent } from '../read-torrent.js'
import { planVerify, verifyTorrent } from '../verify/verify-torrent.js'
import { findTorrents } from '../find-torrents.js'

/** The torrents to keep seeding, and how. */
export interface KeeperSettings {
  /** The directories; all torrents below them are seeded. */
  readonly directories: readonly string[]
  /**
   * Whether the data of a torrent is in a directory named like the .torrent, instead of beside it.
   */
  readonly inOwnDirectory: boolean
  /** Whether to read data before seeding, if the piece cache does not know it. */
  readonly checkHashes: boolean
  /** The size of the largest torrent in bytes. */
  readonly maxTorrentSize: number
  readonly hashContext: HashContext
  /** Called when a torrent is added or dropped. */
  readonly onChange: (change: 'added' | 'dropped', torrent: string) => void
  /** Called once for each reason why a torrent is not seeded. */
  readonly onProblem: (problem: unknown) => void
}

/** Number of torrents that are read and added together. */
const BATCH = 50

/** A torrent that was added to the client. */
interface Kept {
  readonly stamp: string
  readonly infoHash: InfoHash
}

/**
 * Keeps a client seeding the torrents below directories. Torrents with incomplete data are examined
 * at each update, but read again only after a change.
 */
export class TorrentKeeper {
  readonly #kept = new Map<string, Kept>()
  /** The info hashes that the client did not have before. */
  readonly #ours = new Set<InfoHash>()
  /** The digests of the states of torrents and data in which damage was found. */
  readonly #damaged = new Map<string, string>()
  /** Info hashes of torrents that were about to be added. */
  readonly #begun = new Set<InfoHash>()
  /** The last report for each torrent or directory. */
  readonly #told = new Map<string, string>()

  constructor(
    private readonly sync: SyncClient,
    private readonly settings: KeeperSettings,
  ) {}

  /** Filters a client's list to the kept torrents, and adds the paths of their files. */
  ownOf(list: readonly ClientTorrent[]): (ClientTorrent & { readonly torrent: string })[] {
    const paths = this.#pathOf()
    return list.flatMap((each) => {
      const torrent = paths.get(each.infoHash)
      return torrent === undefined ? [] : [{ torrent, ...each }]
    })
  }

  /** The first kept .torrent for each info hash. */
  #pathOf(): Map<InfoHash, string> {
    return new Map([...this.#kept].reverse().map(([path, { infoHash }]) => [infoHash, path]))
  }

  /**
   * Examines the directories. Adds torrents that are new, changed or lost by the client, and
   * removes those that no longer exist.
   * @throws BtkitError `unreachable`, `client` if it refuses, `interrupted`
   */
  async update(): Promise<void> {
    const { stamps, unread } = await findTorrents(this.settings.directories)
    for (const [directory, problem] of unread) this.#tell(directory, problem)
    const list = await this.sync.client.list()
    const seeding = new Set(list.filter(isAtWork).map(({ infoHash }) => infoHash))
    const isGone = (path: string) => !stamps.has(path) && !isBelow(path, unread.keys())
    await this.#drop([...this.#kept.keys()].filter(isGone))
    for (const notes of [this.#damaged, this.#told])
      for (const path of notes.keys()) if (isGone(path) && !unread.has(path)) notes.delete(path)
    const due = [...stamps].filter(([path, stamp]) => {
      const kept = this.#kept.get(path)
      return kept?.stamp !== stamp || !seeding.has(kept.infoHash)
    })
    for (let i = 0; i < due.length; i += BATCH) await this.#take(due.slice(i, i + BATCH), seeding)
  }

  /**
   * Removes all torrents from the client that it did not have before.
   * @throws BtkitError `client`
   */
  async withdrawAll(client: TorrentClient): Promise<void> {
    const own = new Set([...this.#ours, ...this.#begun])
    await withdrawTorrents(client, [...own], { begun: this.#begun })
    this.#ours.clear()
    this.#begun.clear()
    this.#kept.clear()
  }

  async #drop(paths: readonly string[]): Promise<void> {
    const dropped = paths.flatMap((path) => this.#kept.get(path) ?? [])
    for (const path of paths) {
      this.#kept.delete(path)
      this.settings.onChange('dropped', path)
    }
    const used = new Set([...this.#kept.values()].map(({ infoHash }) => infoHash))
    const unused = dropped
      .map(({ infoHash }) => infoHash)
      .filter((each) => this.#ours.has(each) && !used.has(each))
    await withdrawTorrents(this.sync.client, unused)
    for (const infoHash of unused) this.#ours.delete(infoHash)
  }

  async #take(
    due: readonly (readonly [path: string, stamp: string])[],
    seeding: Set<InfoHash>,
  ): Promise<void> {
    const requests: PublishRequest[] = []
    for (const [path, stamp] of due) {
      const request = await this.#read(path, stamp)
      if (request) requests.push(request)
    }
    const infoHashes = new Map(
      requests.map((each) => [each.torrent, clientInfoHash(each.metainfo)]),
    )
    const replaced = due
      .map(([path]) => path)
      .filter((path) => {
        const old = this.#kept.get(path)?.infoHash
        return old !== undefined && old !== infoHashes.get(path)
      })
    await this.#drop(replaced)
    const twins = this.#twinsOf(requests, seeding)
    await this.#publish(
      requests.filter(({ torrent }) => !twins.has(torrent)),
      new Map(due),
    )
    for (const [path, stamp] of due) {
      const kept = this.#kept.get(twins.get(path) ?? path)
      if (!kept) continue
      seeding.add(kept.infoHash)
      if (twins.has(path)) this.#kept.set(path, { stamp, infoHash: kept.infoHash })
    }
  }

  /** Finds .torrent files of the same torrent as another, which they replace when it is gone. */
  #twinsOf(requests: readonly PublishRequest[], seeding: ReadonlySet<InfoHash>) {
    const before = this.#pathOf()
    const added = new Map<InfoHash, string>()
    const twins = new Map<string, string>()
    for (const { torrent, metainfo } of requests) {
      const infoHash = clientInfoHash(metainfo)
      const isKept = this.#kept.has(torrent)
      const seeded = !isKept && seeding.has(infoHash) ? before.get(infoHash) : undefined
      const other = added.get(infoHash) ?? seeded
      if (other === undefined) added.set(infoHash, torrent)
      else twins.set(torrent, other)
      if (other === undefined || isKept) continue
      this.#tell(
        torrent,
        new BtkitError('exists', `${torrent}: the same torrent as ${other}; ignored`),
      )
    }
    return twins
  }

  async #publish(requests: readonly PublishRequest[], stamps: ReadonlyMap<string, string>) {
    const outcomes = await publishTorrents(this.sync.client, requests, {
      ...this.sync,
      begun: this.#begun,
      onHandOver: (fresh) => {
        for (const { metainfo } of fresh) this.#begun.add(clientInfoHash(metainfo))
      },
    })
    for (const { torrent, infoHash, status, reason } of outcomes) {
      if (status === 'failed') {
        this.#tell(torrent, new BtkitError('client', `${torrent}: ${reason ?? 'refused'}`))
        continue
      }
      if (status !== 'already') this.#ours.add(infoHash)
      const isNew = !this.#kept.has(torrent)
      this.#kept.set(torrent, { stamp: stamps.get(torrent) ?? '', infoHash })
      this.#told.delete(torrent)
      if (isNew) this.settings.onChange('added', torrent)
    }
  }

  /**
   * Reads a torrent, and checks its data. Returns null after reporting the reason if the data is
   * incomplete.
   */
  async #read(path: string, stamp: string): Promise<PublishRequest | null> {
    const directory = this.settings.inOwnDirectory
      ? path.slice(0, -'.torrent'.length)
      : dirname(path)
    try {
      const metainfo = readTorrent(path, this.settings.maxTorrentSize)
      const whole = `${stamp} ${findLocalData(metainfo, directory).stamp}`
      // The state of very many files takes much memory
      const state = createHash('sha256').update(whole).digest('base64')
      if (this.#damaged.get(path) === state) return null
      const problem = await this.#problemOf(path, metainfo, directory)
      if (problem) {
        this.#damaged.set(path, state)
        throw problem
      }
      const remote = this.sync.remoteDirectory(directory)
      return { torrent: path, metainfo, directory: remote, localDirectory: directory }
    } catch (error) {
      if (!(error instanceof BtkitError) || error.code === 'interrupted') throw error
      this.#tell(path, error.message.includes(path) ? error : error.of(path))
      return null
    }
  }

  async #problemOf(torrent: string, metainfo: Metainfo, path: string): Promise<Error | null> {
    const { checkHashes, hashContext } = this.settings
    const how = { byName: true, checkHashes, extra: false }
    const plan = await planVerify({ metainfo, torrent, path, ...how })
    return dataProblem(plan.request, await verifyTorrent(plan, hashContext))
  }

  #tell(what: string, problem: unknown): void {
    const words = problem instanceof Error ? problem.message : String(problem)
    if (this.#told.get(what) === words) return
    this.#told.set(what, words)
    this.settings.onProblem(problem)
  }
}

function isAtWork(torrent: ClientTorrent): boolean {
  return isSeeded(torrent) || torrent.state === 'checking'
}

function isBelow(path: string, directories: Iterable<string>): boolean {
  return [...directories].some((directory) => path.startsWith(join(directory, '/')))
}
