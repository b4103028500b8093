import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  openSync,
  readFileSync,
  statSync,
  accessSync,
} from 'node:fs'
import { asBtkitError, BtkitError, callSystem, osCodeOf } from '../../base/errors.js'
import {
  encodeFingerprint,
  fingerprintOf,
  readFingerprintIfThere,
  readFingerprint,
} from '../file-lists/fingerprint.js'
import { NO_LINK, NO_WAIT } from '../look/read-bounded.js'
import type { WriteOptions } from './atomically.js'
import type { Owner } from './draft.js'
import { copiedMode, followLinks, PERMISSION_BITS } from './target.js'
import { isSameBytes } from '../../base/bytes.js'

/** The highest user number; the next number means "do not change". */
const MAX_ID = 0xfffffffe

/** The wanted permissions of a file; undefined ones are not changed. */
type Permissions = Pick<WriteOptions, 'mode' | 'owner'>

/**
 * Whether a file has the wanted permissions; follows links.
 * @throws BtkitError `not-found`, `not-permitted` or `io`
 */
export function hasPermissions(path: string, { mode, owner }: Permissions): boolean {
  if (mode === undefined && owner === undefined) return true
  return callSystem(path, () => {
    const stats = statSync(path)
    const isOwned = !owner || (stats.uid === owner.uid && stats.gid === owner.gid)
    return isOwned && (mode === undefined || (stats.mode & PERMISSION_BITS) === mode)
  })
}

/**
 * Sets the wanted permissions of a file that is still the one examined before. `fingerprint` is the
 * encoded one of the entry at the path, which may be a link.
 * @throws BtkitError `changed`, `not-found`, `not-permitted` or `io`
 */
export function setPermissions(
  path: string,
  { mode, owner }: Permissions,
  fingerprint: Uint8Array,
): void {
  try {
    const real = followLinks(path)
    // A link or a pipe may have taken the place of the file
    const descriptor = openSync(real, constants.O_RDONLY | NO_LINK | NO_WAIT)
    try {
      const stats = fstatSync(descriptor, { bigint: true })
      const now = real === path ? fingerprintOf(stats) : readFingerprintIfThere(path)
      const isSame = now !== null && Buffer.compare(encodeFingerprint(now), fingerprint) === 0
      // The owner of the directory could put a secret file there, to be given to him
      if (!isSame || !stats.isFile()) throw changed(path)
      if (owner) fchownSync(descriptor, owner.uid, owner.gid)
      if (mode !== undefined) fchmodSync(descriptor, mode)
    } finally {
      closeSync(descriptor)
    }
  } catch (error) {
    throw osCodeOf(error) === 'ELOOP' ? changed(path, error) : asBtkitError(error, path)
  }
}

function changed(path: string, cause?: unknown): BtkitError {
  const why = 'changed meanwhile, so its permissions stay; run the command again'
  return new BtkitError('changed', `${path}: ${why}`, { cause })
}

/**
 * Parses `USER:GROUP`, with names of /etc/passwd and /etc/group or numbers.
 * @throws BtkitError `usage`
 */
export function findOwner(text: string): Owner {
  const match = /^([^:\s]+):([^:\s]+)$/.exec(text)
  const [, user = '', group = ''] = match ?? []
  if (!match) throw new BtkitError('usage', `owner '${text}': not of the form USER:GROUP`)
  return { uid: findId(user, '/etc/passwd', 'user'), gid: findId(group, '/etc/group', 'group') }
}

function findId(name: string, database: string, what: string): number {
  if (/^\d{1,10}$/.test(name) && Number(name) <= MAX_ID) return Number(name)
  const entry = readDatabase(database).find((line) => line.startsWith(`${name}:`))
  const id = entry?.split(':')[2]
  if (id === undefined) throw new BtkitError('usage', `owner: no ${what} ${name}`)
  return Number(id)
}

function readDatabase(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n')
  } catch {
    return []
  }
}

/** A file to be edited. */
export interface Editable {
  /** The permission bits of a copy. */
  readonly mode: number
  /** Encoded fingerprint from before the file was read. */
  readonly fingerprint: Uint8Array
}

/**
 * Checks that a path leads to a regular file before it is opened, because opening a pipe would wait
 * for a writer. Links are followed.
 * @throws BtkitError `not-found`, `not-permitted` or `io`
 */
export function checkEditable(path: string): Editable {
  try {
    const stats = statSync(path, { bigint: true })
    if (stats.isDirectory()) throw new BtkitError('io', `${path}: is a directory`)
    if (!stats.isFile()) throw new BtkitError('io', `${path}: not a regular file`)
    return {
      mode: copiedMode(path, Number(stats.mode)),
      fingerprint: encodeFingerprint(fingerprintOf(stats)),
    }
  } catch (error) {
    throw asBtkitError(error, path)
  }
}

/**
 * Checks that a file's permissions allow changes. Replacing it needs only permission for the
 * directory, but a read-only file is not meant to change.
 * @throws BtkitError `not-permitted` or `io`
 */
export function checkWritable(path: string): void {
  try {
    accessSync(path, constants.W_OK)
  } catch (error) {
    throw asBtkitError(error, path)
  }
}

/**
 * Checks that a file is still as it was when it was read; follows links. Otherwise its replacement
 * would undo the changes of another program.
 * @throws BtkitError `changed`
 */
export function checkUnchanged(path: string, { fingerprint }: Editable): void {
  if (isSameBytes(currentFingerprint(path), fingerprint)) return
  throw new BtkitError(
    'changed',
    `${path}: changed while it was edited, so it is not replaced; try again`,
  )
}

function currentFingerprint(path: string): Uint8Array | null {
  try {
    return encodeFingerprint(readFingerprint(path))
  } catch {
    return null
  }
}
