import * as fs from 'node:fs'
import { rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { osCodeOf } from '../../errors.js'
import { makeTemporaryName } from '../temporary-name.js'

/** The user and group of a file, by their numbers. */
export interface Owner {
  uid: number
  gid: number
}

/** The content and the attributes of a new file. */
export interface Draft {
  bytes: Uint8Array
  /** permission bits, or undefined for what umask leaves */
  mode: number | undefined
  /** whose it is to be, as far as the system lets this user give it away */
  owner: Owner | undefined
}

const PERMISSION_BITS = 0o7777

// Descriptors rather than FileHandles, which cost a thousand small files twice the time
const open = promisify(fs.open)
const write = promisify(fs.write)
const sync = promisify(fs.fsync)

/** Writes a new file beside `path`, safely on the disk, and returns its path. */
export async function writeDraft(path: string, content: Draft): Promise<string> {
  const draft = join(dirname(path), makeTemporaryName(basename(path)))
  const descriptor = await open(draft, 'wx', firstMode(content))
  await orDiscard(draft, async () => {
    try {
      await writeAll(descriptor, content.bytes)
      setAttributes(descriptor, content)
      await sync(descriptor)
    } finally {
      fs.closeSync(descriptor)
    }
  })
  return draft
}

/** Does `act`, and removes the draft if that fails. */
export async function orDiscard(draft: string, act: () => Promise<void>): Promise<void> {
  try {
    await act()
  } catch (error) {
    // What failed first is what has to be said, even if this fails as well.
    await rm(draft, { force: true }).catch(() => undefined)
    throw error
  }
}

/** The permission bits to make it with. Until it has its owner, nobody but this user may open it. */
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

/** Changes owner and mode only where they differ: mostly umask and the directory made them right. */
function setAttributes(descriptor: number, { mode, owner }: Draft): void {
  const stats = fs.fstatSync(descriptor)
  const isGiven = !owner || (stats.uid === owner.uid && stats.gid === owner.gid)
  if (!isGiven) giveTo(owner, descriptor)
  if (mode !== undefined && mode !== (stats.mode & PERMISSION_BITS)) fs.fchmodSync(descriptor, mode)
}

/** Sets the owner. Only root may; what others write stays theirs. */
function giveTo({ uid, gid }: Owner, descriptor: number): void {
  try {
    fs.fchownSync(descriptor, uid, gid)
  } catch (error) {
    if (osCodeOf(error) !== 'EPERM') throw error
  }
}
