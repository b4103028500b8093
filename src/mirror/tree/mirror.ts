import { constants } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { asBtkitError, osCodeOf } from '../../base/errors.js'
import { absenceOf } from '../../disk/look/inside.js'
import type { ScannedFile } from '../../disk/file-lists/scanned-file.js'
import { isOfKind } from '../../disk/look/stat-files.js'
import { isPlainName } from '../../metainfo/name.js'
import { type LISTED, type Look, lookBelow, type TreeRoot } from './below-root.js'
import {
  type MirrorEntry,
  type OpenDirectory,
  openDirectory,
  parseEntries,
  readBeginning,
  readInChunks,
} from './open-looked.js'
import { isRootThere, missingRoot } from './root-watch.js'
import {
  IsDirectory,
  malformed,
  notFound,
  notPermitted,
  NotReady,
  Refusal,
} from '../../server/headers/refusal.js'
import { clipText, escapeText } from '../../base/text/escape.js'
import { isRaw } from '../../base/text/raw-path.js'

/** The published part of a file system. Its root may be a link, which may lead elsewhere later. */
export interface Mirror extends TreeRoot {
  /** Whether names that begin with a dot are published. */
  readonly hidden: boolean
}

/** The first component of the service's own addresses, which are never files. */
export const RESERVED = '-'

/** The second component of the pkgtorrent protocol's addresses, and the directory of null files. */
export const SERVICE_NAME = 'torrent_service'

/** Whether a path contains a name that is not published. */
export function isWithheld(components: readonly string[], mirror: Mirror): boolean {
  return components.some((name, depth) => isNameWithheld(name, depth, mirror))
}

/**
 * Whether a path is a well-known one (RFC 8615), such as that of a challenge for a certificate. Its
 * file is served, but no page or pattern shows it, and it has no views.
 */
export function isWellKnown([first, ...below]: readonly string[]): boolean {
  return first === '.well-known' && below.every((name) => !name.startsWith('.'))
}

/** Whether a name is not published in directories so many levels below the root. */
export function isNameWithheld(name: string, depth: number, { hidden }: Mirror): boolean {
  return (depth === 0 && name === RESERVED) || (!hidden && name.startsWith('.'))
}

/**
 * Looks up what a mirror publishes, with calls that never block. Make one for each request: the
 * root is resolved only once, so that no request gets files of two roots.
 */
export class MirrorView {
  #root: Promise<string> | null = null

  constructor(
    readonly mirror: Mirror,
    /** Whether it looks for a file to serve, which may be a well-known one. */
    private readonly isForFile = false,
  ) {}

  /**
   * The regular file that a path leads to, through links.
   * @throws Refusal if there is none, or it is not published
   */
  async file(components: readonly string[]): Promise<ScannedFile> {
    return fileOf(components, await this.look(components))
  }

  /**
   * The target of a path of any kind, through links; and which of some names are beside it, or
   * those in it.
   * @throws Refusal if there is none, or it is not published
   */
  async look(
    components: readonly string[],
    names: readonly string[] | typeof LISTED = [],
  ): Promise<Look> {
    const isServed = this.isForFile && isWellKnown(components)
    if (!isServed && isWithheld(components, this.mirror))
      throw notFound(formatMirrorPath(components))
    try {
      if (this.#root)
        return await lookBelow({ ...this.mirror, root: await this.#root }, components, names)
      const first = lookBelow(this.mirror, components, names)
      this.#root = first.then(({ realRoot }) => realRoot).catch(() => realpath(this.mirror.root))
      this.#root.catch(() => undefined)
      return await first
    } catch (error) {
      throw await toRefusal(error, components, this.mirror)
    }
  }

  /**
   * The directory that a path leads to, through links.
   * @throws Refusal if there is none, or it is not published
   */
  async directory(components: readonly string[], names?: typeof LISTED): Promise<Look> {
    const look = await this.look(components, names)
    if (isOfKind(look, constants.S_IFDIR)) return look
    throw notFound(formatMirrorPath(components))
  }
}

/**
 * The regular file that was looked at.
 * @throws Refusal if it is none, or cannot be read
 */
export function fileOf(path: readonly string[], look: Look): ScannedFile {
  if (isOfKind(look, constants.S_IFDIR)) throw new IsDirectory(formatMirrorPath(path))
  if (!isOfKind(look, constants.S_IFREG)) throw notFound(formatMirrorPath(path))
  if (!look.isReadable) throw notPermitted(formatMirrorPath(path))
  return { path: [...path], absolutePath: look.absolutePath, fingerprint: look.fingerprint }
}

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

/** Whether a torrent can contain the name, which must be UTF-8. */
export function isNameable(name: string): boolean {
  return isPlainName(name) && !isRaw(name)
}

/** Whether the mirror can have a file or directory at a path, as far as its last name says. */
export function isAddressable(path: readonly string[]): boolean {
  return isPlainName(path.at(-1) ?? '') && path[0] !== RESERVED
}

/**
 * Makes sure that a path is UTF-8, as those of torrents are.
 * @throws Refusal
 */
export function requireUtf8(path: readonly string[]): void {
  if (!path.some(isRaw)) return
  throw new Refusal('incompatible', `${formatMirrorPath(path)}: ${NOT_UTF8}`)
}

/** Why torrents have no such name. */
export const NOT_UTF8 = 'not UTF-8, as all names in torrents must be; rename it'

/**
 * Opens a directory that was looked up. The caller must close it.
 * @throws Refusal; the system's errors
 */
export async function openLooked(look: Look): Promise<OpenDirectory> {
  const opened = await openDirectory(look)
  if (opened) return opened
  throw directoryChanges()
}

/** Refuses a directory that another one replaces while it is read. */
export function directoryChanges(): NotReady {
  return new NotReady('the directory changes while it is read; try again in 5 s', 5)
}

/**
 * Reads one byte more than `most` of a published file, if there is one; null if there is no such
 * file.
 */
export async function readPublished(
  path: readonly string[],
  most: number,
  mirror: Mirror,
): Promise<Buffer | null> {
  try {
    return await readBeginning(await new MirrorView(mirror).file(path), most + 1)
  } catch (error) {
    if (error instanceof Refusal) return null
    throw error
  }
}

/**
 * Reads the entries of a directory that was looked up and LISTED, some at a time. Throws as
 * openLooked.
 */
export function readEntries(look: Look) {
  return look.listed ? [parseEntries(look.listed)] : readOpened(look)
}

async function* readOpened(look: Look): AsyncGenerator<readonly MirrorEntry[]> {
  const opened = await openLooked(look)
  try {
    yield* readInChunks(opened)
  } finally {
    await opened.close()
  }
}

/** Concurrent lookups of files; usually one of the system's few threads does them together. */
export const LOOKS_AT_ONCE = 32

/** Longest path in a request, in UTF-16 units; systems do not have longer ones. */
const MAX_PATH = 4096

/**
 * The components of a client's path on the mirror: `/yum/7/a.rpm`. It may end with a slash, for a
 * directory; empty for the root. Double slashes are accepted, because they are common in addresses.
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
