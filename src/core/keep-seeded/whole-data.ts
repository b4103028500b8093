import { createHash } from 'node:crypto'
import { BtkitError } from '../../base/errors.js'
import { encodeFingerprint } from '../../disk/file-lists/fingerprint.js'
import type { FileState } from '../../disk/file-lists/scanned-file.js'
import type { Metainfo } from '../../metainfo/metainfo.js'
import { streamedFiles } from '../../metainfo/streamed-files.js'
import { isRacy } from '../../disk/cache/trust.js'
import type { HashContext } from '../digests/hash-content.js'
import { findData, indexFiles } from '../find/find-data.js'
import { shownUrl } from '../../base/text/secrets.js'
import { looksLikeUrl } from '../../metainfo/trackers.js'
import type { RemoteFile } from '../remote/remote-file.js'
import { seedAddress } from '../verify/web-seed.js'
import { type RemoteData, ServerPlace } from './remote-data.js'
import { DataProblem, dataProblem } from '../publish/local-data.js'
import type { FileIndex } from '../verify/file-index.js'
import { NamesByForm } from '../verify/like-names.js'
import { statesOf, type Whereabouts } from '../verify/locate.js'
import {
  planFound,
  planVerify,
  verifyTorrent,
  type VerifyPlan,
  type VerifyRequest,
} from '../verify/verify-torrent.js'

/** A torrent whose data is there as a whole. */
export interface WholeTorrent {
  /** The path of its .torrent file. */
  readonly torrent: string
  readonly metainfo: Metainfo
  /** Its files in the order of `streamedFiles`; null for pad files and empty ones. */
  readonly files: readonly (FileState | null)[]
  /** Where it is on a server; then it has no files on a disk. */
  readonly remote?: ServerPlace
}

/** Where data is looked for, and what makes it whole. */
export interface DataRules {
  /** The places where the data of a torrent may be. */
  readonly placesOf: (torrent: string) => Iterable<Whereabouts>
  /** Directories in which data is found under any name. */
  readonly search: readonly string[]
  /** Whether links may lead out of these places; absent if the user cannot choose that. */
  readonly followSymlinks?: boolean | undefined
  readonly hashContext: HashContext
  /** Reads data whose place is a URL; absent if none may be. */
  readonly remote?: RemoteData | undefined
}

/** By the path of a place, the last state of whole files there, and what reading them found. */
export type SeenData = Map<string, { readonly state: string; readonly problem: BtkitError | null }>

const NOTHING = { state: '', problem: null }

/** All that the cache does not know is read; what else lies there does not matter. */
const WHOLE = { checkHashes: true, extra: false }

/** Milliseconds after a change in which another one may leave no trace. */
export const QUIET = 2000

/** Data was written just now; it may be whole when it was quiet for a moment. */
export class UnsettledData extends BtkitError {
  constructor(path: string) {
    const again = `btkit looks again in ${QUIET / 1000} seconds`
    super('changed', `its data in ${path} was written just now; ${again}`)
  }
}

type DataFiles = WholeTorrent['files']

/** The data of a torrent, wherever it is. */
type FoundData = Pick<WholeTorrent, 'files' | 'remote'>

/** A torrent whose data is sought, and a place where it may be. */
type SoughtData = Pick<VerifyRequest, 'metainfo' | 'torrent'> & Whereabouts

/** Finds the whole data of torrents, and checks it as far as the cache does not know it. */
export class DataFinder {
  #index: FileIndex | null = null
  #likeNames = new NamesByForm()
  /** By their words, the problems of the last search. */
  readonly problems = new Map<string, BtkitError>()

  constructor(private readonly rules: DataRules) {}

  /** Forgets which files are there. */
  begin(): void {
    this.#index = null
    this.#likeNames = new NamesByForm()
  }

