import { BtkitError } from '../../src/base/errors.js'
import {
  clientInfoHash,
  type ClientTorrent,
  type PublishedTorrent,
  type TorrentClient,
} from '../../src/core/publish/client.js'
import type { InfoHash } from '../../src/metainfo/values.js'
import { infoHashOf } from './info-hashes.js'

/** A client that is only there in memory, and counts the calls that are made to it. */
export class FakeClient implements TorrentClient {
  readonly label = 'fake+http://client'
  readonly torrents = new Map<InfoHash, ClientTorrent>()
  readonly calls: string[] = []
  looksBeforeStart = true
  /** The answer of findData. */
  found: boolean | null = null
  /** The part of a new torrent's data that it sees. */
  seen = 1
  isDown = false
  /** The number of torrents in its answers to requests for some. */
  told = 0
  /** The number of requests for all its torrents. */
  wholeLists = 0
  /** Called for each torrent that was started. */
  onStart: (infoHash: InfoHash) => void = () => undefined
  /** Called before torrents are removed. */
  onRemove: () => void = () => undefined
  /** The same before torrents are added. */
  onAdd: () => void = () => undefined

  version(): Promise<string> {
    return Promise.resolve('fake 1')
  }

  list(only?: readonly InfoHash[]): Promise<readonly ClientTorrent[]> {
    this.#note('list')
    if (!only) {
      this.wholeLists++
      return Promise.resolve([...this.torrents.values()])
    }
    const some = only.flatMap((infoHash) => this.torrents.get(infoHash) ?? [])
    this.told += some.length
    return Promise.resolve(some)
  }

  findData(torrents: readonly PublishedTorrent[]): Promise<(boolean | null)[]> {
    return Promise.resolve(torrents.map(() => this.found))
  }

  add(torrents: readonly PublishedTorrent[]): Promise<(BtkitError | null)[]> {
    this.#note('add')
    this.onAdd()
    for (const { metainfo, directory, settings } of torrents) {
      this.plant(clientInfoHash(metainfo), {
        name: metainfo.name,
        directory,
        size: metainfo.size,
        bytesDone: metainfo.size * this.seen,
        settings,
      })
    }
    return Promise.resolve(torrents.map(() => null))
  }

  start(infoHashes: readonly InfoHash[]): Promise<void> {
    this.#note('start')
    for (const infoHash of infoHashes) {
      const torrent = this.torrents.get(infoHash)!
      const state = torrent.bytesDone === torrent.size ? 'seeding' : 'downloading'
      this.torrents.set(infoHash, { ...torrent, state })
      this.onStart(infoHash)
    }
    return Promise.resolve()
  }

  mark(infoHashes: readonly InfoHash[]): Promise<void> {
    this.#note('mark')
    for (const infoHash of infoHashes)
      this.plant(infoHash, { ...this.torrents.get(infoHash)!, isMarked: true })
    return Promise.resolve()
  }

  remove(infoHashes: readonly InfoHash[]): Promise<void> {
    this.#note('remove')
    this.onRemove()
    for (const infoHash of infoHashes) this.torrents.delete(infoHash)
    return Promise.resolve()
  }

  /** Puts a torrent into its list. */
  plant(infoHash: InfoHash, changes: Partial<ClientTorrent>): void {
    this.torrents.set(infoHash, fakeTorrent({ infoHash, ...changes }))
  }

  #note(call: string): void {
    this.calls.push(call)
    if (this.isDown) throw new BtkitError('client', `${this.label}: nothing listens there`)
  }
}

/** A complete, stopped torrent in a client's list, with the given changes. */
function fakeTorrent(changes: Partial<ClientTorrent>): ClientTorrent {
  return {
    infoHash: infoHashOf('0'.repeat(40)),
    name: 'a',
    directory: null,
    isMarked: true,
    state: 'stopped',
    message: null,
    size: 1,
    bytesDone: 1,
    peers: 0,
    uploadRate: 0,
    downloadRate: 0,
    ratio: 0,
    ...changes,
  }
}

/** How to wait for a client on a clock that only such waiting moves on. */
export function fakeWaiting(limitMs = 10_000) {
  let now = 0
  return {
    limitMs,
    monotonic: () => now,
    sleep: (ms: number) => {
      now += ms
      return Promise.resolve()
    },
    signal: new AbortController().signal,
  }
}
