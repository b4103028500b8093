import { lookup } from 'node:dns/promises'
import { LRUCache } from 'lru-cache'
import type { KnownCounts } from '../../metainfo/swarm-counts.js'
import type { CacheAccess } from '../../core/digests/cache-access.js'
import { type Content, type SingleFile, singleContent } from '../../core/digests/content.js'
import { InfoRequest, recallInfo, type InfoOptions } from '../../core/digests/info.js'
import type { GivenRecord, GivenTorrent, MadeOfFile } from '../../core/keep-seeded/given.js'
import { isLocal, isLoopback, outerAddresses } from '../../core/remote/address-reach.js'
import { BtkitError, failureOf } from '../../base/errors.js'
import { RepeatedWork } from '../../base/repeated-work.js'
import { warnOnce } from '../../base/warn-once.js'
import { doAtOnce } from '../../base/steps.js'
import type { ScannedFile } from '../../disk/file-lists/scanned-file.js'
import { FileColumns } from '../../disk/file-lists/columns.js'
import { changesOf } from '../../disk/scan/look-again.js'
import { joinTorrent, type TorrentCore } from '../../metainfo/build/torrent.js'
import { parseMetainfo } from '../../metainfo/parse/metainfo.js'
import type { LoadedTorrent } from './content.js'
import { swarmHashes } from '../../metainfo/info-hash.js'
import type { InfoHash } from '../../metainfo/values.js'
import type { SeedTorrent } from './seeded.js'
import { SeedService, type SeedServiceOptions } from './service.js'

/** Most torrents of single files that are seeded. */
const MOST_TORRENTS = 100_000

/**
 * Bytes of memory for those of several files: strangers choose sets, of which there are any number.
 */
const MEMORY_OF_SETS = 128 * 1024 * 1024

const FULL = '--seed: 100,000 files, or sets with 128 MiB of names, are seeded; the oldest give way'

/** Bytes that a torrent takes, each of its files, and each component of a file's path. */
const COSTS = { torrent: 2000, file: 1200, component: 100 }

/** Milliseconds between looks at files. */
const LOOK = 10_000

/**
 * Milliseconds until a torrent that could not be read is tried again, and between look-ups of the
 * public host.
 */
const AGAIN = 60_000

/** A torrent of files whose hashes are in the cache. */
export interface MadeSeed extends Pick<SeedTorrent, 'infoHash' | 'infoHashV2' | 'trackers'> {
  /**
   * Used as long as it is in memory, if its hashes are not in the cache. Null: it was not composed.
   */
  readonly core: TorrentCore | null
  /** A file is cut again when a peer asks for it: very many take less memory. */
  readonly content: Content | SingleFile
  readonly options: InfoOptions
  readonly cacheAccess: CacheAccess
  /** Its source, for the record. */
  readonly source: string
  /** The state of its only file, for the record; null for several. */
  readonly made: MadeOfFile | null
}

export interface MadeTorrentsOptions extends Omit<SeedServiceOptions, 'onWithdrawn'> {
  /** The host by which clients know this machine; null if nobody says. */
  readonly publicHost: string | null
  readonly warn: (message: string) => void
  /** Where the torrents and their sources are recorded, by their info hashes. */
  readonly given: GivenRecord
}

/**
 * Seeds the torrents that another part of this process makes, while their files stay as they are. A
 * torrent that cannot be read for a while is seeded again afterwards.
 * The torrents seeded longest ago give way to new ones; sets never take the place of single files.
 */
