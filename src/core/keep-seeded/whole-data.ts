import { createHash } from 'node:crypto'
import { BtkitError } from '../../base/errors.js'
import { adviseDownload } from '../../base/text/no-download.js'
import { encodeFingerprint } from '../../disk/file-lists/fingerprint.js'
import type { FileState } from '../../disk/file-lists/scanned-file.js'
import type { Metainfo } from '../../metainfo/metainfo.js'
import { streamedFiles } from '../../metainfo/streamed-files.js'
import { isRacy } from '../digests/cache-trust.js'
import type { HashContext } from '../digests/hash-content.js'
import { findData, indexFiles } from '../find/find-data.js'
import { dataProblem } from '../publish/local-data.js'
import type { FileIndex } from '../verify/file-index.js'
import { LikeNames, NamesByForm } from '../verify/like-names.js'
import { pathIn, statesOf, type OddFile, type Whereabouts } from '../verify/locate.js'
import {
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
  /** Where the data is: the content, what contains it, or a directory that was searched. */
  readonly place: string
  /** Its files in the order of `streamedFiles`; null for pad files and empty ones. */
  readonly files: readonly (FileState | null)[]
}

/** Where data is looked for, and what makes it whole. */
export interface DataRules {
  /** The places where the data of a torrent may be. */
  readonly placesOf: (torrent: string) => Iterable<Whereabouts>
  /** Directories in which data is found under any name. */
  readonly search: readonly string[]
  /** Whether links may lead out of these places; absent if the user cannot choose that. */
  readonly followSymlinks?: boolean | undefined
  /**
   * Whether data that was written just now must wait: what is written in the same moment leaves no
   * trace.
   */
  readonly awaitsQuiet: boolean
  readonly hashContext: HashContext
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
    let first: BtkitError | null = null
    for (const where of this.rules.placesOf(torrent)) {
      const files = await this.#examine({ metainfo, torrent, ...where }, seen)
      if (!(files instanceof BtkitError)) return { torrent, metainfo, place: where.path, files }
      first ??= files
    }
    const [place] = this.rules.search
    const files = isNew && place !== undefined ? await this.#search(metainfo, torrent) : null
    if (files && place !== undefined) return { torrent, metainfo, place, files }
    throw first ?? new BtkitError('not-found', 'no place for its data is given')
  }

  /** Returns the whole data at a place, or why it is none. */
  async #examine(
    place: Pick<VerifyRequest, 'metainfo' | 'torrent'> & Whereabouts,
    seen: SeenData,
  ): Promise<DataFiles | BtkitError> {
    const { followSymlinks = false, hashContext } = this.rules
    const { path } = place
    const before = seen.get(path) ?? NOTHING
    seen.set(path, before)
    try {
      const plan = await planVerify({ ...WHOLE, followSymlinks, ...place })
      const [lacking] = plan.content.odd.values()
      if (lacking) return await this.#notWhole(lacking, plan)
      const files = statesOf(plan.content)
      if (this.#isUnsettled(files)) return new UnsettledData(path)
      const state = digestOfStates(files)
      if (state === before.state) return before.problem ?? files
      const damage = dataProblem(plan.request, await verifyTorrent(plan, hashContext))
      const problem = damage && withDownload(damage, place.torrent)
      seen.set(path, { state, problem })
      return problem ?? files
    } catch (error) {
      if (!(error instanceof BtkitError) || error.code === 'interrupted') throw error
      return error
    }
  }

  #isUnsettled(files: DataFiles): boolean {
    const { awaitsQuiet, hashContext } = this.rules
    const now = hashContext.cacheAccess.now()
    return awaitsQuiet && files.some((file) => file && isRacy(file.fingerprint, now, 'full'))
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

  async #notWhole({ file, found }: OddFile, plan: VerifyPlan): Promise<BtkitError> {
    const { path, torrent } = plan.request
    const { place } = plan.content
    const leadsOut = found.kind === 'outside' && this.rules.followSymlinks === false
    const advice = leadsOut ? '--follow-symlinks allows that' : null
    const isMissing = found.kind === 'missing'
    const names = isMissing ? new LikeNames(plan.request, place, this.#likeNames) : null
    const why = names ? await names.explain(file.path) : advice
    const what = `${pathIn(place, file.path)} ${whyNot(found, path)}${why ? `; ${why}` : ''}`
    const problem = new BtkitError('not-found', `its data is not whole in ${path}: ${what}`)
    const isLost = !why && (isMissing || found.kind === 'file')
    return isLost ? withDownload(problem, torrent) : problem
  }
}

/** Says, too, how to get data that is lost. */
function withDownload({ code, message }: BtkitError, torrent: string): BtkitError {
  return new BtkitError(code, `${message}; ${adviseDownload(torrent)}`)
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

/** The states of very many files take much memory. */
function digestOfStates(files: DataFiles): string {
  const hash = createHash('sha256')
  for (const file of files) hash.update(file ? encodeFingerprint(file.fingerprint) : '-')
  return hash.digest('base64')
}
