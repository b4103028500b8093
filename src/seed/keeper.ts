import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { HashContext } from '../core/digests/hash-content.js'
import { findData, indexFiles } from '../core/find/find-data.js'
import { findTorrents } from '../core/launch/find-torrents.js'
import { dataProblem, stampOf } from '../core/publish/local-data.js'
import { loadTorrent } from '../core/read-torrent.js'
import type { FileIndex } from '../core/verify/file-index.js'
import { LikeNames } from '../core/verify/like-names.js'
import { pathIn, statesOf, type OddFile, type Whereabouts } from '../core/verify/locate.js'
import {
  planVerify,
  verifyTorrent,
  type VerifyPlan,
  type VerifyRequest,
} from '../core/verify/verify-torrent.js'
import { BtkitError } from '../errors.js'
import { reachableDirectories } from '../files/reachable.js'
import type { FileState } from '../files/scanned-file.js'
import type { Metainfo } from '../metainfo/metainfo.js'
import { streamedFiles } from '../metainfo/streamed-files.js'
import { announceUrls } from '../metainfo/trackers.js'
import { inShell } from '../text/escape.js'
import { count } from '../text/quantity.js'
import type { InfoHash } from '../metainfo/values.js'
import { clientInfoHash } from '../core/publish/client.js'
import type { LoadedTorrent } from './content.js'
import { DataRounds } from './data-rounds.js'
import type { SeedTorrent } from './seeded.js'
import type { SeedService } from './service.js'

/** Torrents whose data is not whole, and that are looked at again in one update. */
const LACKING_AT_ONCE = 100

export interface KeeperOptions {
  /** Torrents, and directories of torrents at any depth; absolute paths. */
  readonly places: readonly string[]
  /** Where data may be: the content itself, or what contains it under any name. */
  readonly data: readonly string[]
  /** Whether data beside a torrent counts, too. */
  readonly isBeside: boolean
  /** Returns where the content of a torrent is, if that is known. */
  readonly sourceOf: (torrent: string) => Whereabouts | null
  /** Whether links may lead out of these places; absent if the user cannot choose that. */
  readonly followSymlinks?: boolean
  /** Milliseconds between updates. */
  readonly interval: number
  /** Size of the largest torrent in bytes. */
  readonly maxTorrentSize: number
  readonly hashContext: HashContext
  readonly service: SeedService
  readonly onChange: (change: 'added' | 'dropped', torrent: string) => void
  /** Called once for each reason why a torrent is not seeded. */
  readonly onProblem: (problem: Error) => void
}

/** Milliseconds after a change in which another one may leave no trace. */
const QUIET = 2000

/** Stands for all directories among the reports. */
const HANGING = ''

/** A torrent that is not seeded. */
interface LackingTorrent extends Pick<Metainfo, 'name' | 'size'> {
  readonly infoHash: InfoHash
  readonly reason: string
}

/** A torrent on disk. */
interface Kept {
  readonly stamp: string
  /** Null while its data is not whole. */
  readonly seeded: SeedTorrent | null
  /** The info hash, if another torrent with it is seeded; otherwise null. */
  readonly twin: InfoHash | null
  /** Why it is not seeded; null if it is, or cannot be read. */
  readonly lacks: LackingTorrent | null
  /** Where the data is; null for pad files and empty ones. */
  readonly files: readonly (FileState | null)[]
}

