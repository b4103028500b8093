import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import { tryReadLeases } from '../../files/open-writers/lease.js'

/** What is known of those who may write to files while these are read. */
export interface WriterWatch {
  /** The real paths of files that somebody had open for writing before the reading began. */
  readonly openForWriting: ReadonlySet<string>
  /**
   * Makes sure, when all is read, that nobody was seen writing meanwhile.
   * @throws BtkitError `changed`
   */
  readonly check: () => void
  /** To be called, and waited for, once. */
  readonly close: () => Promise<void> | void
}

/** Looks, before the first byte of some files is read, for those who may write to them. */
export type WatchWriters = (files: readonly ScannedFile[]) => Promise<WriterWatch> | WriterWatch

/** Finds the files that are open for writing: they are read, and not remembered. */
export function findWriters(files: readonly ScannedFile[]): WriterWatch {
  const paths = files.map(({ absolutePath }) => absolutePath)
  const states = tryReadLeases(paths)
  const openForWriting = new Set(paths.filter((_, i) => states[i] === 'open for writing'))
  return { openForWriting, check: () => undefined, close: () => undefined }
}
