/** Mode bits that give access to other users than the owner and the group. */
const OTHERS = 0o007

/**
 * Explains that a file with a secret has the mode of one for all users. Returns null if it has not.
 */
export function describeOpenSecret(mode: number): string | null {
  if (process.platform === 'win32' || (mode & OTHERS) === 0) return null
  return 'all users can read or write it; run chmod 640 on it'
}

/** User number of the owner, and permission bits, as in stat(2). */
interface Ownership {
  readonly uid: number
  readonly mode: number
}

/** Write permission for all users. */
const ALL_WRITE = 0o002

/**
 * Explains why a user should not rely on the content of a directory, and what to do instead.
 * Returns null if the directory can be trusted: it belongs to the user or root, and not all users
 * can write to it, unless it is an own one of a user who is not root.
 *
 * The owner, and a user with write permission, can replace any file by a link at any time, which is
 * worst for root. `user` is undefined on systems without user numbers. `option` is the option that
 * names another directory.
 */
export function describeDistrust(
  { uid, mode }: Ownership,
  user: number | undefined,
  option: string,
): string | null {
  if (user === undefined || (uid === user && uid !== 0)) return null
  if (user === 0 && uid !== 0) {
    return `it belongs to user ${uid}, who could make root write to any file; name another with ${option}, or run as that user`
  }
  if ((mode & ALL_WRITE) !== 0) return `all users can write to it; name another with ${option}`
  if (uid === 0) return null
  return `it belongs to user ${uid}, who decides what is in it; name another with ${option}`
}

interface GroupOwnership extends Ownership {
  readonly gid: number
}

const GROUP_WRITE = 0o020

/** With this bit, only the owner of an entry or of the directory may rename or remove the entry. */
const STICKY = 0o1000

/**
 * Explains why root should not rely on anything below the directory `path`. A user with write
 * permission can replace the next directory on the path. Returns null if the directory can be
 * trusted.
 */
export function describeWayDistrust(
  { uid, gid, mode }: GroupOwnership,
  path: string,
  option: string,
): string | null {
  const way = `could put another in its place; name another with ${option}`
  if (uid !== 0) return `${path} belongs to user ${uid}, who ${way}`
  if ((mode & STICKY) !== 0) return null
  if ((mode & ALL_WRITE) !== 0) return `all users can write to ${path}, and ${way}`
  const isForGroup = (mode & GROUP_WRITE) !== 0 && gid !== 0
  return isForGroup ? `users of group ${gid} can write to ${path}, and ${way}` : null
}

/**
 * Explains why root should not rely on its own directory if a group has write permission. Returns
 * null if the directory can be trusted.
 */
export function describeGroupDistrust(
  { gid, mode }: GroupOwnership,
  option: string,
): string | null {
  const isForGroup = (mode & GROUP_WRITE) !== 0 && gid !== 0
  return isForGroup ? `users of group ${gid} can write to it; name another with ${option}` : null
}
