import { loadNative } from '../../native-addon.js'

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

/** The addon; null where it is not built. */
export const writersAddon = loadNative<WritersAddon>(
  'tryReadLeases',
  'tryReadLeasesAsync',
  'openWriteWatch',
  'watchWrites',
)