export class MadeTorrents {
  /** When torrents that are kept could not be read, by the monotonic clock. */
  readonly #failed = new Map<string, number>()
  readonly #withdraw = (torrent: SeedTorrent, key: string, reason: string): void => {
    if (reason === 'evict') this.#warn('full', FULL)
    this.#failed.delete(key)
    this.service.remove(torrent)
    this.#record(key, null)
  }
  readonly #single = new LRUCache<string, SeedTorrent>({
    maxSize: MOST_TORRENTS,
    sizeCalculation: () => 1,
    dispose: this.#withdraw,
  })
  /** The size of each is the estimated memory that it takes, in bytes. */
  readonly #sets = new LRUCache<string, SeedTorrent>({
    maxSize: MEMORY_OF_SETS,
    dispose: this.#withdraw,
  })
  readonly #timers: readonly NodeJS.Timeout[]
  /** IP addresses of the public host: most clients do not look up names in magnet links. */
  hosts: readonly string[] = []
  #isLooking = false
  readonly #warn: ReturnType<typeof warnOnce>
  /** Saves which torrents are seeded. */
  readonly #saving: RepeatedWork

  private constructor(
    readonly service: SeedService,
    private readonly world: Pick<
      MadeTorrentsOptions,
      'monotonic' | 'onError' | 'warn' | 'publicHost'
    >,
    readonly given: GivenRecord,
  ) {
    this.#warn = warnOnce(world.warn, 9)
    this.#saving = new RepeatedWork(
      () => given.flush(),
      'saving which torrents are seeded works again',
      world,
    )
    const again = (work: () => Promise<void>, milliseconds: number) => {
      return setInterval(() => void work().catch(world.onError), milliseconds).unref()
    }
    const lookUp = () => this.#lookUp(world.publicHost)
    this.#timers = [again(() => this.#look(), LOOK), again(lookUp, AGAIN)]
    // Nothing waits for it: a name server may be silent
    void lookUp().catch(world.onError)
  }

  /**
   * Begins to listen.
   * @throws BtkitError if it cannot
   */
  static async open(options: MadeTorrentsOptions): Promise<MadeTorrents> {
    const service = await SeedService.open({
      ...options,
      onWithdrawn: (torrent, reason) => {
        const key = swarmKey(torrent)
        if (made.#keptOf(key) !== torrent) return
        if (reason === null) made.#forget(key)
        else made.#failed.set(key, options.monotonic())
      },
    })
    const made: MadeTorrents = new MadeTorrents(service, options, options.given)
    return made
  }

  /**
   * Finds out the addresses of the public host. One that is a loopback address here leads nobody
   * else to it.
   */
  async #lookUp(host: string | null): Promise<void> {
    const found = host === null ? [] : await lookup(host, { all: true }).catch(() => [])
    if (host === null || found.length === 0) return
    const addresses = found.map(({ address }) => address)
    const outer = addresses.filter((each) => isLoopback(host) || !isLoopback(each))
    this.hosts = outer.length > 0 ? outer : outerAddresses().filter((each) => !isLocal(each))
    if (this.hosts.length > 0) return
    const why = `${host} is ${addresses.join(' and ')} here, as in /etc/hosts`
    this.#warn('here', `${why}; magnet links have no other address of the seed`)
  }

  get port(): number {
    return this.service.port
  }

  get status(): SeedService['status'] {
    return this.service.status
  }

  /** This seed and its peers; null if the torrent is not seeded. */
  countsOf(infoHash: InfoHash): KnownCounts | null {
    const state = this.service.stateOf(infoHash)
    return state && { seeds: 1, leechers: state.peers, completed: 0 }
  }

  /** Announces a torrent at once to the trackers that refused it, because they know it now. */
  retry(infoHash: InfoHash): void {
    this.service.retry(infoHash)
  }

  /** Seeds a torrent from now on. */
  add({ core, content, options, cacheAccess, source, made, ...torrent }: MadeSeed): void {
    const isFile = 'file' in content
    const isSet = !isFile && content.files.length > 1
    const cost = isSet ? costOf(content) : 1
    if (cost > MEMORY_OF_SETS) return
    const { name, size, files: all } = isFile ? factsOf(content.file) : content
    const files = Array.from<ScannedFile, ScannedFile | null>(all, (file) => {
      return file.absolutePath === '' || file.fingerprint.size === 0 ? null : file
    })
    const inMemory = core && new WeakRef(core)
    const load = async (): Promise<LoadedTorrent> => {
      const whole = isFile ? singleContent(content) : content
      const request = new InfoRequest(whole, options, cacheAccess.trust)
      const recalled = await Promise.resolve(doAtOnce(recallInfo(request, cacheAccess)))
      const known = 'info' in recalled ? recalled : inMemory?.deref()
      if (!known) {
        throw new BtkitError('changed', `${name}: its hashes are not in the cache any more`)
      }
      // A peer gets `info` alone
      return { metainfo: parseMetainfo(joinTorrent(new Map(), known)), files }
    }
    const seeded = { ...torrent, path: null, name, size, private: options.private, files, load }
    // A torrent that is banned waits until that is lifted
    const isBanned = this.service.isBanned(seeded)
    if (!isBanned && !this.service.add(seeded)) return
    if (isSet) this.#sets.set(swarmKey(seeded), seeded, { size: cost })
    else this.#single.set(swarmKey(seeded), seeded)
    if (isBanned) this.#failed.set(swarmKey(seeded), this.world.monotonic())
    const [infoHash] = swarmHashes(torrent)
    if (infoHash) this.#record(swarmKey(seeded), { infoHash, stamp: source, ...(made && { made }) })
  }

  #record(key: string, torrent: GivenTorrent | null): void {
    const known = this.given.torrents.get(key)
    if (known?.stamp === torrent?.stamp && known?.made?.state === torrent?.made?.state) return
    this.given.put(key, torrent)
    void this.#saving.run()
  }

  /** Ends all uploads. */
  async close(): Promise<void> {
    this.#timers.forEach(clearInterval)
    await this.service.close()
    await this.given.flush()
  }

  /**
   * Withdraws torrents whose files changed, before a peer asks for them. Seeds those again that can
   * be read again.
   */
  async #look(): Promise<void> {
    if (this.#isLooking) return
    this.#isLooking = true
    try {
      await this.service.lookAtData()
      for (const [key, at] of this.#failed)
        if (this.world.monotonic() - at >= AGAIN) await this.#tryAgain(key)
    } finally {
      this.#isLooking = false
    }
  }

  async #tryAgain(key: string): Promise<void> {
    const kept = this.#keptOf(key)
    if (!kept) return
    this.#failed.set(key, this.world.monotonic())
    await failureOf(async () => {
      const files = kept.files.filter((file) => file !== null)
      const [changed] = await changesOf(FileColumns.ofStates(files))
      if (changed) {
        this.#forget(key)
        return
      }
      await kept.load()
      if (this.#keptOf(key) !== kept || this.service.isBanned(kept)) return
      this.#failed.delete(key)
      this.service.add(kept)
    })
  }

  #keptOf(key: string): SeedTorrent | undefined {
    return this.#single.peek(key) ?? this.#sets.peek(key)
  }

  #forget(key: string): void {
    this.#single.delete(key)
    this.#sets.delete(key)
  }
}

/** The name, the size and the files of the content of one file. */
function factsOf(file: ScannedFile) {
  return { name: file.path.at(-1) ?? '', size: file.fingerprint.size, files: [file] }
}

/** Estimates the bytes of memory that the torrent of content takes. */
function costOf({ files }: Content): number {
  const { torrent, file, component } = COSTS
  let sum = torrent
  for (const { path, absolutePath } of files) {
    sum += file + path.length * component + absolutePath.length
  }
  return sum
}

function swarmKey(torrent: SeedTorrent): string {
  return swarmHashes(torrent).join()
}
