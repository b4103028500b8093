import { type BigIntStats, constants } from 'node:fs'
import { access, lstat, open, readlink, realpath, stat } from 'node:fs/promises'
import { constants as system } from 'node:os'
import { dirname, join } from 'node:path'
import { systemError } from '../../base/errors.js'
import {
  type Fingerprint,
  fingerprintOf,
  readEncodedFingerprint,
} from '../../disk/file-lists/fingerprint.js'
import { isWithin } from '../../disk/look/inside.js'
import type { PathState } from '../../disk/look/stat-files.js'
import { loadNative } from '../../base/native-addon.js'
import { isRaw, rawPath, textOfPath } from '../../base/text/raw-path.js'

/*
 * Everything that is read below the root of a mirror is looked at here, and opened by
 * open-looked.ts. Others may write below the root, and exchange a directory for a link that leads
 * out at any moment. A look resolves the path beneath the root, and takes the state of a
 * descriptor. A file that is opened by name later counts only if its descriptor has the identity of
 * the look.
 */

/** The root of a tree, and whether links may lead out of it. */
export interface TreeRoot {
  readonly root: string
  readonly followSymlinks: boolean
}

/** A path below the root, as it was looked at. */
export interface Look extends PathState {
  /** The real path, and that of the root. */
  readonly absolutePath: string
  readonly realRoot: string
  readonly fingerprint: Fingerprint
  /** Whether the path itself is a link. */
  readonly isLink: boolean
  /** Whether this process may read it. */
  readonly isReadable: boolean
  /** The state of the directory that contains the path. */
  readonly parent: Fingerprint
  /** Of the names that were asked for, those in that directory. */
  readonly taken: readonly string[]
  /**
   * How the addon reads the root's file system; see native/below_root.c. Not 0 for one that is
   * known to be local, with times of a clock tick or better.
   */
  readonly waits: number
  /** The look for the addon; null if only the portable way can open it. */
  readonly native: Uint8Array | null
  /** The names in a directory, as the addon has them, if they were asked for and are not many. */
  readonly listed: Buffer | null
}

/** The addon's functions; see native/below_root.h. */
interface NativeLooks {
  readonly lookBelow: (names: readonly string[], most: number) => Promise<Buffer>
  readonly lookNow: (names: readonly string[], look: Uint8Array) => Buffer
}

/** Stands for all names in a directory. */
export const LISTED = 'listed'

/** Fewer entries than this are listed at once: a millisecond. */
const MOST_LISTED = 5000

const addon = loadNative<NativeLooks>('lookBelow', 'lookNow')

const { EAGAIN, EINVAL, ENOSYS, EPERM, EXDEV } = system.errno

/** The kernel or a sandbox lacks the call, or a link is absolute or led out for a moment. */
const NEEDS_OTHER_WAY = [ENOSYS, EPERM, EINVAL, EXDEV, EAGAIN]

/** Offsets in a native look; that of its words in words. */
const PARENT = 40
const WORDS = 88 / Int32Array.BYTES_PER_ELEMENT
const LENGTH = 116

/**
 * Looks at a path below the root, through links, off the event loop. Finds out which of some names
 * its directory contains, or lists the directory that it is. Rejects with the system's errors; a
 * path that leads out is missing.
 */
export async function lookBelow(
  place: TreeRoot,
  components: readonly string[],
  wanted: readonly string[] | typeof LISTED = [],
): Promise<Look> {
  const [names, most] = wanted === LISTED ? [[], MOST_LISTED] : [wanted, 0]
  const path = components.join('/') || '.'
  // The addon has texts
  if (isRaw(path)) return lookPortably(place, components, names)
  const bytes = await addon?.lookBelow([place.root, path, ruleOf(place), ...names], most)
  const look = bytes && readLook(bytes, names)
  if (look && look.error === 0) return look
  if (look && !NEEDS_OTHER_WAY.includes(look.error)) throw systemError(-look.error, 'open', path)
  return lookPortably(place, components, names)
}

/**
 * Looks as `lookBelow` does, but at once, without ever waiting for a disk. Null if that may be
 * impossible, or if nothing is there. `known` is another look below the same root.
 */
