import { isUtf8 } from 'node:buffer'
import { close, constants, fstat, open, read } from 'node:fs'
import { opendir, realpath } from 'node:fs/promises'
import { constants as system } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { splitNames } from '../../base/bytes.js'
import { osCodeOf, systemError } from '../../base/errors.js'
import {
  type Fingerprint,
  fingerprintOf,
  sameFingerprint,
} from '../../disk/file-lists/fingerprint.js'
import { unlessInterrupted } from '../../disk/look/read-bounded.js'
import { GUARDED_READ } from '../../disk/hash/stream/reading.js'
import { loadNative } from '../../base/native-addon.js'
import { rawPath, textOfPath } from '../../base/text/raw-path.js'
import { type Look, type TreeRoot, placeOf, ruleOf, stateThrough } from './below-root.js'

/** The real path of an entry, and its state. */
type LookedAt = Pick<Look, 'absolutePath' | 'fingerprint'>

/** An open directory. The caller must close it. */
export interface OpenDirectory {
  /** A path that leads to this directory, whatever its name leads to now. */
  readonly path: string
  readonly close: () => Promise<void>
}

const ASCII = /^[\0-\x7f]*$/

/** A name in a directory, with its kind if the directory contains that. */
export interface MirrorEntry {
  readonly name: string
  readonly kind: 'file' | 'directory' | 'unknown'
}

/** Entries that are read at once. */
export const READ_AT_ONCE = 512

/**
 * Reads the entries of an open directory, some hundreds at a time. Names are as textOfPath has
 * them. Throws the system's errors.
 */
export async function* readInChunks({
  path,
}: Pick<OpenDirectory, 'path'>): AsyncGenerator<readonly MirrorEntry[]> {
  let chunk: MirrorEntry[] = []
  for await (const entry of await opendir(path, { bufferSize: READ_AT_ONCE, encoding: 'latin1' })) {
    const name = ASCII.test(entry.name) ? entry.name : textOfPath(Buffer.from(entry.name, 'latin1'))
    const kind = entry.isFile() ? 'file' : entry.isDirectory() ? 'directory' : 'unknown'
    if (chunk.push({ name, kind }) < READ_AT_ONCE) continue
    yield chunk
    chunk = []
  }
  yield chunk
}

/** Reads names of an open directory in any order, at most so many or some hundreds more. */
export async function readNames(
  directory: Pick<OpenDirectory, 'path'>,
  most: number,
): Promise<string[]> {
  const bytes = await addon?.listNamesAsync(directory.path, most)
  if (bytes) return parseEntries(bytes).map(({ name }) => name)
  const read: string[] = []
  for await (const entries of readInChunks(directory)) {
    for (const { name } of entries) read.push(name)
    if (read.length >= most) break
  }
  return read
}

/** The entries in a list of the addon, which marks their kinds with slashes. */
export function parseEntries(bytes: Buffer): MirrorEntry[] {
  // One text for all is decoded once
  const text = isUtf8(bytes)
    ? bytes.toString().split('\0')
    : Array.from(splitNames(bytes), textOfPath)
  // The list ends with a NUL
  return text.slice(0, -1).map((name) => {
    if (!name.endsWith('/')) return { name, kind: 'file' }
    if (!name.endsWith('//')) return { name: name.slice(0, -1), kind: 'directory' }
    return { name: name.slice(0, -2), kind: 'unknown' }
  })
}

const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW

/** Opens a directory that was looked at; null if its name leads elsewhere now. */
export async function openDirectory(look: LookedAt): Promise<OpenDirectory | null> {
  if (process.platform !== 'linux')
    return { path: look.absolutePath, close: () => Promise.resolve() }
  const isSame: typeof sameFingerprint = (now, { inode, device }) =>
    now.inode === inode && now.device === device
  const fd = await openSame(look, DIRECTORY, isSame)
  return fd === null ? null : { path: `/proc/self/fd/${fd}`, close: () => closeFile(fd) }
}

/**
 * Reads the first bytes of a file that was looked at: at most so many, and all if it has less. Null
 * if another file is there.
 */
export async function readBeginning(look: LookedAt, most: number): Promise<Buffer | null> {
  const fd = await openSame(look, GUARDED_READ, isGrown)
  if (fd === null) return null
  try {
    const buffer = Buffer.allocUnsafe(Math.min(most, look.fingerprint.size + 1))
    let length = 0
    // Some file systems give less than was asked for
    for (let got = -1; got !== 0 && length < buffer.length; length += got)
      got = await readLater(fd, buffer.subarray(length), length)
    return buffer.subarray(0, length)
  } finally {
    await closeFile(fd)
  }
}

