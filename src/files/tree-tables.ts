import { loadNative } from '../native-addon.js'
import { TEMPORARY_SUFFIX } from './temporary-name.js'

/** Directories that are looked at as a whole. */
export interface TreePlaces {
  /** Those that are looked at with all that is below them, by their real paths. */
  readonly deep: readonly string[]
  /** Those of which only their own entries count. */
  readonly flat: readonly string[]
  /** Whether hidden entries are looked at, too; else nothing but their names counts. */
  readonly all: boolean
}

/** All that is in some directories: names, and what shows that a file changed. */
export interface TreeTables {
  /** Opaque; each of them is the same as long as nothing in the directory changed. */
  readonly tables: readonly Uint8Array[]
  /** The latest mtime or ctime of a file, in nanoseconds since 1970. */
  readonly latestNs: bigint
  /** Whether there are temporary files of btkit's, which are removed when their writers have ended. */
  readonly hasTemporary: boolean
}

/** What the native addon does; native/tree_tables.h has the contract. */
type ReadTables = (
  roots: readonly string[],
  options: { readonly deep: number; readonly all: boolean; readonly stop: Int32Array },
) => Promise<(Uint8Array | null)[]>

/** That function; null where the addon is not built. */
export const nativeTables: ReadTables | null =
  loadNative<{ treeTablesAsync: ReadTables }>('treeTablesAsync')?.treeTablesAsync ?? null

/**
 * Looks at all that is in some directories, about as fast as the system can tell, and where that is
 * much off the event loop. Null where the native addon is not built, where the signal came, and
 * where that is not all there is to be seen: something can't be looked at, or a symbolic link leads to
 * a directory.
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

/** The time that a table begins with. */
function latestIn({ buffer, byteOffset }: Uint8Array): bigint {
  return new DataView(buffer, byteOffset).getBigInt64(0, true)
}

function hasTemporaryIn(table: Uint8Array): boolean {
  return Buffer.from(table.buffer, table.byteOffset, table.length).includes(`${TEMPORARY_SUFFIX}\0`)
}