  /**
   * Finds the data of a torrent. Data that was seen is read again only after a change.
   * @throws BtkitError if it is not there as a whole
   */
  async find(metainfo: Metainfo, torrent: string, seen: SeenData): Promise<WholeTorrent> {
    const isNew = seen.size === 0
    const problems: BtkitError[] = []
    for (const where of this.rules.placesOf(torrent)) {
      const place = { metainfo, torrent, ...where }
      const isRemote = looksLikeUrl(where.path)
      const found = await (isRemote ? this.#ask(place) : this.#examine(place, seen))
      if (!(found instanceof BtkitError)) return { torrent, metainfo, ...found }
      problems.push(found)
    }
    const isSearched = isNew && this.rules.search.length > 0
    const files = isSearched ? await this.#search(metainfo, torrent) : null
    if (files) return { torrent, metainfo, files }
    // With many places, most are of other torrents
    const [closest] = problems.sort((a, b) => bytesAt(b) - bytesAt(a))
    throw closest ?? new BtkitError('not-found', 'no place for its data is given')
  }

  /** Returns the data at a URL, of which only the sizes are known, or why it is none. */
  async #ask(place: SoughtData): Promise<FoundData | BtkitError> {
    const { metainfo, path } = place
    const { remote } = this.rules
    if (!remote) return new BtkitError('usage', `${shownUrl(path)}: data must be on a disk`)
    const address = seedAddress(path, metainfo)
    const refusal = remote.refusalOf(address)
    if (refusal) return refusal
    const access = { ...remote.access, isOnce: true }
    try {
      const plan = await planVerify({ ...WHOLE, ...place, access })
      const lack = await this.#findLack(plan)
      if (lack) return remote.refuse(address, lack)
      const files = plan.content.known ?? new Map<string, RemoteFile>()
      return { files: [], remote: new ServerPlace(metainfo, path, files) }
    } catch (error) {
      if (!(error instanceof BtkitError) || error.code === 'interrupted') throw error
      return remote.refuse(address, error)
    }
  }

  /** Returns the whole data at a place, or why it is none. */
  async #examine(place: SoughtData, seen: SeenData): Promise<FoundData | BtkitError> {
    const { followSymlinks = false, hashContext } = this.rules
    const before = seen.get(place.path) ?? NOTHING
    seen.set(place.path, before)
    try {
      const plan = await planVerify({ ...WHOLE, followSymlinks, ...place })
      const lack = await this.#findLack(plan)
      if (lack) return lack
      const files = statesOf(plan.content)
      const now = hashContext.cacheAccess.now()
      if (files.some((file) => file && isRacy(file.fingerprint, now, 'full')))
        return new UnsettledData(place.path)
      const state = digestOfStates(files)
      if (state === before.state) return before.problem ?? { files }
      const problem = dataProblem(place.metainfo, await verifyTorrent(plan, hashContext))
      seen.set(place.path, { state, problem })
      return problem ?? { files }
    } catch (error) {
      if (!(error instanceof BtkitError) || error.code === 'interrupted') throw error
      return error
    }
  }

  /** Returns which files are not there with their size, without reading any; null for none. */
  async #findLack({ request, content }: VerifyPlan): Promise<DataProblem | null> {
    if (content.odd.size === 0) return null
    const sizes = { ...request, checkHashes: false, likeNames: this.#likeNames }
    const report = await verifyTorrent(planFound(sizes, content), this.rules.hashContext)
    return dataProblem(request.metainfo, report)
  }

  /** Finds data below the given directories by its pieces, whatever its name. */
  async #search(metainfo: Metainfo, torrent: string): Promise<DataFiles | null> {
    const { search, hashContext } = this.rules
    if (this.#index === null) this.problems.clear()
    const index = (this.#index ??= await indexFiles(search, (problem) => {
      this.problems.set(problem.message, problem)
    }))
    const found = await findData({ metainfo, torrent, index }, hashContext)
    const own = found.values()
    const files = Array.from(streamedFiles(metainfo), ({ padding, length }) => {
      const { status = 'empty', path = null } = (padding ? null : own.next().value) ?? {}
      if (status === 'empty') return null
      return status === 'found' && path !== null ? index.find(path, length) : undefined
    })
    return files.every((file) => file !== undefined) ? files : null
  }
}

/** How much of its data a problem knows of. Data that was written just now may be whole. */
function bytesAt(problem: BtkitError): number {
  if (problem instanceof UnsettledData) return Infinity
  return problem instanceof DataProblem ? problem.there : 0
}

/** The states of very many files take much memory. */
function digestOfStates(files: DataFiles): string {
  const hash = createHash('sha256')
  for (const file of files) hash.update(file ? encodeFingerprint(file.fingerprint) : '-')
  return hash.digest('base64')
}
