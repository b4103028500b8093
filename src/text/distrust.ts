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
