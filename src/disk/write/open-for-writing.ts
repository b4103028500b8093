import { constants } from 'node:os'
import { loadNative } from '../../base/native-addon.js'

/** The native addon's functions: an errno for each path; see native/read_lease.h. */
interface LeaseAddon {
  askLeases(paths: readonly string[]): Int32Array
  askLeasesAsync(paths: readonly string[]): Promise<Int32Array>
}

const addon = loadNative<LeaseAddon>('askLeases', 'askLeasesAsync')

/**
 * Returns the files that a program has open for writing, also by a map of its memory: what it writes
 * there may change no time. Empty if that may not be asked: the native addon is missing, the
 * file belongs to another user, or the file system has no leases.
 */
export function openForWriting(paths: readonly string[]): ReadonlySet<string> {
  return addon ? written(paths, addon.askLeases(paths)) : new Set()
}

/** The same, never on the event loop. */
export async function openForWritingLater(paths: readonly string[]): Promise<ReadonlySet<string>> {
  return addon ? written(paths, await addon.askLeasesAsync(paths)) : new Set()
}

function written(paths: readonly string[], answers: Int32Array): ReadonlySet<string> {
  return new Set(paths.filter((_, i) => answers[i] === constants.errno.EAGAIN))
}
