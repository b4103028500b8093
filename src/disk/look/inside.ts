import { dirname, join, relative, resolve, sep } from 'node:path'
import { osCodeOf, asBtkitError, callSystem, describeOsError } from '../../base/errors.js'
import { constants, lstatSync, readlinkSync, realpathSync } from 'node:fs'
import { lstat, realpath } from 'node:fs/promises'
import type { Fingerprint } from '../file-lists/fingerprint.js'
import { rawPath, textOfPath } from '../../base/text/raw-path.js'
import { isOfKind, lstatMany, pathState, type PathState } from './stat-files.js'
import { isSuspect, readMangled } from './read-names.js'

/** Whether a name is a single path component on this system that leads downwards. */
export function isSafeComponent(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !/[/\0]/.test(name) && !name.includes(sep)
}

/** Whether a real path equals `root` or is below it. */
export function isWithin(real: string, root: string): boolean {
  return real === root || real.startsWith(root.endsWith(sep) ? root : root + sep)
}

/** Error codes for a path that does not exist. A name that is too long cannot exist. */
const MISSING: readonly (string | undefined)[] = ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG']

/** Describes an error for a path that does not exist; null for all other errors. */
export function absenceOf(error: unknown): 'missing' | 'link loop' | null {
  const code = osCodeOf(error)
  if (MISSING.includes(code)) return 'missing'
  return code === 'ELOOP' ? 'link loop' : null
}

/**
 * Joins a name to a directory whose path is normalized, such as a real path. Takes a tenth of the
 * time of path.join, which parses both.
 */
export function childPath(directory: string, name: string): string {
  return directory.endsWith(sep) ? directory + name : directory + sep + name
}

/**
 * Resolves all symbolic links in a path. Returns null if the path does not exist.
 * @throws BtkitError `not-permitted` or `io`
 */
export function realPath(path: string): string | null {
  try {
    return realpathSync.native(path)
  } catch (error) {
    if (osCodeOf(error) === 'ENOENT') return null
    throw asBtkitError(error, path)
  }
}

/** The target of a path below a root, with links followed. */
export type Resolved =
  | { kind: 'file'; path: string; fingerprint: Fingerprint }
  | { kind: 'directory'; path: string }
  /** A link that is not followed: its target below its content, else its absolute one. */
  | { kind: 'link'; target: string; isRight: boolean }
  | { kind: 'missing' | 'outside' | 'link loop' | 'special file' }
  | { kind: 'unreadable'; reason: string }

/** The paths that may be found. */
export interface InsideRules {
  /** Whether links may lead out of the root. */
  readonly followSymlinks?: boolean | undefined
  /** Whether to find names that are not UTF-8; the caller must open them as bytes (rawPath). */
  readonly rawNames?: boolean | undefined
}

/**
 * Resolves path components below a root. No components mean the root itself. Symbolic links are
 * followed, and nothing is opened.
 *
 * A path that leads out of the root is `outside`, by a link or by a component that is not a plain
 * name. A path that was found has no links, so opening it without following links is safe. A path
 * that the system refuses to examine is `unreadable`.
 *
 * With `followSymlinks`, links may lead anywhere. With `rawNames`, U+FFFD in a component also
 * stands for bytes that are not UTF-8, and a path that was found is one of textOfPath.
 *
 * Directories are examined once, and each file with a single system call.
 */
export class InsideResolver {
  readonly #realRoot: string
  readonly #limit: string | null
  readonly #hasRawNames: boolean
  readonly #directories = new Map<string, Resolved>()
  readonly #mangled = new Map<string, ReadonlyMap<string, Buffer>>()

  /** @throws BtkitError `not-found`, `not-permitted` or `io` for the root */
  constructor(
    readonly root: string,
    { followSymlinks = false, rawNames = false }: InsideRules = {},
  ) {
    this.#realRoot = callSystem(root, () => realpathSync.native(root))
    this.#limit = followSymlinks ? null : this.#realRoot
    this.#hasRawNames = rawNames
  }

