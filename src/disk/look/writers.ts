import { constants } from 'node:os'
import { loadNative } from '../../base/native-addon.js'

/** The native addon's function returns an errno for each path; see native/read_lease.h. */
const addon = loadNative<{
  askLeasesAsync: (paths: readonly string[]) => Promise<Int32Array>
}>('askLeasesAsync')

/**
 * Returns which files a program has open for writing, also by a map of its memory: what it writes
 * there may change no time. None if that may not be asked: the native addon is missing, the
 * file belongs to another user, or the file system has no leases. It is never asked on the event
 * loop.
 */
export async function whoWrites(paths: readonly string[]): Promise<readonly number[]> {
  const answers = paths.length > 0 ? await addon?.askLeasesAsync(paths) : undefined
  return [...paths.keys()].filter((i) => answers?.[i] === constants.errno.EAGAIN)
}
