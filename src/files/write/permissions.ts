import { chmodSync, chownSync, statSync, readFileSync } from 'node:fs'
import { asBtkitError, BtkitError } from '../../errors.js'
import type { WriteOptions } from './atomically.js'
import type { Owner } from './draft.js'

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
  try {
    const stats = statSync(path)
    const isOwned = !owner || (stats.uid === owner.uid && stats.gid === owner.gid)
    return isOwned && (mode === undefined || (stats.mode & PERMISSION_BITS) === mode)
  } catch (error) {
    throw asBtkitError(error, path)
  }
}

/**
 * Sets the wanted permissions of a file; follows links.
 * @throws BtkitError `not-found`, `not-permitted` or `io`
 */
export function setPermissions(path: string, { mode, owner }: Permissions): void {
  try {
    if (owner) chownSync(path, owner.uid, owner.gid)
    if (mode !== undefined) chmodSync(path, mode)
  } catch (error) {
    throw asBtkitError(error, path)
  }
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
