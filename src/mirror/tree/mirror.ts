import { LRUCache } from 'lru-cache'
import { constants, type Dirent } from 'node:fs'
import { access, open, opendir, readlink, realpath } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { asBtkitError, osCodeOf } from '../../errors.js'
import { absenceOf, isWithin } from '../../files/inside.js'
import { isSuspect } from '../../files/scan/read-names.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import { isOfKind, lstatMany, type PathState } from '../../files/stat-files.js'
import { isPlainName } from '../../metainfo/name.js'
import { isRootThere, missingRoot } from './root-watch.js'
import {
  IsDirectory,
  malformed,
  notFound,
  notPermitted,
  NotReady,
  Refusal,
} from '../../server/answers/refusal.js'
import { clipText, escapeText } from '../../text/escape.js'

/** Most components for which looking up each is faster than opening the path. */
const FEW_COMPONENTS = 32

/**
 * Opens a path only to name it, whatever its kind and permissions; Node does not define this flag.
 */
const O_PATH = 0o10000000

/** The published part of a file system. */
export interface Mirror {
  /** The directory of all files. It may be a link, which may later lead to another directory. */
  readonly root: string
  /** Whether names that begin with a dot are published. */
  readonly hidden: boolean
  /** Whether symbolic links may lead out of the root. */
  readonly followSymlinks: boolean
}

/** The target of a path of the mirror. */
interface FoundPath {
  /** The real path. */
  readonly absolutePath: string
  readonly state: PathState
  /** Whether the path itself is a link. */
  readonly isLink: boolean
}

/** The first component of the service's own addresses, which are never files. */
export const RESERVED = '-'

/** The second component of the pkgtorrent protocol's addresses, and the directory of null files. */
export const SERVICE_NAME = 'torrent_service'

/** Whether a path contains a name that is not published. */
export function isWithheld(components: readonly string[], { hidden }: Mirror): boolean {
  if (components[0] === RESERVED) return true
  return !hidden && components.some((component) => component.startsWith('.'))
}

/** Most directories that a view remembers. */
const DIRECTORIES = 256

/**
 * Looks up files of a mirror, with calls that never block. Directories are resolved only once, so
 * make a `MirrorView` for each request.
 */
export class MirrorView {
  readonly #directories = new LRUCache<string, Promise<string>>({ max: DIRECTORIES })
  #root: Promise<string> | null = null

  constructor(readonly mirror: Mirror) {}

  /**
   * The regular file that a path leads to, through links.
   * @throws Refusal if there is none, or it is not published
   */
  async file(components: readonly string[]): Promise<ScannedFile> {
    return this.#attempt(components, async () => {
      return this.#describe(components, await this.#look(components))
    })
  }

  /**
   * The target of a path of any kind, through links.
   * @throws Refusal if there is none, or it is not published
   */
  async look(components: readonly string[]): Promise<FoundPath> {
    return this.#attempt(components, () => this.#look(components))
  }

  async #look(components: readonly string[]): Promise<FoundPath> {
    if (components.length === 0 || isWithheld(components, this.mirror))
      throw this.#missing(components)
    const directory = await this.directory(components.slice(0, -1))
    const path = childOf(directory, components.at(-1) ?? '')
    const state = await lstatOne(path)
    if (!isOfKind(state, constants.S_IFLNK)) return { absolutePath: path, state, isLink: false }
    const real = await this.#resolve(components, path)
    return { absolutePath: real, state: await lstatOne(real), isLink: true }
  }

  /**
   * The real path of a directory.
   * @throws Refusal
   */
  directory(components: readonly string[]): Promise<string> {
    if (isWithheld(components, this.mirror)) return Promise.reject(this.#missing(components))
    const key = components.join('/')
    const known = this.#directories.get(key)
    if (known) return known
    const found = this.#attempt(components, async () => {
      return this.#resolve(components, join(await this.#realRoot(), ...components))
    })
    this.#directories.set(key, found)
    return found
  }

  /** The real path of the root, resolved once: a request must not get files of two roots. */
  #realRoot(): Promise<string> {
    return (this.#root ??= realpath(this.mirror.root))
  }

  async #resolve(components: readonly string[], path: string): Promise<string> {
    const [real, root] = [await realPathOf(path), await this.#realRoot()]
    if (!this.mirror.followSymlinks && !isWithin(real, root)) throw this.#missing(components)
    return real
  }

  async #describe(
    path: readonly string[],
    { absolutePath, state }: FoundPath,
  ): Promise<ScannedFile> {
    if (isOfKind(state, constants.S_IFDIR)) throw new IsDirectory(formatMirrorPath(path))
    if (!isOfKind(state, constants.S_IFREG)) throw this.#missing(path)
    // A file that all may read needs no further check
    if ((state.mode & READABLE_BY_ALL) === 0) await access(absolutePath, constants.R_OK)
    return { path: [...path], absolutePath, fingerprint: state.fingerprint }
  }

  #missing(components: readonly string[]): Error {
    return notFound(formatMirrorPath(components))
  }

  async #attempt<T>(components: readonly string[], act: () => Promise<T>): Promise<T> {
    try {
      return await act()
    } catch (error) {
      throw await toRefusal(error, components, this.mirror)
    }
  }
}

/** The path of a name in a directory with a real path; nothing must be resolved. */
export function childOf(directory: string, name: string): string {
  return directory.endsWith(sep) ? directory + name : directory + sep + name
}

