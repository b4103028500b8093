import { tryOr } from '../../base/errors.js'
import { createHash } from 'node:crypto'
import type { MetainfoVersion } from '../../metainfo/metainfo.js'
import type { Planner } from '../../server/admission/planner.js'
import type { Budget } from '../../server/admission/memory.js'
import type { ServiceOptions } from '../options.js'
import { directoryOf, setContent } from './content.js'
import { stateOf } from './file-changes.js'
import { percentDecode } from '../tree/address.js'
import type { Requester } from '../../server/admission/requester.js'
import type { MirrorSource, PlacedContent } from './make.js'
import type { CurrentTorrent } from './known-results.js'
import { setKey } from './source-key.js'
import type { KnownSets, RequestedSet } from './known-sets.js'
import type { Torrents } from './torrents.js'
import { findFiles } from '../tree/find-files.js'
import { isGlob } from '../tree/simple-glob.js'
import { malformed, Refusal } from '../../server/headers/refusal.js'

/** A set of files and its digest. */
export interface PathSet extends RequestedSet {
  readonly digest: string
  /** The version of the torrent; v1 if absent, as in the protocol. */
  readonly version?: MetainfoVersion
}

/**
 * The set of one path or pattern, which begins with a slash. If it matches one file, the torrent is
 * single-file.
 */
export function singleSet(path: string, version: MetainfoVersion): PathSet {
  const paths = [path]
  return { isSingle: true, paths, digest: digestOfSet({ paths }), version }
}

/** The digest of a set: the SHA-1, in hexadecimal, of its paths joined by newlines. */
export function digestOfSet({ paths }: Pick<RequestedSet, 'paths'>): string {
  return createHash('sha1').update(paths.join('\n')).digest('hex')
}

/**
 * Reads a digest from an address.
 * @throws Refusal
 */
export function parseDigest(text: string): string {
  if (!/^[0-9a-f]{40}$/i.test(text)) throw malformed('not a digest; it has 40 hexadecimal digits')
  return text.toLowerCase()
}

/** Bytes of a form that are read without waiting for a turn. */
const SMALL_FORM = 16 * 1024

/**
 * Bytes of a form that cost as much as a path, and paths that cost as much as a pattern. A form is
 * cheaper to read, but its paths are kept until their files are looked up.
 */
const FORM_BYTES = 100
const PATTERN_EFFORT = 1000

/** Makes the torrents of sets and remembers which sets were requested. */
export class PathSets {
  constructor(
    private readonly options: ServiceOptions,
    private readonly planner: Planner,
    private readonly torrents: Torrents,
    private readonly requested: KnownSets,
  ) {}

  /** The requested set with that digest, also from before a restart; null if it is unknown. */
  known(digest: string): PathSet | null {
    const set = this.requested.get(digest)
    return set && { ...set, digest }
  }

  /**
   * The set of the paths in a form, which must have that digest.
   * @throws Refusal
   */
  async posted(form: Uint8Array, digest: string, requester: Requester): Promise<PathSet> {
    const parse = (): PathSet => {
      const paths = parsePaths(form, this.options.limits.maxPaths)
      if (digestOfSet({ paths }) === digest) return { isSingle: false, paths, digest }
      throw malformed(
        'the digest in the address does not match; it is the SHA-1 of the paths joined by newlines',
      )
    }
    if (form.length <= SMALL_FORM) return parse()
    const { client, signal, memory } = requester
    const size = form.length / FORM_BYTES
    return this.planner.run({ client, signal, memory, size }, async (budget) => {
      await budget.nextSlice()
      return parse()
    })
  }

  /**
   * Obtains a set's torrent.
   * @throws Refusal; BtkitError if the files cannot be read
   */
  obtain(set: PathSet, requester: Requester): Promise<CurrentTorrent> {
    return this.torrents.obtain(this.source(set), requester)
  }

  /** The torrent of a set, and where its files are found. */
  source(set: PathSet): MirrorSource {
    const { digest, isSingle, paths, version = 'v1' } = set
    const look = async (budget: Budget) => {
      const found = await this.#look(set, budget)
      // Records the set once its files are found, even if nobody waits for their hashing. A newline
      // in a path looks like one between two paths
      const isOfProtocol = version === 'v1' && !paths.some((path) => path.includes('\n'))
      if (isOfProtocol)
        this.requested.note(digest, { isSingle: isSingle && !found.content.isDirectory, paths })
      return found
    }
    return { key: setKey(version, isSingle, digest), effort: effortOf(paths), look }
  }

  async #look(set: PathSet, budget: Budget): Promise<PlacedContent> {
    const { mirror, limits } = this.options
    const search = { maxMatches: limits.maxMatches, budget }
    const { files, omitted } = await findFiles(set.paths, mirror, search)
    const content = setContent(set, files)
    const options = { private: false, sourceTag: null }
    const [file] = content.isDirectory ? [] : files
    const directory = file ? directoryOf(file.path) : []
    return { content, options, state: file ? stateOf(file) : null, directory, omitted }
  }
}

/** The approximate work of finding files by paths; null for one file, which is one look. */
function effortOf(paths: readonly string[]): number | null {
  if (paths.length === 1 && !isGlob(paths[0] ?? '')) return null
  return paths.reduce((sum, path) => sum + (isGlob(path) ? PATTERN_EFFORT : 1), 0)
}

/**
 * Reads the paths in a form (application/x-www-form-urlencoded): the values of its fields `p`, in
 * their order. Other fields are ignored.
 * @throws Refusal
 */
function parsePaths(body: Uint8Array, maxPaths: number): string[] {
  const text = tryOr(null, () => new TextDecoder('utf-8', { fatal: true }).decode(body))
  if (text === null) throw malformed('the form is not UTF-8; encode its paths in UTF-8')
  const values = text.split('&').filter((field) => field.startsWith('p='))
  if (values.length > maxPaths)
    throw new Refusal('too-large', `more than ${maxPaths} paths; send fewer`)
  if (values.length === 0) throw malformed('no path given; send each as a field p of the form')
  return values.map((value) => decodeValue(value.slice(2)))
}

function decodeValue(value: string): string {
  const path = percentDecode(value.replaceAll('+', ' '))
  if (path.includes('\n')) throw malformed('a path contains a newline; rename the file')
  return path
}
