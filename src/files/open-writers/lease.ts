import { loadNative } from '../../native-addon.js'

/** The addon; null where it is not built. */
export const writersAddon = loadNative<WritersAddon>(
  'tryReadLeases',
  'tryReadLeasesAsync',
  'openWriteWatch',
  'watchWrites',
)

/**
 * What is known of a file's writers.
 *
 * - `unwritten`: nobody has it open for writing, neither by a descriptor nor by a shared mapping,
 *   and whoever opens it from now on moves its times before its bytes. So what is read from now
 *   on is the state that a fingerprint tells of, if that is the same before this and after the
 *   reading.
 * - `open for writing`: somebody has, and may write without a sign of it, or lie idle.
 * - `unable`: can't tell, because the file is another's and this process lacks CAP_LEASE, or its
 *   file system is not ext4, XFS or Btrfs, or the system not Linux, or there is no such file.
 */
export type WriteState = 'unwritten' | 'open for writing' | 'unable'

const STATES: readonly WriteState[] = ['unable', 'unwritten', 'open for writing']

/** So many at a call, since their names are copied. */
const BATCH = 1000

/**
 * Asks for each of some files whether anybody may be writing to it, links not followed: takes a
 * read lease (fcntl(2), F_SETLEASE) and gives it back at once. One who opens a file for writing
 * within these microseconds waits until they are over, or fails with EWOULDBLOCK if he asked not
 * to wait.
 */
export function tryReadLeases(
  paths: readonly string[],
  addon: WritersAddon | null = writersAddon,
): WriteState[] {
  if (addon === null) return paths.map(() => 'unable')
  if (paths.length <= BATCH) return namesOf(addon.tryReadLeases(paths))
  return batchesOf(paths).flatMap((batch) => namesOf(addon.tryReadLeases(batch)))
}

/** The same for those who must not be kept waiting by a disk. */
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

/** What the native addon knows of those who write to files; native/writers.h has the contract. */
export interface WritersAddon {
  /** For each path: 0 can't tell, 1 nobody has it open for writing, 2 somebody has. */
  tryReadLeases(paths: readonly string[]): Int32Array
  tryReadLeasesAsync(paths: readonly string[]): Promise<Int32Array>
  /** A descriptor of inotify(7), or -1. */
  openWriteWatch(): number
  /** The number that a path's events bear, or -1, for each path. */
  watchWrites(watch: number, paths: readonly string[]): Promise<Int32Array>
}
