import { constants, fstatSync, openSync, readlinkSync, unlinkSync } from 'node:fs'
import { BtkitError } from '../../errors.js'
import { lockDescriptor, type DirectoryLock } from '../../files/lock-directory.js'
import { statIfThere } from '../../files/stat-files.js'
import { findWriteTarget } from '../../files/write/target.js'

const NO_WAIT = { waitSeconds: 0, signal: new AbortController().signal }

/** The descriptor serves only for the lock, and links are not followed. */
const FLAGS = constants.O_RDONLY | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK

/**
 * Locks the state file, so that no other tracker uses it. The lock is on an empty file beside it,
 * because each save replaces the state file itself and the directory may belong to others.
 * Returns null if locking is impossible. Then either the first save fails, too, or a warning is
 * reported.
 * @throws BtkitError `locked` if another tracker uses the state, `not-found` if the path is a
 * dangling link
 */
export async function lockState(
  path: string,
  warn: (message: string) => void,
): Promise<DirectoryLock | null> {
  const target = danglingTarget(path)
  if (target !== null) {
    const what = `a link to ${target}, which does not exist`
    throw new BtkitError('not-found', `${path}: ${what}; remove the link, or name another file`)
  }
  const lockPath = `${findWriteTarget(path).path}.lock`
  for (;;) {
    const descriptor = openLock(lockPath)
    if (descriptor === null) return null
    try {
      const { release } = await lockDescriptor(descriptor, lockPath, { wait: NO_WAIT })
      if (isAt(lockPath, descriptor))
        return { release: removeBefore(release, lockPath, descriptor) }
      // The tracker that held the lock has just removed the file
      release()
    } catch (error) {
      if (!(error instanceof BtkitError)) throw error
      if (error.code !== 'locked') {
        warn(error.message)
        return null
      }
      const why = 'another tracker uses this state; name another --state-dir'
      throw new BtkitError('locked', `${path}: ${why}`, { cause: error })
    }
  }
}

/**
 * The target of a dangling link; null for anything else. Such a link would let its owner choose
 * which file is created.
 */
function danglingTarget(path: string): string | null {
  if (statIfThere(path) !== null) return null
  try {
    return readlinkSync(path)
  } catch {
    return null
  }
}

function openLock(path: string): number | null {
  try {
    return openSync(path, FLAGS, 0o644)
  } catch {
    return null
  }
}

/** Whether a path still refers to the open file. */
function isAt(path: string, descriptor: number): boolean {
  const [open, there] = [fstatSync(descriptor), statIfThere(path)]
  return there?.ino === open.ino && there.dev === open.dev
}

/** Removes the lock file while it is locked, unless it is a foreign file with content. */
function removeBefore(release: () => void, path: string, descriptor: number): () => void {
  return () => {
    try {
      const stats = fstatSync(descriptor)
      if (stats.isFile() && stats.size === 0 && isAt(path, descriptor)) unlinkSync(path)
    } catch {
      // A lock file left behind does no harm
    }
    release()
  }
}
