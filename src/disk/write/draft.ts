import * as fs from 'node:fs'
import { rm } from 'node:fs/promises'
import { promisify } from 'node:util'
import { osCodeOf, systemError } from '../../base/errors.js'
import { loadNative } from '../../base/native-addon.js'

/** The user number and group number of a file's owner. */
export interface Owner {
  uid: number
  gid: number
}

/** Bytes, or slices of them. A slice must stay valid only until the next. */
export type Bytes = Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>

/** The content and attributes of a new file. */
export interface DraftContent {
  bytes: Bytes
  /** Permission bits, or undefined for those that umask leaves. */
  mode: number | undefined
  /** The owner to set, as far as the system allows this user to set it. */
  owner: Owner | undefined
}

const PERMISSION_BITS = 0o7777

// Descriptors, because FileHandles take twice the time for a thousand small files
const open = promisify(fs.open)
const write = promisify(fs.write)
const sync = promisify(fs.fsync)

/** Writes a new file at `draft`, and syncs it unless others do. */
export async function writeDraft(
  draft: string,
  content: DraftContent,
  isSynced: boolean,
): Promise<void> {
  const { mode = 0o666, owner } = content
  // Before the file has its owner, only this user may open it
  const descriptor = await open(draft, 'wx', owner === undefined || isOurs(owner) ? mode : 0o600)
  await orDiscard(draft, async () => {
    try {
      await writeAll(descriptor, content.bytes)
      setAttributes(descriptor, content)
      if (isSynced) await sync(descriptor)
    } finally {
      fs.closeSync(descriptor)
    }
  })
}

/** Largest draft in bytes that is written together with others. */
const SMALL = 64 * 1024

/** A draft that can be written together with others. */
interface SmallDraft {
  readonly draft: string
  readonly bytes: Uint8Array
  readonly mode: number | undefined
}

/** Returns a draft that can be written together with others; null if it must be written alone. */
export function smallDraft(draft: string, { bytes, mode, owner }: DraftContent): SmallDraft | null {
  const isSmall = bytes instanceof Uint8Array && bytes.length <= SMALL
  return isSmall && (owner === undefined || isOurs(owner)) ? { draft, bytes, mode } : null
}

/** The native addon's function; native/drafts.h has the contract. */
type WriteDrafts = (
  paths: readonly string[],
  contents: readonly Uint8Array[],
  modes: Int32Array,
) => Promise<Int32Array>

const nativeWrite =
  loadNative<{ writeDraftsAsync: WriteDrafts }>('writeDraftsAsync')?.writeDraftsAsync ?? null

/** Whether drafts can be written together. */
export const writesTogether = nativeWrite !== null

const NO_MODE = -1

/** Writes small drafts without syncing them. Returns the error of each that failed, by its path. */
export async function writeSmallDrafts(
  drafts: readonly SmallDraft[],
): Promise<ReadonlyMap<string, Error>> {
  const failed = new Map<string, Error>()
  if (drafts.length === 0 || !nativeWrite) return failed
  const paths = drafts.map(({ draft }) => draft)
  const contents = drafts.map(({ bytes }) => bytes)
  const modes = Int32Array.from(drafts, ({ mode }) => mode ?? NO_MODE)
  const errors = await nativeWrite(paths, contents, modes)
  for (const [i, draft] of paths.entries()) {
    const errno = errors[i] ?? 0
    if (errno !== 0) failed.set(draft, systemError(-errno, 'write', draft))
  }
  return failed
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

function isOurs({ uid, gid }: Owner): boolean {
  return uid === us.uid && gid === us.gid
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
function setAttributes(descriptor: number, { mode, owner }: DraftContent): void {
  if (mode === undefined && !owner) return
  const stats = fs.fstatSync(descriptor)
  const isGiven = !owner || (stats.uid === owner.uid && stats.gid === owner.gid)
  attempt(() => {
    if (!isGiven) fs.fchownSync(descriptor, owner.uid, owner.gid)
  })
  attempt(() => {
    const isSet = mode === undefined || mode === (stats.mode & PERMISSION_BITS)
    if (!isSet) fs.fchmodSync(descriptor, mode)
  })
}

/**
 * Sets an attribute if that is possible. Only root may give files away, and some file systems, such as
 * FAT, have neither owners nor modes.
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
    fs.closeSync(descriptor)
  }
}
