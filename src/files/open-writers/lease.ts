import { loadNative } from '../../native-addon.js'

/** The native addon; null if it is missing. */
export const writersAddon = loadNative<WritersAddon>(
  'tryReadLeases',
  'tryReadLeasesAsync',
  'openWriteWatch',
  'watchWrites',
)

/**
 * Whether a file is open for writing.
 *
 * - `unwritten`: no process has it open for writing, neither with a descriptor nor with a shared
 *   mapping. A process that opens it later changes its times before its bytes. Data read from now
 *   on therefore matches the fingerprint, if that is the same before this call and after the
 *   reading.
 * - `open for writing`: a process has it open, and may write without changing the times, or not
 *   write at all.
 * - `unable`: unknown. The reasons are a file of another user without CAP_LEASE, a file system other
 *   than ext4, XFS and Btrfs, a system other than Linux, and a missing file.
 */
export type WriteState = 'unwritten' | 'open for writing' | 'unable'

const STATES: readonly WriteState[] = ['unable', 'unwritten', 'open for writing']

/** Paths for each call, because their names are copied. */
const BATCH = 1000

/**
 * Checks for each path whether a process may be writing to the file. Links are not followed. Takes
 * a read lease (fcntl(2), F_SETLEASE) and releases it at once. A process that opens the file for
 * writing during these microseconds waits, or fails with EWOULDBLOCK if it asked not to wait.
 */
export function tryReadLeases(
  paths: readonly string[],
  addon: WritersAddon | null = writersAddon,
): WriteState[] {
  if (addon === null) return paths.map(() => 'unable')
  if (paths.length <= BATCH) return namesOf(addon.tryReadLeases(paths))
  return batchesOf(paths).flatMap((batch) => namesOf(addon.tryReadLeases(batch)))
}

/** Does the same without blocking the event loop while a disk is slow. */
export async function tryReadLeasesAsync(
  paths: readonly string[],
  addon: WritersAddon | null = writersAddon,
): Promise<WriteState[]> {
  if (addon === null) return paths.map(() => 'unable')
  const states: WriteState[][] = []
  for (const batch of batchesOf(paths)) states.push(namesOf(await addon.tryReadLeasesAsync(batch)))
  return states.flat()
}

function batchesOf(paths: readonly string[]): string[][] {
  const count = Math.ceil(paths.length / BATCH)
  return Array.from({ length: count }, (_, i) => paths.slice(i * BATCH, (i + 1) * BATCH))
}

function namesOf(answers: Int32Array): WriteState[] {
  return Array.from(answers, (answer) => STATES[answer] ?? 'unable')
}

/** The functions of the native addon; native/writers.h has the contract. */
export interface WritersAddon {
  /** Returns for each path: 0 unknown, 1 not open for writing, 2 open for writing. */
  tryReadLeases(paths: readonly string[]): Int32Array
  tryReadLeasesAsync(paths: readonly string[]): Promise<Int32Array>
  /** Returns a descriptor of inotify(7), or -1. */
  openWriteWatch(): number
  /** Returns for each path the watch number in its events, or -1. */
  watchWrites(watch: number, paths: readonly string[]): Promise<Int32Array>
}
