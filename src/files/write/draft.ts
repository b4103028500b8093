import * as fs from 'node:fs'
import { rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { osCodeOf } from '../../errors.js'
import { makeTemporaryName } from '../temporary-files.js'

/** The user number and group number of a file's owner. */
export interface Owner {
  uid: number
  gid: number
}

/** Bytes, or slices of them. A slice must stay valid only until the next. */
export type Bytes = Uint8Array | Iterable<Uint8Array>

/** The content and attributes of a new file. */
interface Content {
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

/** A file under its temporary name. */
interface WrittenDraft {
  readonly draft: string
  /** The number of its file system. */
  readonly device: number
}

/**
 * Bytes of a file that is written at once if others sync it: until a thread has begun, the system
 * has it in memory.
 */
const SMALL = 64 * 1024

/** Writes a new file beside `path`, and syncs it unless others do. */
export async function writeDraft(
  path: string,
  content: Content,
  isSynced = true,
): Promise<WrittenDraft> {
  const draft = join(dirname(path), makeTemporaryName(basename(path)))
  const { bytes } = content
  const small = !isSynced && bytes instanceof Uint8Array && bytes.length <= SMALL ? bytes : null
  const mode = firstMode(content)
  const descriptor = small ? fs.openSync(draft, 'wx', mode) : await open(draft, 'wx', mode)
  let device = 0
  await orDiscard(draft, async () => {
    try {
      if (small) writeNow(descriptor, small)
      else await writeAll(descriptor, bytes)
      device = setAttributes(descriptor, content)
      if (isSynced) await sync(descriptor)
    } finally {
      fs.closeSync(descriptor)
    }
  })
  return { draft, device }
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

/**
 * Returns the permission bits for creating the file. Before it has its owner, only this user may
 * open it.
 */
function firstMode({ mode = 0o666, owner }: Pick<Content, 'mode' | 'owner'>): number {
  return owner === undefined || isOurs(owner) ? mode : 0o600
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
  for (const slice of bytes) {
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

function writeNow(descriptor: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += fs.writeSync(descriptor, bytes, at)
}

/**
 * Sets owner and mode only if they differ; usually umask and the directory have set them correctly.
 * Returns the number of the file system.
 */
function setAttributes(descriptor: number, { mode, owner }: Content): number {
  const stats = fs.fstatSync(descriptor)
  const isGiven = !owner || (stats.uid === owner.uid && stats.gid === owner.gid)
  if (!isGiven) giveTo(owner, descriptor)
  if (mode !== undefined && mode !== (stats.mode & PERMISSION_BITS)) fs.fchmodSync(descriptor, mode)
  return stats.dev
}

/** Sets the owner. Only root may do so; other users keep their files. */
function giveTo({ uid, gid }: Owner, descriptor: number): void {
  try {
    fs.fchownSync(descriptor, uid, gid)
  } catch (error) {
    if (osCodeOf(error) !== 'EPERM') throw error
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
  const handle = await fs.promises.open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
