import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import { tryReadLeases } from '../../files/open-writers/lease.js'

/** Watches for processes that write to files while these are read. */
export interface WriterWatch {
  /** The real paths of files that were open for writing before reading began. */
  readonly openForWriting: ReadonlySet<string>
  /**
   * Checks after reading that no process was seen writing meanwhile.
   * @throws BtkitError `changed`
   */
  readonly check: () => void
  /** Must be called and awaited once. */
  readonly close: () => Promise<void> | void
}

/** Looks for processes that may write to files, before the first byte is read. */
export type WatchWriters = (files: readonly ScannedFile[]) => Promise<WriterWatch> | WriterWatch

/** Finds files that are open for writing. They are read, but not cached. */
export function findWriters(files: readonly ScannedFile[]): WriterWatch {
  const paths = files.map(({ absolutePath }) => absolutePath)
  const states = tryReadLeases(paths)
  const openForWriting = new Set(paths.filter((_, i) => states[i] === 'open for writing'))
  return { openForWriting, check: () => undefined, close: () => undefined }
}

/** Looks for no writers: only a cache would keep digests of files that are still being written. */
export const watchNobody: WatchWriters = () => ({
  openForWriting: new Set(),
  check: () => undefined,
  close: () => undefined,
})
