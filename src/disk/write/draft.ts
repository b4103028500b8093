import * as fs from 'node:fs'
import { rm } from 'node:fs/promises'
import { promisify } from 'node:util'
import { closeDone } from '../../base/directories.js'
import { osCodeOf, systemError } from '../../base/errors.js'
import { loadNative } from '../../base/native-addon.js'

/** The user number and group number of a file's owner. */
interface Owner {
  uid: number
  gid: number
}

/** Bytes, or slices of them. A slice must stay valid only until the next. */
export type Bytes = Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>

/** A file under its temporary name. */
export interface Draft {
  readonly draft: string
  /** The path to write to, with links to the file resolved. */
  readonly path: string
  /** The same path for records, by which one job of a batch has the file. */
  readonly claimed: string
  readonly bytes: Bytes
  /** Permission bits, or undefined for those that umask leaves. */
  readonly mode: number | undefined
  /**
   * The owner to set, as far as the system allows this user to set it: that of the file which is
   * replaced, or undefined for a new file.
   */
  readonly owner: Owner | undefined
}

const PERMISSION_BITS = 0o7777

// Descriptors, because FileHandles take twice the time for a thousand small files
const open = promisify(fs.open)
const write = promisify(fs.write)
const sync = promisify(fs.fsync)

/** Writes a draft, and syncs it unless others do. */
export async function writeDraft(file: Draft, isSynced: boolean): Promise<void> {
  const { draft, mode = 0o666 } = file
  // Before the file has its owner, only this user may open it
  const descriptor = await open(draft, 'wx', isOurs(file.owner) ? mode : 0o600)
  await orDiscard(draft, async () => {
    try {
      await writeAll(descriptor, file.bytes)
      setAttributes(descriptor, file)
      if (isSynced) await sync(descriptor)
    } finally {
      fs.closeSync(descriptor)
    }
  })
}

/** Largest draft in bytes that is written together with others. */
const SMALL = 64 * 1024

/** The native addon's function; native/drafts.h has the contract. */
const addon = loadNative<{
  writeDraftsAsync: (
    paths: readonly string[],
    contents: readonly Uint8Array[],
    modes: Int32Array,
  ) => Promise<Int32Array>
}>('writeDraftsAsync')

const NO_MODE = -1

/**
 * Writes the drafts that can be written together, without syncing them. Returns for each of these,
 * by its path, the error if it failed, or null.
 */
export async function writeSmallDrafts(
  drafts: readonly Draft[],
): Promise<ReadonlyMap<string, Error | null>> {
  const small = drafts.flatMap(({ draft, bytes, mode = NO_MODE, owner }) => {
    const isSmall = bytes instanceof Uint8Array && bytes.length <= SMALL
    return isSmall && isOurs(owner) ? [{ draft, bytes, mode }] : []
  })
  if (small.length === 0 || !addon) return new Map()
  const paths = small.map(({ draft }) => draft)
  const contents = small.map(({ bytes }) => bytes)
  const modes = Int32Array.from(small, ({ mode }) => mode)
  const errors = await addon.writeDraftsAsync(paths, contents, modes)
  return new Map(
    paths.map((draft, i) => [draft, errors[i] ? systemError(-errors[i], 'write', draft) : null]),
  )
}

/** Calls `act`, and removes the draft if it fails. */
export async function orDiscard(draft: string, act: () => Promise<void>): Promise<void> {
  try {
    await act()
  } catch (error) {
    // The first error must be reported, even if this fails as well.
    await rm(draft, { force: true }).catch(() => undefined)
    throw error
  }
}

const us = { uid: process.geteuid?.(), gid: process.getegid?.() }

/** Whether a file belongs to this user anyway. */
function isOurs(owner: Owner | undefined): boolean {
  return owner === undefined || (owner.uid === us.uid && owner.gid === us.gid)
}

/** Bytes of slices that are collected for one write. Other work runs between two writes. */
const CHUNK = 64 * 1024

async function writeAll(descriptor: number, bytes: Bytes): Promise<void> {
  if (bytes instanceof Uint8Array) {
    await writeWhole(descriptor, bytes)
    return
  }
  // With a buffer for each write, all of them would stay in memory until the garbage collection
  const gathered = Buffer.allocUnsafe(CHUNK)
  let length = 0
  for await (const slice of bytes) {
    for (let at = 0; at < slice.length;) {
      const part = slice.subarray(at, at + CHUNK - length)
      gathered.set(part, length)
      length += part.length
      at += part.length
      if (length < CHUNK) continue
      await writeWhole(descriptor, gathered)
      length = 0
    }
  }
  await writeWhole(descriptor, gathered.subarray(0, length))
}

async function writeWhole(descriptor: number, bytes: Uint8Array): Promise<void> {
  let at = 0
  do {
    const { bytesWritten } = await write(descriptor, bytes, at, bytes.length - at, null)
    at += bytesWritten
  } while (at < bytes.length)
}

/**
 * Sets owner and mode only if they differ; usually umask and the directory have set them correctly.
 */
function setAttributes(descriptor: number, { mode, owner }: Draft): void {
  if (mode === undefined && !owner) return
  const stats = fs.fstatSync(descriptor)
  const isGiven = !owner || (stats.uid === owner.uid && stats.gid === owner.gid)
  const isSet = mode === undefined || mode === (stats.mode & PERMISSION_BITS)
  if (!isGiven)
    attempt(() => {
      fs.fchownSync(descriptor, owner.uid, owner.gid)
    })
  if (!isSet)
    attempt(() => {
      fs.fchmodSync(descriptor, mode)
    })
}

/**
 * Sets an attribute if that is possible. Only root may give files away, and some file systems, such
 * as FAT, have neither owners nor modes.
 */
function attempt(set: () => void): void {
  try {
    set()
  } catch (error) {
    if (!['EPERM', 'ENOSYS', 'ENOTSUP'].includes(osCodeOf(error) ?? '')) throw error
  }
}

/** Error codes of systems and file systems that cannot sync a directory, or do not permit it. */
const UNABLE: ReadonlySet<string | undefined> = new Set([
  'EACCES',
  'EBADF',
  'EINVAL',
  'EISDIR',
  'ENOSYS',
  'ENOTSUP',
  'EPERM',
])

/** Makes the names in a directory survive a power failure, if the platform can. */
export async function syncDirectory(path: string): Promise<void> {
  await syncEntry(path).catch((error: unknown) => {
    if (!UNABLE.has(osCodeOf(error))) throw error
  })
}

/** Makes a file or a directory survive a power failure. Throws system errors unchanged. */
export async function syncEntry(path: string): Promise<void> {
  const descriptor = await open(path, 'r')
  try {
    await sync(descriptor)
  } finally {
    closeDone(descriptor)
  }
}