/**
 * Whether a file still has the bytes of a look, as far as its size tells, and others may have been
 * added.
 */
function isGrown(now: Fingerprint, { inode, device, size }: Fingerprint): boolean {
  return now.inode === inode && now.device === device && now.size >= size
}

/** Opens a path, and checks its descriptor. */
async function openSame(
  { absolutePath, fingerprint }: LookedAt,
  flags: number,
  isSame: typeof sameFingerprint,
): Promise<number | null> {
  const fd = await openPath(rawPath(absolutePath), flags).catch((error: unknown) => {
    if (REPLACED.includes(osCodeOf(error) ?? '')) return null
    throw error
  })
  if (fd === null) return null
  const stats = await statOpen(fd, { bigint: true }).catch(() => null)
  if (stats && isSame(fingerprintOf(stats), fingerprint)) return fd
  await closeFile(fd)
  return null
}

/** Codes for an entry that another one replaced: none, a link, no directory, a socket. */
const REPLACED = ['ENOENT', 'ELOOP', 'EMLINK', 'ENOTDIR', 'ENXIO']

const openPath = promisify(open)
const statOpen = promisify(fstat)
const readOpen = promisify(read)

/** Closes a file that was opened here. */
export function closeFile(descriptor: number): Promise<void> {
  // Nothing was written to it, so that an error matters to nobody
  return new Promise((resolve) => {
    close(descriptor, () => {
      resolve()
    })
  })
}

/** Reads from an open file off the event loop; returns the number of bytes, 0 at its end. */
export function readLater(fd: number, target: Uint8Array, offset: number): Promise<number> {
  return unlessInterrupted(async () => {
    return (await readOpen(fd, target, 0, target.length, offset)).bytesRead
  })
}

/** A file below the root that was looked at. */
export interface LookedFile {
  readonly place: TreeRoot
  /** Its path from the root. */
  readonly path: string
  readonly look: Look
  /** Whether the look is so new that the state of the file's directory need not be compared. */
  readonly isFresh: boolean
  /** Whether it may have grown since: it is written all the time, and what the look saw is sent. */
  readonly mayGrow?: boolean
}

/** The first bytes to read of a file when it is opened. */
export interface FirstRead {
  readonly target: Uint8Array
  readonly offset: number
  /** Whether more will be read, so that the file stays open. */
  readonly isMore: boolean
}

/** A file that was opened. */
export interface OpenedFile {
  /** Null if all that was wanted is read. The caller must close it. */
  readonly descriptor: number | null
  /** Bytes in the target. */
  readonly bytesRead: number
}

/** Functions of the addon; see native/below_root.h, and native/stat_files.h for the first. */
interface NativeOpening {
  readonly listNamesAsync: (directory: string, most: number) => Promise<Buffer | null>
  readonly openNow: (...values: NativeArguments) => void
  readonly openLater: (...values: NativeArguments) => Promise<void>
  readonly readNow: (
    ...values: readonly [descriptor: number, waits: number, target: Uint8Array, offset: number]
  ) => number
}

type NativeArguments = readonly [
  root: string,
  path: string,
  rule: string,
  look: Uint8Array,
  target: Uint8Array,
  offset: number,
  flags: number,
  result: Int32Array,
]

const addon = loadNative<NativeOpening>('listNamesAsync', 'openNow', 'openLater', 'readNow')

/** Flags of the addon's calls. */
const KEEPS_OPEN = 1
const IS_FRESH = 2

/** Results of calls that do not wait; one is enough, because no other call comes between. */
const resultNow = new Int32Array(3)

/**
 * Opens a file if it and its directory are in the state of its look, and reads its beginning,
 * without ever waiting for a disk. Null if that may be impossible: then `openLater` tells.
 */
export function openNow(
  { place, path, look }: Omit<LookedFile, 'isFresh'>,
  { target, offset, isMore }: FirstRead,
): OpenedFile | null {
  if (!addon || !look.native) return null
  const flags = isMore ? KEEPS_OPEN : 0
  const { root } = place
  addon.openNow(root, path, ruleOf(place), look.native, target, offset, flags, resultNow)
  return openedFile(resultNow)
}

/**
 * Whether a file and its directory are in the state of a look, never waiting for a disk. Of a path
 * with a slash at its end, only the directory counts.
 */
