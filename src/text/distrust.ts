/** What tells who can change what is in a directory. */
export interface Ownership {
  /** The number of the user it belongs to. */
  readonly uid: number
  /** Its permissions, as stat(2) has them. */
  readonly mode: number
}

/** Permission for all to write. */
const ALL_WRITE = 0o002

/**
 * Why a user should not rely on what is in a directory, and what to do instead; null when nothing
 * speaks against it. Whoever can write to a directory can put a link to any file in the place of
 * one that is there, at any time, which is worst for root. `user` is a number, undefined on systems
 * that have none; `option` is what names another directory.
 */
export function describeDistrust(
  { uid, mode }: Ownership,
  user: number | undefined,
  option: string,
): string | null {
  if (user === undefined) return null
  const isRoot = user === 0
  if (isRoot && uid !== user) {
    return `it belongs to user ${uid}, who could make root write to any file; name another with ${option}, or run as that user`
  }
  const isForAll = (mode & ALL_WRITE) !== 0
  return isForAll && (isRoot || uid !== user)
    ? `all users can write to it; name another with ${option}`
    : null
}

/** The same of a directory with its group, as a link of the way to another. */
export interface GroupOwnership extends Ownership {
  readonly gid: number
}

const GROUP_WRITE = 0o020

/** Only who owns an entry, or the directory, may rename or remove it. */
const STICKY = 0o1000

/**
 * Why root should not rely on what is below a directory called `path`: whoever can write to it can
 * put another directory in the place of the one on the way. Null when nothing speaks against it.
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

/** Why root should not rely on a directory of its own that a group of others can write to, or null. */
export function describeGroupDistrust(
  { gid, mode }: GroupOwnership,
  option: string,
): string | null {
  const isForGroup = (mode & GROUP_WRITE) !== 0 && gid !== 0
  return isForGroup ? `users of group ${gid} can write to it; name another with ${option}` : null
}
