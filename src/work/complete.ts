import { readdirSync } from 'node:fs'
import type { Change, Failure, Skip } from '../core/complete/complete-report.js'
import { completeDirectories, type CompleteOptions } from '../library/complete.js'
import { type Excerpt, excerptOf } from '../pages/table.js'
import type { WorkContext } from './work-context.js'

/** The names of the entries that get torrents: only some, or all except some. */
export interface EntryChoice {
  readonly only?: readonly string[]
  readonly except?: readonly string[]
}

/** A directory, and how its torrents are made. */
interface CompleteRequest extends EntryChoice {
  readonly path: string
  readonly options: CompleteOptions
}

/** The most entries of a kind that are listed. */
const MOST_LISTED = 2000

/** A torrent that is written or removed, as a page lists it. */
export type ListedChange = Pick<Change, 'source' | 'infoHash' | 'infoHashV2'>

/** The result of a run, as its page shows it. */
export interface Completed {
  readonly created: Excerpt<ListedChange>
  readonly updated: Excerpt<ListedChange>
  readonly adopted: Excerpt<ListedChange>
  readonly removed: Excerpt<ListedChange>
  readonly skipped: Excerpt<Pick<Skip, 'source' | 'reason'>>
  readonly failed: Excerpt<Pick<Failure, 'source' | 'message'>>
  readonly unchanged: number
  readonly bytesHashed: number
  readonly bytesReused: number
}

/**
 * Makes and updates the torrents of a directory's entries.
 * @throws BtkitError as completeDirectories
 */
export async function completeDirectory(
  { path, options, only, except }: CompleteRequest,
  { cache, signal, tell }: WorkContext,
): Promise<Completed> {
  const left = except && new Set(except)
  const entries = left ? readdirSync(path).filter((name) => !left.has(name)) : only
  const running = { cache, signal, onProgress: tell }
  const report = await completeDirectories(path, { ...options, ...running, entries })
  const { created, updated, adopted, removed, skipped, failed } = report
  const { unchanged, bytesHashed, bytesReused } = report
  return {
    created: listChanges(created),
    updated: listChanges(updated),
    adopted: listChanges(adopted),
    removed: listChanges(removed),
    skipped: list(skipped, ({ source, reason }) => ({ source, reason })),
    failed: list(failed, ({ source, message }) => ({ source, message })),
    unchanged,
    bytesHashed,
    bytesReused,
  }
}

function listChanges(changes: readonly Change[]): Excerpt<ListedChange> {
  return list(changes, ({ source, infoHash, infoHashV2 }) => ({ source, infoHash, infoHashV2 }))
}

/** Some properties of the first elements: a thread can't send those that are computed. */
function list<T, Listed>(all: readonly T[], propertiesOf: (each: T) => Listed): Excerpt<Listed> {
  const { first, count } = excerptOf(all, MOST_LISTED)
  return { first: first.map(propertiesOf), count }
}