export function lookBelowNow(
  place: TreeRoot,
  components: readonly string[],
  names: readonly string[],
  { native }: Look,
): Look | null {
  const path = components.join('/')
  if (!addon || !native || isRaw(path)) return null
  const look = readLook(addon.lookNow([place.root, path, ruleOf(place), ...names], native), names)
  return look.error === 0 ? look : null
}

/** The rule of a root, as the addon has it. */
export function ruleOf({ followSymlinks }: TreeRoot): string {
  return followSymlinks ? 'anywhere' : 'beneath'
}

function readLook(bytes: Buffer, names: readonly string[]): Look & { readonly error: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const word = (i: number) => view.getInt32((WORDS + i) * Int32Array.BYTES_PER_ELEMENT, true)
  const taken = word(4)
  const listing = word(6) || bytes.length
  const [absolutePath = '', realRoot = ''] = bytes.toString('utf8', LENGTH, listing).split('\0')
  return {
    absolutePath,
    realRoot,
    fingerprint: readEncodedFingerprint(view, 0),
    parent: readEncodedFingerprint(view, PARENT),
    mode: word(0),
    waits: word(1),
    isLink: word(2) !== 0,
    isReadable: word(3) !== 0,
    taken: names.filter((_, i) => (taken & (1 << i)) !== 0),
    error: word(5),
    native: bytes,
    listed: word(6) === 0 ? null : bytes.subarray(listing),
  }
}

/**
 * Opens a path only to name it, whatever its kind and permissions; Node does not define this flag.
 */
const O_PATH = 0o10000000

/** Does the same with the calls of all systems. */
export async function lookPortably(
  { root, followSymlinks }: TreeRoot,
  components: readonly string[],
  names: readonly string[],
): Promise<Look> {
  const path = join(root, ...components)
  // Nothing is beside the root
  const directory = components.length === 0 ? path : dirname(path)
  const isThere = (name: string) => stateOf(join(directory, name)).then((found) => found !== null)
  const [realRoot, { absolutePath, stats }, parent, { isLink }, areThere] = await Promise.all([
    realpath(root),
    resolve(path),
    stateThrough(directory),
    lstat(rawPath(path)).then((own) => ({ isLink: own.isSymbolicLink() })),
    Promise.all(names.map(isThere)),
  ])
  if (!followSymlinks && !isWithin(absolutePath, realRoot)) throw missing(path)
  return {
    absolutePath,
    realRoot,
    fingerprint: fingerprintOf(stats),
    parent,
    mode: Number(stats.mode),
    waits: 0,
    isLink,
    isReadable: await access(rawPath(absolutePath), constants.R_OK).then(
      () => true,
      () => false,
    ),
    taken: names.filter((_, i) => areThere[i]),
    native: null,
    listed: null,
  }
}

/** The state of what a path leads to, through links. */
export async function stateThrough(path: string): Promise<Fingerprint> {
  return fingerprintOf(await stat(rawPath(path), { bigint: true }))
}

/**
 * The real path of an open file: on Linux that of its descriptor, which no exchanged link changes.
 */
export async function placeOf(descriptor: number, path: string): Promise<string> {
  if (process.platform !== 'linux') return realPath(path)
  return textOfPath(await readlink(`/proc/self/fd/${descriptor}`, 'buffer'))
}

/** The real path of what a path leads to, and its state: on Linux, those of a descriptor. */
async function resolve(path: string): Promise<{ absolutePath: string; stats: BigIntStats }> {
  if (process.platform !== 'linux') {
    const absolutePath = await realPath(path)
    return { absolutePath, stats: await lstat(rawPath(absolutePath), { bigint: true }) }
  }
  const handle = await open(rawPath(path), O_PATH)
  try {
    const absolutePath = await placeOf(handle.fd, path)
    const stats = await handle.stat({ bigint: true })
    // The kernel adds a word to the path of a removed file
    const named = absolutePath.endsWith(' (deleted)') ? await stateOf(absolutePath) : stats
    if (stats.nlink === 0n || named?.ino !== stats.ino) throw missing(path)
    return { absolutePath, stats }
  } finally {
    await handle.close()
  }
}

async function realPath(path: string): Promise<string> {
  return textOfPath(await realpath(rawPath(path), 'buffer'))
}

function stateOf(path: string): Promise<BigIntStats | null> {
  return lstat(rawPath(path), { bigint: true }).catch(() => null)
}

function missing(path: string): Error {
  return systemError(-system.errno.ENOENT, 'open', path)
}