/** The permission bit for reading by all others. */
const READABLE_BY_ALL = 0o004

/** Refuses an address of the pkgtorrent protocol without its first part. */
function unnamed(): Refusal {
  const form = `any name comes first: /NAME/${SERVICE_NAME}/single/PATH`
  return new Refusal('not-found', `/${SERVICE_NAME}: not found; ${form}`)
}

/** Error codes of opening a socket. */
const SOCKET_CODES = ['ENXIO', 'EOPNOTSUPP']

/** Error codes of opening too many files. */
const EXHAUSTED = ['EMFILE', 'ENFILE']
const FORBIDDEN = ['EACCES', 'EPERM']

/** Converts a system error to a refusal that names only the requested path. */
export async function toRefusal(
  error: unknown,
  components: readonly string[],
  { root }: Mirror,
): Promise<unknown> {
  const code = osCodeOf(error) ?? ''
  const what = formatMirrorPath(components)
  if (absenceOf(error) !== null && !(await isRootThere(root))) return missingRoot()
  if (absenceOf(error) !== null) return components[0] === SERVICE_NAME ? unnamed() : notFound(what)
  if (SOCKET_CODES.includes(code)) return notFound(what)
  if (EXHAUSTED.includes(code))
    return new NotReady('the server has too many open files; try again in 5 s', 5)
  if (FORBIDDEN.includes(code)) return notPermitted(what)
  return asBtkitError(error, what)
}

/**
 * The real path of a path, through links; rejects with the system's errors. realpath(3) looks up
 * every component by its path from the root, which takes quadratic time for deep paths, again for
 * each level of a tree. For those, Linux names the path of an open descriptor.
 */
export async function realPathOf(path: string): Promise<string> {
  if (process.platform !== 'linux' || path.split(sep).length <= FEW_COMPONENTS)
    return realpath(path)
  const handle = await open(path, O_PATH)
  try {
    return await readlink(`/proc/self/fd/${handle.fd}`)
  } finally {
    await handle.close()
  }
}

/** The state of a path, without following links; rejects with the system's errors. */
async function lstatOne(path: string): Promise<PathState> {
  const [state = new Error('not looked at')] = await lstatMany([path])
  if (state instanceof Error) throw state
  return state
}

/** A name in a directory, with its kind if the directory contains that. */
export interface MirrorEntry {
  readonly name: string
  readonly kind: 'file' | 'directory' | 'unknown'
}

/** Whether an address can contain the name; a name that is not UTF-8 cannot be restored. */
export function isNameable(name: string): boolean {
  return !isSuspect(name) && isPlainName(name)
}

/** Entries that are read at once. */
const CHUNK = 512

/** Reads the entries of a directory, some hundreds at a time. Throws the system's errors. */
export async function* readInChunks(path: string): AsyncGenerator<readonly MirrorEntry[]> {
  let chunk: MirrorEntry[] = []
  for await (const entry of await opendir(path, { bufferSize: CHUNK })) {
    chunk.push({ name: entry.name, kind: kindOf(entry) })
    if (chunk.length < CHUNK) continue
    yield chunk
    chunk = []
  }
  yield chunk
}

function kindOf(entry: Dirent): MirrorEntry['kind'] {
  if (entry.isFile()) return 'file'
  return entry.isDirectory() ? 'directory' : 'unknown'
}

/** Concurrent lookups of files; usually one of the system's few threads does them together. */
const LOOKS_AT_ONCE = 32

/** Maps items with some calls at once, and keeps their order. Stops at the first failure. */
export async function mapConcurrently<T, R>(
  items: readonly T[],
  look: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = []
  let next = 0
  const work = async () => {
    while (next < items.length) {
      const i = next++
      results[i] = await look(items[i] as T)
    }
  }
  const end = (error: unknown): never => {
    next = items.length
    throw error
  }
  const count = Math.min(LOOKS_AT_ONCE, items.length)
  await Promise.all(Array.from({ length: count }, () => work().catch(end)))
  return results
}

/** Longest path in a request, in UTF-16 units; systems do not have longer ones. */
const MAX_PATH = 4096

/**
 * The components of a client's path on the mirror: `/yum/7/a.rpm`. Double slashes are accepted,
 * because they are common in addresses.
 * @throws Refusal
 */
export function parseMirrorPath(path: string): string[] {
  const components = parseMirrorPlace(path)
  if (path.endsWith('/')) throw notFound(quote(path))
  return components
}

/**
 * Returns the components of a path that may end with a slash, for a directory; empty for the root.
 * @throws Refusal
 */
export function parseMirrorPlace(path: string): string[] {
  if (!path.startsWith('/')) throw malformed(`${quote(path)}: a path must begin with /`)
  if (path.length > MAX_PATH)
    throw malformed(`${quote(path)}: the path is too long; systems allow ${MAX_PATH} characters`)
  const components = path.split('/').filter((component) => component !== '')
  if (!components.every(isPlainName))
    throw malformed(`${quote(path)}: not a plain path; leave out . and .. components`)
  return components
}

/** A path on the mirror, for messages and addresses. */
export function formatMirrorPath(components: readonly string[]): string {
  return quote(`/${components.join('/')}`)
}

/** Quotes a client's text for a message, cut to 200 characters. */
function quote(path: string): string {
  return clipText(escapeText(path), 200)
}
