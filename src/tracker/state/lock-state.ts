import { constants, fstatSync, openSync, readlinkSync, unlinkSync } from 'node:fs'
import { BtkitError } from '../../errors.js'
import { lockDescriptor, type DirectoryLock } from '../../files/lock-directory.js'
import { statIfThere } from '../../files/stat-files.js'
import { findWriteTarget } from '../../files/write/target.js'

const NO_WAIT = { waitSeconds: 0, signal: new AbortController().signal }

/** No descriptor of it is needed for anything but the lock, and no link is followed. */
const FLAGS = constants.O_RDONLY | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK

/**
 * Keeps other trackers from the state in a file, by a lock on an empty file beside it: each save
 * replaces the file itself, and the directory may be that of others. Null where nothing can be
 * locked, which a save that fails as well will tell, or else a warning does.
 * @throws BtkitError `locked` when another tracker has the state, `not-found` for a link to nothing
 */
export async function lockState(
  path: string,
  warn: (message: string) => void,
): Promise<DirectoryLock | null> {
  const target = danglingTarget(path)
  if (target !== null) {
    const what = `a link to ${target}, which is not there`
    throw new BtkitError('not-found', `${path}: ${what}; remove the link, or name another file`)
  }
  const lockPath = `${(await findWriteTarget(path)).path}.lock`
  for (;;) {
    const descriptor = openLock(lockPath)
    if (descriptor === null) return null
    try {
      const { release } = await lockDescriptor(descriptor, lockPath, { wait: NO_WAIT })
      if (isAt(lockPath, descriptor))
        return { release: removeBefore(release, lockPath, descriptor) }
      // The tracker that had it removed it just now
      release()
    } catch (error) {
      if (!(error instanceof BtkitError)) throw error
      if (error.code !== 'locked') {
        warn(error.message)
        return null
      }
      const why = 'another tracker saves its state there; name another file'
      throw new BtkitError('locked', `${path}: ${why}`, { cause: error })
    }
  }
}

/** The target of a link that leads nowhere; null for all else. Its maker would choose what is created. */
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

/** Whether a path still stands for what is open. */
function isAt(path: string, descriptor: number): boolean {
  const [open, there] = [fstatSync(descriptor), statIfThere(path)]
  return there?.ino === open.ino && there.dev === open.dev
}

/** Removes the file while it is locked, unless it is one of somebody else with something in it. */
function removeBefore(release: () => void, path: string, descriptor: number): () => void {
  return () => {
    try {
      const stats = fstatSync(descriptor)
      if (stats.isFile() && stats.size === 0 && isAt(path, descriptor)) unlinkSync(path)
    } catch {
      // One that is left behind does no harm
    }
    release()
  }
}