/** Seeds the torrents of directories as long as they and their data stay as they are. */
export class SeedKeeper {
  readonly #kept = new Map<string, Kept>()
  /** The torrents by the one that is seeded. */
  readonly #paths = new Map<SeedTorrent, string>()
  /** The last report for each torrent or directory. */
  readonly #reported = new Map<string, string>()
  /** The digests of the states of data that was found damaged, by torrent and place. */
  readonly #damaged = new Map<string, Map<string, { state: string; problem: Error }>>()
  #index: FileIndex | null = null
  readonly #rounds = new DataRounds({
    keys: () => this.#paths.values(),
    filesOf: (path) => this.#kept.get(path)?.files,
    drop: (path) => {
      this.#drop(path)
    },
  })

  constructor(
    private readonly options: KeeperOptions,
    private readonly reachable = reachableDirectories([...options.places, ...options.data]),
  ) {}

  /** The path of a torrent that is seeded. */
  pathOf(torrent: SeedTorrent): string | undefined {
    return this.#paths.get(torrent)
  }

  /** The torrents of which no copy is seeded, by their paths. */
  *lacking(): Generator<readonly [path: string, torrent: LackingTorrent]> {
    for (const [path, { lacks }] of this.#kept) {
      const isNowhere = lacks && this.options.service.find(lacks.infoHash) === null
      if (isNowhere) yield [path, lacks]
    }
  }

  /**
   * Looks at all torrents, and at the data of some. Adds what is new, and drops what changed.
   * @throws BtkitError `interrupted`
   */
  async update(): Promise<void> {
    try {
      await this.reachable()
    } catch (error) {
      // The torrents that were found before are seeded meanwhile
      this.#report(HANGING, error)
      return
    }
    this.#reported.delete(HANGING)
    const { stamps, unread } = await findTorrents(this.options.places)
    for (const [directory, problem] of unread) this.#report(directory, problem)
    if (stamps.size + unread.size === 0) {
      const places = this.options.places.join(', ')
      this.#report(places, new BtkitError('empty', `${places}: ${await noneThere(this.options)}`))
    }
    this.#index = null
    await this.#rounds.look()
    const unreadPaths = [...unread.keys()]
    for (const [path, { stamp }] of [...this.#kept]) {
      const isUnread = unreadPaths.some((place) => `${path}/`.startsWith(`${place}/`))
      if (stamps.get(path) !== stamp && !isUnread) this.#drop(path)
      if (stamps.has(path) || isUnread) continue
      this.#damaged.delete(path)
      this.#reported.delete(path)
    }
    for (const path of this.#due(stamps)) await this.#take(path, stamps.get(path) ?? '')
  }

  /** The torrents to read: new ones, and some of those that were not seeded the last time. */
  #due(stamps: ReadonlyMap<string, string>): string[] {
    const fresh = [...stamps.keys()].filter((path) => !this.#kept.has(path))
    const lacking: string[] = []
    for (const [path, { seeded, twin }] of this.#kept) {
      if (lacking.length === LACKING_AT_ONCE) break
      const isSeededElsewhere = twin !== null && this.options.service.find(twin) !== null
      if (seeded === null && !isSeededElsewhere && stamps.has(path)) lacking.push(path)
    }
    return [...fresh, ...lacking]
  }

  /** The service has withdrawn a torrent; it is looked at again with the next update. */
  forget(torrent: SeedTorrent): void {
    const path = this.#paths.get(torrent)
    if (path !== undefined) this.#drop(path)
  }

  #drop(path: string): void {
    const seeded = this.#kept.get(path)?.seeded
    this.#kept.delete(path)
    if (!seeded) return
    this.#paths.delete(seeded)
    this.options.service.remove(seeded)
    this.options.onChange('dropped', path)
  }

  async #take(path: string, stamp: string): Promise<void> {
    const { maxTorrentSize, service, onChange } = this.options
    const before = this.#kept.get(path)
    // The longest ago comes first
    this.#kept.delete(path)
    const missing = { stamp, seeded: null, files: [], twin: null, lacks: null }
    let metainfo: Metainfo | null = null
    try {
      metainfo = await loadTorrent(path, maxTorrentSize)
      const infoHash = clientInfoHash(metainfo)
      if (service.find(infoHash) !== null) {
        this.#kept.set(path, { ...missing, twin: infoHash })
        return
      }
      const files = await this.#findFiles(metainfo, path, !before || before.twin !== null)
      const seeded = this.#seedTorrent(metainfo, path, files)
      this.#kept.set(path, { ...missing, seeded, files })
      this.#paths.set(seeded, path)
      this.#reported.delete(path)
      service.add(seeded)
      onChange('added', path)
    } catch (error) {
      if (error instanceof BtkitError && error.code === 'interrupted') throw error
      const reason = error instanceof Error ? error.message : String(error)
      const lacks = metainfo && lackingTorrent(metainfo, reason)
      this.#kept.set(path, { ...missing, lacks })
      // One torrent that cannot be seeded, for whatever reason, is no reason to end the others
      const isNamed = !(error instanceof BtkitError) || error.message.includes(path)
      this.#report(path, isNamed ? error : error.of(path))
    }
  }

  /** Describes a torrent, which is read again when a peer asks for it: many take much memory. */
  #seedTorrent(metainfo: Metainfo, path: string, files: LoadedTorrent['files']): SeedTorrent {
    const { name, infoHash, infoHashV2, size, announceList } = metainfo
    const { maxTorrentSize } = this.options
    const load = async () => {
      const again = await loadTorrent(path, maxTorrentSize)
      if (again.infoHash === infoHash && again.infoHashV2 === infoHashV2)
        return { metainfo: again, files }
      throw new BtkitError('changed', `${path}: is another torrent now`)
    }
    const trackers = announceList ?? announceUrls(metainfo).map((url) => [url])
    return { name, infoHash, infoHashV2, private: metainfo.private, size, trackers, load }
  }

  /**
   * Finds the whole data of a torrent, and checks it as far as the cache does not know it.
   * @throws BtkitError if it is not there as a whole
   */
  async #findFiles(
    metainfo: Metainfo,
    torrent: string,
    isNew: boolean,
  ): Promise<(FileState | null)[]> {
    const { data } = this.options
    let problem: Error | null = null
    for (const place of this.#placesOf(torrent)) {
      const files = await this.#checkFiles(metainfo, { torrent, ...place })
      if (!(files instanceof Error)) return files
      problem ??= files
    }
    const found = isNew && data.length > 0 ? await this.#findAnywhere(metainfo, torrent) : null
    if (found) return found
    throw problem ?? new BtkitError('not-found', 'no place for its data is given')
  }

  *#placesOf(torrent: string): Generator<Whereabouts> {
    const { data, isBeside, sourceOf } = this.options
    for (const path of data) yield { path }
    const source = sourceOf(torrent)
    if (source !== null) yield source
    if (isBeside) yield { path: dirname(torrent), byName: true }
  }

  /** Returns the whole data at a place, or why it is none. */
  async #checkFiles(
    metainfo: Metainfo,
    place: Pick<VerifyRequest, 'torrent'> & Whereabouts,
  ): Promise<(FileState | null)[] | Error> {
    const { hashContext, followSymlinks = false } = this.options
    const { torrent, path } = place
    try {
      const now = Math.floor(hashContext.cacheAccess.now())
      const request = { metainfo, checkHashes: true, extra: false, followSymlinks, ...place }
      const plan = await planVerify(request)
      const [lacking] = plan.content.odd.values()
      if (lacking) return await this.#notWhole(lacking, plan)
      const data = statesOf(plan.content)
      if (data.some((file) => file && file.fingerprint.ctimeNs > BigInt(now - QUIET) * 1_000_000n))
        return new BtkitError(
          'changed',
          `its data in ${path} was written just now; ${this.#again()}`,
        )
      // The state of very many files takes much memory
      const state = createHash('sha256').update(data.map(stampOf).join(' ')).digest('base64')
      const damaged = this.#damaged.get(torrent) ?? new Map<string, never>()
      const known = damaged.get(path)
      if (known?.state === state) return known.problem
      const problem = dataProblem(plan.request, await verifyTorrent(plan, hashContext))
      if (problem === null) return data
      this.#damaged.set(torrent, damaged.set(path, { state, problem }))
      return problem
    } catch (error) {
      if (!(error instanceof BtkitError) || error.code === 'interrupted') throw error
      return error
    }
  }

  /** Finds data below the given directories by its pieces, whatever its name. */
  async #findAnywhere(metainfo: Metainfo, torrent: string): Promise<(FileState | null)[] | null> {
    const { data, hashContext } = this.options
    this.#index ??= await indexFiles(data, (problem) => {
      this.#report(problem.message, problem)
    })
    const index = this.#index
    const found = await findData({ metainfo, torrent, index }, hashContext)
    const own = found.values()
    const files = Array.from(streamedFiles(metainfo), ({ padding, length }) => {
      const { status = 'empty', path = null } = (padding ? null : own.next().value) ?? {}
      if (status === 'empty') return null
      return status === 'found' && path !== null ? index.find(path, length) : undefined
    })
    return files.every((file) => file !== undefined) ? files : null
  }

  async #notWhole({ file, found }: OddFile, plan: VerifyPlan): Promise<BtkitError> {
    const { path } = plan.request
    const { place } = plan.content
    const leadsOut = found.kind === 'outside' && this.options.followSymlinks === false
    const advice = leadsOut ? '--follow-symlinks allows that' : null
    const names = found.kind === 'missing' ? new LikeNames(plan.request, place) : null
    const why = names ? await names.explain(file.path) : advice
    const what = `${pathIn(place, file.path)} ${whyNot(found, path)}${why ? `; ${why}` : ''}`
    return new BtkitError('not-found', `its data is not whole in ${path}: ${what}`)
  }

  #again(): string {
    const seconds = Math.ceil(this.options.interval / 1000)
    return `btkit looks again in ${count(seconds, 'second')}`
  }

  #report(what: string, problem: unknown): void {
    const error = problem instanceof Error ? problem : new Error(String(problem))
    if (this.#reported.get(what) === error.message) return
    this.#reported.set(what, error.message)
    this.options.onProblem(error)
  }
}