  resolve(named: readonly string[]): Resolved {
    const place = this.#placeOf(named)
    return typeof place === 'string' ? findEntry(place, this.#limit) : place
  }

  /**
   * Resolves several paths. Looks at many that lead to no link together, and not on the event loop.
   * For a few, a thread would take ten times as long.
   */
  async resolveAll(paths: readonly (readonly string[])[]): Promise<Resolved[]> {
    if (paths.length <= FEW) return paths.map((named) => this.resolve(named))
    const places = paths.map((named) => this.#placeOf(named))
    const looks = await lstatMany(places.filter((place) => typeof place === 'string'))
    let at = 0
    return places.map((place) => {
      if (typeof place !== 'string') return place
      const look = looks[at++]
      return (look && describe(place, look)) ?? findEntry(place, this.#limit)
    })
  }

  /**
   * Looks at a link below a directory that should lead to `wanted` there, by itself or by further
   * links.
   */
  resolveLink(
    directory: readonly string[],
    named: readonly string[],
    wanted: readonly string[],
  ): Resolved {
    const [root, place] = [this.#findDirectory(directory), this.#placeOf([...directory, ...named])]
    if (typeof place !== 'string' || root.kind !== 'directory') return MISSING_ENTRY
    return resolvedBy(() => {
      const state = pathState(lstatSync(rawPath(place), { bigint: true }))
      const found = describe(place, state)
      if (found) return found
      const path = resolve(dirname(place), textOfPath(readlinkSync(rawPath(place), 'buffer')))
      const target = isWithin(path, root.path) ? relative(root.path, path) : path
      const right = this.resolve([...directory, ...wanted])
      const own = resolveLinks(place, this.#limit)
      const isSame = 'path' in own && 'path' in right && own.path === right.path
      const isRight = wanted.every(isSafeComponent) && (isSame || target === wanted.join(sep))
      return { kind: 'link', target, isRight }
    })
  }

  /** Returns the path of an entry in a directory that was found; otherwise what it is. */
  #placeOf(named: readonly string[]): string | Resolved {
    if (!named.every(isSafeComponent)) return { kind: 'outside' }
    const components = this.#hasRawNames && named.some(isSuspect) ? this.#spell(named) : named
    const name = components.at(-1)
    const directory = this.#findDirectory(components.slice(0, -1))
    if (name === undefined) return directory
    if (directory.kind === 'directory') return childPath(directory.path, name)
    return isFile(directory) ? MISSING_ENTRY : directory
  }

  #findDirectory(components: readonly string[]): Resolved {
    const path =
      components.length === 0 ? this.#realRoot : [this.#realRoot, ...components].join(sep)
    const known = this.#directories.get(path)
    if (known) return known
    // Only the root's path is known to have no links
    const find = components.length === 0 ? findEntry : resolveLinks
    const found = find(path, this.#limit)
    this.#directories.set(path, found)
    return found
  }

  /** Returns components as the disk has them: names that are not UTF-8 in place of mangled ones. */
  #spell(components: readonly string[]): string[] {
    let directory = this.#realRoot
    return components.map((name) => {
      if (isSuspect(name)) {
        const names = this.#mangled.get(directory) ?? readMangledIfThere(directory)
        this.#mangled.set(directory, names)
        const bytes = names.get(name)
        if (bytes) name = textOfPath(bytes)
      }
      directory = join(directory, name)
      return name
    })
  }
}

/** Files that are looked at on the event loop, as the root is. */
const FEW = 16

const MISSING_ENTRY: Resolved = { kind: 'missing' }

/** Empty for a directory that cannot be read: then the path is examined, with the same error. */
function readMangledIfThere(directory: string): ReadonlyMap<string, Buffer> {
  try {
    return readMangled(rawPath(directory))
  } catch (error) {
    if (osCodeOf(error) === undefined) throw error
    return new Map()
  }
}

function isFile({ kind }: Resolved): boolean {
  return kind === 'file' || kind === 'special file'
}

/** Examines a path whose directory has no links in its path. */
function findEntry(path: string, limit: string | null): Resolved {
  return resolvedBy(() => {
    const state = pathState(lstatSync(rawPath(path), { bigint: true }))
    return describe(path, state) ?? resolveLinks(path, limit)
  })
}

/** Examines the target of a path, which must be inside `limit`. Null means no limit. */
function resolveLinks(path: string, limit: string | null): Resolved {
  return resolvedBy(() => {
    const real = textOfPath(realpathSync.native(rawPath(path), 'buffer'))
    if (limit !== null && !isWithin(real, limit)) return { kind: 'outside' }
    const state = pathState(lstatSync(rawPath(real), { bigint: true }))
    return describe(real, state) ?? { kind: 'special file' }
  })
}

/** Returns the entry at a path; null for a symbolic link. */
function describe(path: string, state: PathState | Error): Resolved | null {
  if (state instanceof Error) return describeFailure(state)
  const { fingerprint } = state
  if (isOfKind(state, constants.S_IFREG)) return { kind: 'file', path, fingerprint }
  if (isOfKind(state, constants.S_IFLNK)) return null
  return isOfKind(state, constants.S_IFDIR) ? { kind: 'directory', path } : { kind: 'special file' }
}

/**
 * Resolves path components below a root, given by its real path, as InsideResolver does, but never
 * on the event loop.
 */
export async function resolveInside(root: string, named: readonly string[]): Promise<Resolved> {
  if (!named.every(isSafeComponent)) return { kind: 'outside' }
  try {
    const real = await realpath(join(root, ...named))
    if (!isWithin(real, root)) return { kind: 'outside' }
    const state = pathState(await lstat(real, { bigint: true }))
    return describe(real, state) ?? { kind: 'special file' }
  } catch (error) {
    return describeThrown(error)
  }
}

function resolvedBy(look: () => Resolved): Resolved {
  try {
    return look()
  } catch (error) {
    return describeThrown(error)
  }
}

function describeThrown(error: unknown): Resolved {
  if (!(error instanceof Error) || osCodeOf(error) === undefined) throw error
  return describeFailure(error)
}

function describeFailure(error: Error): Resolved {
  const absence = absenceOf(error)
  if (absence === 'missing') return MISSING_ENTRY
  return absence ? { kind: absence } : { kind: 'unreadable', reason: describeOsError(error) }
}
