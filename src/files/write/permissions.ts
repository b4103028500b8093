import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  openSync,
  readFileSync,
  statSync,
} from 'node:fs'
import { asBtkitError, BtkitError, callSystem, osCodeOf } from '../../errors.js'
import { encodeFingerprint, fingerprintOf, readFingerprintIfThere } from '../fingerprint.js'
import type { WriteOptions } from './atomically.js'
import type { Owner } from './draft.js'
import { followLinks } from './target.js'

/** The highest user number; the next number means "do not change". */
const MAX_ID = 0xfffffffe

/** The wanted permissions of a file; undefined ones are not changed. */
type Permissions = Pick<WriteOptions, 'mode' | 'owner'>

const PERMISSION_BITS = 0o777

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

/** Refuses a link that took the place of a file, and does not wait for a pipe. */
const GUARDED_READ =
  constants.O_RDONLY |
  ((constants.O_NOFOLLOW as number | undefined) ?? 0) |
  ((constants.O_NONBLOCK as number | undefined) ?? 0)

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
    const descriptor = openSync(real, GUARDED_READ)
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
