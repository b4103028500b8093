import { finish, type Steps } from '../../core/digests/steps.js'
import type { Budget } from '../admission/budget.js'
import type { Planner } from '../admission/planner.js'
import { malformed } from '../../server/answers/refusal.js'
import { isGlob } from '../tree/simple-glob.js'
import type { Requester } from '../requests/requester.js'
import { parsePaths } from './form.js'
import type { KnownSets } from './known-sets.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import type { DirectoryListings } from '../tree/directory-listings.js'
import { findFiles } from '../tree/find-files.js'
import type { ServiceOptions } from '../options.js'
import type { CurrentTorrent, OnDemand, PlannedTorrent } from '../torrents/on-demand.js'
import { setContent } from './set-content.js'
import { digestOfSet, type PathSet } from './set.js'

/** Bytes of a form, or of a set in the cache, that are read at once. */
const SMALL_FORM = 16 * 1024

/**
 * Bytes of a form that are as much work as a path, and paths that are as much work as a pattern. A
 * form is cheaper to read, but what it comes to is kept until its files are looked at.
 */
const FORM_BYTES = 100
const PATTERN_EFFORT = 1000

export interface PathSetsParts {
  readonly options: ServiceOptions
  readonly onDemand: OnDemand
  readonly planner: Planner
  readonly known: KnownSets
  readonly listings: DirectoryListings
  /** Hears of paths that can't be read. */
  readonly tellOmitted: (path: string) => void
}

/** Makes the torrents of sets, and remembers which sets were asked for. */
export class PathSets {
  readonly #parts: PathSetsParts

  constructor(parts: PathSetsParts) {
    this.#parts = parts
  }

  /**
   * The set of that digest that was asked for, before a restart too; null when none was.
   * @throws NotReady when too much is asked for
   */
  async known(digest: string, requester: Requester): Promise<PathSet | null> {
    const { planner, known } = this.#parts
    const read = () => {
      const set = known.get(digest)
      return set && { ...set, digest }
    }
    const bytes = known.costOf(digest)
    if (bytes <= SMALL_FORM) return read()
    const effort = bytes / FORM_BYTES
    return planner.run({ ...planningOf(requester), effort }, async (budget) => {
      await budget.nextSlice()
      return read()
    })
  }

  /**
   * The set of the paths in a form, which must have that digest.
   * @throws Refusal
   */
  async posted(form: Uint8Array, digest: string, requester: Requester): Promise<PathSet> {
    const { planner, options } = this.#parts
    const parse = function* (): Steps<PathSet> {
      const paths = yield* parsePaths(form, options.limits.maxPaths)
      if (digestOfSet({ paths }) === digest) return { isSingle: false, paths, digest }
      throw malformed('the paths do not hash to the digest in the address')
    }
    if (form.length <= SMALL_FORM) return finish(parse())
    const effort = form.length / FORM_BYTES
    return planner.run({ ...planningOf(requester), effort }, async (budget) => {
      await budget.nextSlice()
      return budget.runSteps(parse())
    })
  }

  /**
   * Obtains a set's torrent.
   * @throws Refusal, or BtkitError as the files can't be read
   */
  obtain(set: PathSet, requester: Requester): Promise<CurrentTorrent> {
    const { digest, isSingle, paths, version = 'v1', pieceLength = 'protocol' } = set
    const { known, onDemand } = this.#parts
    const plan = async (budget: Budget) => {
      const planned = await this.#plan(set, budget)
      // Now that the files are there, and whether or not anybody waits until they are hashed
      // A newline in a path can't be told from one between two
      const isOfProtocol =
        version === 'v1' && pieceLength === 'protocol' && !paths.some((path) => path.includes('\n'))
      if (isOfProtocol) known.note(digest, { isSingle, paths })
      return planned
    }
    const key = `${version} ${pieceLength} ${isSingle ? 'single' : 'set'} ${digest}`
    const isLarge = paths.length > 1 || paths.some(isGlob)
    return onDemand.obtain({ key, effort: effortOf(paths), isLarge, plan }, requester)
  }

  async #plan(set: PathSet, budget: Budget): Promise<PlannedTorrent> {
    const { options: service, listings, tellOmitted } = this.#parts
    const { mirror, serviceName, markPadFiles } = service
    const limits = { maxMatches: service.limits.maxMatches, budget, listings }
    const { files, omitted } = await findFiles(set.paths, mirror, limits)
    const content = await budget.runSteps(setContent(set, files, serviceName))
    const options = { private: false, sourceTag: null, markPadFiles }
    for (const path of omitted) tellOmitted(path)
    const directory = content.isDirectory ? [] : directoryOf(files, serviceName)
    return { content, options, directory, omitted }
  }
}

function planningOf({ client, signal, memory }: Requester) {
  return { client, signal, memory }
}

/** About how much work it is to find files by paths. */
function effortOf(paths: readonly string[]): number {
  return paths.reduce((sum, path) => sum + (isGlob(path) ? PATTERN_EFFORT : 1), 0)
}

/**
 * The directory of a single file. Below its mount the service answers itself, so that clients would
 * get no file there.
 */
function directoryOf(
  [file]: readonly ScannedFile[],
  serviceName: string,
): readonly string[] | null {
  return file?.path[1] === serviceName ? null : (file?.path.slice(0, -1) ?? [])
}
