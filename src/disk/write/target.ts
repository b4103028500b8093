import { lstatSync, readlinkSync, realpathSync, type Stats } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { BtkitError, callSystem, tryOr } from '../../base/errors.js'
import { loadNative } from '../../base/native-addon.js'
import { NO_LINK } from '../look/read-bounded.js'
import { statIfThere } from '../look/stat-files.js'

/** Paths of a process's own open files. Replacing one would break it. */
const DESCRIPTOR = /^\/(dev\/(stdout|stderr|fd\/\d+)|proc\/(self|\d+)\/fd\/\d+)$/

/** The bits of a mode that a replacement gets. */
const PERMISSION_BITS = 0o777
const GROUP_BITS = 0o070

/**
 * The native addon's function; native/drafts.h has the contract. Without it, no lists are known.
 */
export const copyAcl =
  loadNative<{ copyAcl: (from: string, to: string) => boolean }>('copyAcl')?.copyAcl ??
  (() => false)

/**
 * The permission bits for a copy of a file. The group gets none if the file has an access control
 * list: the bits are then the mask of the list, and could give the group more than the list does.
 */
export function copiedMode(path: string, mode: number): number {
  return mode & (copyAcl(path, '') ? PERMISSION_BITS & ~GROUP_BITS : PERMISSION_BITS)
}

/**
 * Finds the target of a write. Follows links, even dangling ones. A stream is a terminal, a pipe or
 * the like, which has no content to replace. The path of a file has links resolved; mode and owner
 * are those of an existing file. `shown` is the path for messages.
 *
 * @throws BtkitError `io` for a path that cannot be written to, and as statIfThere and followLinks;
 *   other system errors unchanged
 */
export function findWriteTarget(target: string, shown = target) {
  const entry = statIn(target)
  if (entry?.isFile())
    return { kind: 'file', path: target, ...attributesOf(target, entry) } as const
  if (entry === undefined) return { kind: 'file', path: target, ...NEW } as const
  const stats = statIfThere(target, shown)
  const path = followLinks(target, isOfUsOrRoot, shown)
  if (stats === null) return { kind: 'file', path, ...NEW } as const
  if (stats.isDirectory()) throw new BtkitError('io', `${shown}: is a directory`)
  const isStream = stats.isFIFO() || stats.isCharacterDevice() || DESCRIPTOR.test(path)
  if (isStream) return { kind: 'stream', path, ...attributesOf(path, stats) } as const
  if (!stats.isFile()) throw new BtkitError('io', `${shown}: not a regular file`)
  return { kind: 'file', path, ...attributesOf(path, stats) } as const
}

/**
 * Opens the target of a write. A link that takes its place meanwhile is not followed.
 * @throws as findWriteTarget; system errors unchanged
 */
export async function openWriteTarget(
  target: string,
  flags: number,
  mode?: number,
): Promise<FileHandle> {
  const { path } = findWriteTarget(target)
  return open(path, DESCRIPTOR.test(path) ? flags : flags | NO_LINK, mode)
}

const NEW = { mode: undefined, owner: undefined }

function attributesOf(path: string, { mode, uid, gid }: Stats) {
  return { mode: copiedMode(path, mode), owner: { uid, gid } }
}

/** The most links after each other; as many as Linux follows. */
const MAX_LINKS = 40

/**
 * Refuses a directory to write into whose name is a link of another user.
 * @throws BtkitError `not-permitted`, and as the system refuses
 */
export function refuseLinkOfOthers(directory: string): void {
  // A slash at the end would hide the link
  callSystem(directory, () => followLinks(resolve(directory)))
}

/**
 * Follows the links at a path, even dangling ones, and returns the path of the file, or of this
 * process's open one. Only follows links of this user and of root: other users could make root
 * replace any file. `shown` is the path for messages.
 * @throws BtkitError `not-permitted` for a link of another user, `io` for a circle of links; system
 *   errors unchanged
 */
export function followLinks(path: string, isTrusted = isOfUsOrRoot, shown = path): string {
  let at = path
  // Follows links by itself, because a link could take the place of a file that was examined before
  for (let count = 0; count < MAX_LINKS; count++) {
    const entry = statIn(at)
    if (!entry?.isSymbolicLink() || DESCRIPTOR.test(at)) return at
    if (!isTrusted(entry)) {
      const why = `a link of user ${entry.uid}, who could make it lead to any file`
      const name = at === path ? shown : at
      throw new BtkitError('not-permitted', `${name}: is ${why}; remove it, or run as that user`)
    }
    at = resolve(realpathSync.native(dirname(at)), readlinkSync(at))
  }
  throw new BtkitError('io', `${shown}: too many symbolic links encountered`)
}

/** Whether an entry belongs to this user or to root. */
export function isOfUsOrRoot({ uid }: Stats): boolean {
  return uid === 0 || uid === (process.geteuid?.() ?? uid)
}

/**
 * Examines an entry without following links; undefined if it does not exist, null if it cannot be
 * examined.
 */
function statIn(path: string): Stats | undefined | null {
  // The next examination or write reports the error
  return tryOr(null, () => lstatSync(path, { throwIfNoEntry: false }))
}