/** Why directories have nothing to seed. The torrent of a directory itself is made beside it. */
async function noneThere({ places, isBeside }: KeeperOptions): Promise<string> {
  const [place = '', ...others] = places
  const torrent = `${place}.torrent`
  const [made, its] = [`btkit create ${inShell(place)}`, `btkit seed --dht ${inShell(torrent)}`]
  const why = 'no .torrent files there'
  if (!isBeside) return `${why}; one that comes is seeded then`
  const isThere = (await stat(torrent).catch(() => null))?.isFile() === true
  if (isThere && others.length === 0) return `${why}; to seed the torrent beside it: ${its}`
  return `${why}; one that comes is seeded then; to seed the directory itself: ${made}, then ${its}`
}

function lackingTorrent(metainfo: Metainfo, reason: string): LackingTorrent {
  const { name, size } = metainfo
  return { name, size, infoHash: clientInfoHash(metainfo), reason }
}

/** Why a file cannot be seeded. A size here would be another message for each look at it. */
function whyNot(found: OddFile['found'], directory: string): string {
  if (found.kind === 'file') return 'has another size'
  if (found.kind === 'unreadable') return `cannot be read: ${found.reason}`
  if (found.kind === 'missing') return 'is not there'
  return found.kind === 'outside'
    ? `is a link that leads out of ${directory}`
    : `is a ${found.kind}`
}
