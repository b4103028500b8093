import { loadNative } from '../native-addon.js'
import { TEMPORARY_SUFFIX } from './temporary-name.js'

/** Directories to examine as a whole. */
export interface TreePlaces {
  /** Real paths of directories to examine with everything below them. */
  readonly deep: readonly string[]
  /** Directories of which only the direct entries count. */
  readonly flat: readonly string[]
  /** Whether to examine hidden entries, too. Otherwise only their names count. */
  readonly all: boolean
}

/** Summarizes the content of directories: names, and what shows that a file changed. */
export interface TreeTables {
  /**
   * One for each directory; opaque. A table is the same as long as nothing in its directory
   * changes.
   */
  readonly tables: readonly Uint8Array[]
  /** The latest mtime or ctime of a file, in nanoseconds since 1970. */
  readonly latestNs: bigint
  /**
   * Whether there are temporary files of btkit. They are removed after their writers have ended.
   */
  readonly hasTemporary: boolean
}

/** The native addon's function; native/tree_tables.h has the contract. */
type ReadTables = (
  roots: readonly string[],
  options: { readonly deep: number; readonly all: boolean; readonly stop: Int32Array },
) => Promise<(Uint8Array | null)[]>

/** The addon's function that lists trees; null if the addon is missing. */
export const nativeTables: ReadTables | null =
  loadNative<{ treeTablesAsync: ReadTables }>('treeTablesAsync')?.treeTablesAsync ?? null

/**
 * Summarizes the content of directories, about as fast as the system allows. Large directories are
 * read off the event loop. Returns null without the native addon, after the signal, or if the
 * summary would be incomplete: an entry cannot be examined, or a symbolic link leads to a
 * directory.
 */
export async function readTreeTables(
  { deep, flat, all }: TreePlaces,
  signal: AbortSignal,
): Promise<TreeTables | null> {
  if (nativeTables === null) return null
  const stop = new Int32Array(1)
  const onAbort = () => stop.fill(1)
  signal.addEventListener('abort', onAbort)
  try {
    const read = await nativeTables([...deep, ...flat], { deep: deep.length, all, stop })
    const tables = read.filter((table) => table !== null)
    if (tables.length < deep.length + flat.length || signal.aborted) return null
    const latestNs = tables.map(latestIn).reduce((a, b) => (a > b ? a : b))
    return { tables, latestNs, hasTemporary: tables.some(hasTemporaryIn) }
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

/** Returns the time at the start of a table. */
function latestIn({ buffer, byteOffset }: Uint8Array): bigint {
  return new DataView(buffer, byteOffset).getBigInt64(0, true)
}

function hasTemporaryIn(table: Uint8Array): boolean {
  return Buffer.from(table.buffer, table.byteOffset, table.length).includes(`${TEMPORARY_SUFFIX}\0`)
}
