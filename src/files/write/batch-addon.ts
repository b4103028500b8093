import { loadNative } from '../../native-addon.js'

/** What the native addon can do to write many files; native/write_batch.h has the contract. */
export interface BatchAddon {
  /**
   * Makes files and brings them to the disk; for each 0, or the number of the system's error, and at
   * the end the microseconds that the latter took.
   */
  writeDrafts(
    directory: string,
    names: readonly string[],
    contents: readonly Uint8Array[],
    attributes: Uint32Array,
    isWholeFileSystem: boolean,
  ): Promise<Int32Array>
  /**
   * Renames files, if what they replace is as expected: a fingerprint for each. Of each the number
   * of the system's error, 0 or -1, and the fingerprint that it has in its place.
   */
  placeFiles(
    directory: string,
    from: readonly string[],
    to: readonly string[],
    expected: Uint8Array,
  ): Promise<Int32Array>
  /** Whether syncfs(2) does what is expected of it where a directory is, and tells of errors. */
  isSyncfsReliable(directory: string): boolean
}

/** What stands for a mode, a user or a group that is to be left as it is. */
export const NOTHING_GIVEN = 0xffffffff

/** The addon; null where it is not built. */
export const batchAddon = loadNative<BatchAddon>('writeDrafts', 'placeFiles', 'isSyncfsReliable')
