import * as fs from 'node:fs'
import { rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { osCodeOf } from '../../errors.js'
import { makeTemporaryName } from '../temporary-name.js'

/** The user number and group number of a file's owner. */
export interface Owner {
  uid: number
  gid: number
}

/** The content and attributes of a new file. */
export interface Draft {
  bytes: Uint8Array
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

/** Writes a new file beside `path`, and syncs it unless others do. Returns its path. */
export async function writeDraft(path: string, content: Draft, isSynced = true): Promise<string> {
  const draft = join(dirname(path), makeTemporaryName(basename(path)))
  const descriptor = await open(draft, 'wx', firstMode(content))
  await orDiscard(draft, async () => {
    try {
      await writeAll(descriptor, content.bytes)
      setAttributes(descriptor, content)
      if (isSynced) await sync(descriptor)
    } finally {
      fs.closeSync(descriptor)
    }
  })
  return draft
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
export function firstMode({ mode = 0o666, owner }: Pick<Draft, 'mode' | 'owner'>): number {
  return owner === undefined || isOurs(owner) ? mode : 0o600
}

const us = { uid: process.geteuid?.(), gid: process.getegid?.() }

function isOurs({ uid, gid }: Owner): boolean {
  return uid === us.uid && gid === us.gid
}

async function writeAll(descriptor: number, bytes: Uint8Array): Promise<void> {
  let at = 0
  do {
    const { bytesWritten } = await write(descriptor, bytes, at, bytes.length - at, at)
    at += bytesWritten
  } while (at < bytes.length)
}

/**
 * Sets owner and mode only if they differ; usually umask and the directory have set them correctly.
 */
function setAttributes(descriptor: number, { mode, owner }: Draft): void {
  const stats = fs.fstatSync(descriptor)
  const isGiven = !owner || (stats.uid === owner.uid && stats.gid === owner.gid)
  if (!isGiven) giveTo(owner, descriptor)
  if (mode !== undefined && mode !== (stats.mode & PERMISSION_BITS)) fs.fchmodSync(descriptor, mode)
}

/** Sets the owner. Only root may do so; other users keep their files. */
function giveTo({ uid, gid }: Owner, descriptor: number): void {
  try {
    fs.fchownSync(descriptor, uid, gid)
  } catch (error) {
    if (osCodeOf(error) !== 'EPERM') throw error
  }
}
