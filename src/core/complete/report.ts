import { BtkitError } from '../../errors.js'
import type { SkipReason as EntrySkipReason } from '../../files/scan/scanned-tree.js'

/** A torrent that was written or removed. */
export interface Change {
  readonly source: string
  readonly torrent: string
  /** Null for one that was removed, or whose content a dry run did not read. */
  readonly infoHash: string | null
  /** Null for one that is new. */
  readonly oldInfoHash: string | null
}

/** Why an entry was left alone. */
export type SkipReason =
  | 'foreign' // its torrent was not made by btkit
  | 'edited' // its torrent was made by btkit, and changed by something else
  | 'empty' // it holds no bytes
  | 'the target' // it is the directory of the torrents
  | EntrySkipReason

export interface Skip {
  readonly source: string
  readonly reason: SkipReason
}

export interface Failure {
  readonly source: string
  /** The code of a BtkitError, or `internal`. */
  readonly code: string
  readonly message: string
}

/** What a run of completedir did, or with `dryRun` would do. */
export interface CompleteReport {
  readonly created: Change[]
  readonly updated: Change[]
  readonly removed: Change[]
  unchanged: number
  readonly failed: Failure[]
  readonly skipped: Skip[]
  bytesHashed: number
  bytesReused: number
}

export function createReport(): CompleteReport {
  return {
    created: [],
    updated: [],
    removed: [],
    unchanged: 0,
    failed: [],
    skipped: [],
    bytesHashed: 0,
    bytesReused: 0,
  }
}

/** Notes that something failed which does not stop the rest. */
export function noteFailure({ failed }: CompleteReport, source: string, error: unknown): void {
  const code = error instanceof BtkitError ? error.code : 'internal'
  failed.push({ source, code, message: error instanceof Error ? error.message : String(error) })
}

/** Sorts a report's lists by source: writes end in any order. */
export function sortReport({ created, updated, removed, failed }: CompleteReport): void {
  for (const list of [created, updated, removed, failed]) {
    list.sort((a, b) => (a.source < b.source ? -1 : 1))
  }
}