export function isUnchangedNow(looked: Omit<LookedFile, 'isFresh'>): boolean {
  return openNow(looked, NOTHING_READ) !== null
}

const BEGINNING = Buffer.allocUnsafeSlow(16 * 1024)

/**
 * The first bytes of a file, at most 16 KiB of them, until the next call. Never waits for a disk;
 * null if that may be impossible.
 */
export function readBeginningNow(looked: Omit<LookedFile, 'isFresh'>): Uint8Array | null {
  const target = BEGINNING.subarray(0, looked.look.fingerprint.size)
  const opened = openNow(looked, { target, offset: 0, isMore: false })
  if (opened?.descriptor == null) return opened && target
  void closeFile(opened.descriptor)
  return null
}

const NOTHING_READ = { target: new Uint8Array(0), offset: 0, isMore: false }

function openedFile([descriptor = -1, bytesRead = 0, error = 0]: Int32Array): OpenedFile | null {
  return error === 0 ? { descriptor: descriptor < 0 ? null : descriptor, bytesRead } : null
}

/** Does the same as `openNow` off the event loop. Null if the file is in another state, or gone. */
export async function openLater(file: LookedFile, first: FirstRead): Promise<OpenedFile | null> {
  const { place, path, look, isFresh, mayGrow = false } = file
  if (!addon || !look.native || mayGrow) return openPortably(file, first)
  const { target, offset, isMore } = first
  const flags = (isMore ? KEEPS_OPEN : 0) | (isFresh ? IS_FRESH : 0)
  const result = new Int32Array(3)
  const { root } = place
  await addon.openLater(root, path, ruleOf(place), look.native, target, offset, flags, result)
  return openedFile(result)
}

async function openPortably(file: LookedFile, { target, offset, isMore }: FirstRead) {
  const { look, isFresh, mayGrow = false } = file
  const isSame = mayGrow ? isGrown : sameFingerprint
  const descriptor = await openSame(look, GUARDED_READ, isSame).catch((error: unknown) => {
    // Another look tells what the client may know of it
    if (!isFresh && osCodeOf(error) !== undefined) return null
    throw error
  })
  if (descriptor === null) return null
  let isKept = false
  try {
    if (!isFresh && !(await isAsLooked(file, descriptor))) return null
    const bytesRead = await readLater(descriptor, target, offset)
    isKept = isMore || bytesRead < target.length
    return { descriptor: isKept ? descriptor : null, bytesRead }
  } finally {
    if (!isKept) await closeFile(descriptor)
  }
}

/**
 * Whether a path still leads to the open file of its look. The file is where it was, so it is below
 * the root if that is where it was, too; its name still leads to it if the directory did not
 * change.
 */
async function isAsLooked({ place, path, look }: LookedFile, descriptor: number): Promise<boolean> {
  const through = join(place.root, path)
  try {
    const [realRoot, absolutePath, parent, fingerprint] = await Promise.all([
      realpath(place.root),
      placeOf(descriptor, look.absolutePath),
      stateThrough(dirname(through)),
      // The directories that a link leads through are others
      look.isLink ? stateThrough(through) : look.fingerprint,
    ])
    return (
      realRoot === look.realRoot &&
      absolutePath === look.absolutePath &&
      sameFingerprint(parent, look.parent) &&
      sameFingerprint(fingerprint, look.fingerprint)
    )
  } catch {
    return false
  }
}

/**
 * Whether an open file was rewritten since its look. One that only grew still has what the look
 * saw.
 */
export async function isRewritten({
  descriptor,
  look,
}: Pick<OpenedFile, 'descriptor'> & { look: Pick<Look, 'fingerprint'> }): Promise<boolean> {
  if (descriptor === null) return false
  const now = fingerprintOf(await statOpen(descriptor, { bigint: true }))
  const { fingerprint: before } = look
  return now.size <= before.size && now.mtimeNs !== before.mtimeNs
}

/** Reads from an open file what is in memory; null if it would have to wait. */
export function readNow(
  descriptor: number,
  { native, waits }: Pick<Look, 'native' | 'waits'>,
  target: Uint8Array,
  offset: number,
): number | null {
  if (!addon || !native) return null
  const bytes = addon.readNow(descriptor, waits, target, offset)
  if (bytes >= 0) return bytes
  if (bytes === -system.errno.EAGAIN) return null
  throw systemError(bytes, 'read')
}
