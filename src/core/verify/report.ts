import type { Interval } from './ranges.js'

/** What is to be said of a file: `extra` ones are no part of the torrent. */
export type FileStatus = 'ok' | 'missing' | 'short' | 'long' | 'damaged' | 'extra'

/** A file of the torrent, or one beside its files. */
export interface VerifiedFile {
  /** The components below the torrent's name; for a torrent of a single file, its name alone. */
  readonly path: readonly string[]
  /** In bytes: what the torrent says, and of an extra file what it has. */
  readonly length: number
  /** The bytes found; null when there is no file. */
  readonly found: number | null
  readonly status: FileStatus
  /** Why what stands in the file's place is not taken for it; null when nothing does. */
  readonly reason: string | null
  /** The bytes of bad pieces, first and after the last, in order; adjoining ones are one. */
  readonly ranges: readonly Interval[]
}

export interface VerifyReport {
  /** Whether every file is there as the torrent describes it. */
  readonly ok: boolean
  readonly pieces: number
  readonly badPieces: number
  /** In stream order without pad files, then the extra ones. */
  readonly files: readonly VerifiedFile[]
}
