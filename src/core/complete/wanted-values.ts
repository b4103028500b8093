import {
  buildTorrent,
  encodeParts,
  type TorrentCore,
  type TorrentParts,
} from '../../metainfo/build/torrent.js'
import { encodedValue } from '../../metainfo/edit/splice-torrent.js'
import type { Content } from '../digests/content.js'
import { settleDate } from '../make/make-torrent.js'
import { isEqual, type ExistingTorrent, type WantedValues } from './existing-torrent.js'
import type { CommonRequest, CompleteRun } from './request.js'
import type { UndecidedTorrent } from './torrent-decision.js'
import { isSameCreator } from './unchanged.js'

/** Whether a torrent around what is said of the content would differ from one in its date alone. */
export function isSame(
  entry: UndecidedTorrent,
  existing: ExistingTorrent,
  core: TorrentCore,
): boolean {
  return isEqual(existing.bytes, buildTorrent(likeParts(entry, existing), core))
}

/** The parts of a torrent as an existing one has them, where that differs in what does not matter. */
export function likeExisting(
  entry: UndecidedTorrent,
  existing: ExistingTorrent,
  core: TorrentCore,
) {
  return { ...core, beside: encodeParts(likeParts(entry, existing)) }
}

/** What goes beside `info`, with the date and btkit's version as in an existing torrent. */
function likeParts(entry: UndecidedTorrent, { metainfo }: ExistingTorrent): TorrentParts {
  const { parts } = entry.run.request.common
  const createdBy = metainfo?.createdBy ?? null
  const isSameBtkit = isSameCreator(createdBy, parts.createdBy)
  return {
    ...parts,
    createdBy: isSameBtkit ? createdBy : parts.createdBy,
    creationDate: metainfo?.creationDate ?? null,
  }
}

/** The parts that a torrent is to have. Its date and btkit's version alone are no reason to write. */
export function wantedValues(entry: UndecidedTorrent, core: TorrentCore): WantedValues {
  const { existing, run } = entry
  const createdBy = existing?.metainfo?.createdBy ?? null
  const isSameBtkit = isSameCreator(createdBy, run.request.common.parts.createdBy)
  const incidental = isSameBtkit ? ['creation date', 'created by'] : ['creation date']
  const beside = withOldTrackers(entry, besideOf(entry))
  return { info: core.info, pieceLayers: core.pieceLayers, beside, incidental }
}

/** The keys of values that a run without a tracker keeps. */
export const TRACKER_KEYS = ['announce', 'announce-list']

/** The values beside `info`, with the trackers that are there if the run keeps them. */
function withOldTrackers({ existing, run }: UndecidedTorrent, beside: Beside): Beside {
  const { metainfo } = existing ?? {}
  if (!metainfo || !run.request.existing.keepTrackers) return beside
  const kept = new Map(beside)
  for (const key of TRACKER_KEYS) {
    const value = encodedValue(metainfo, key)
    if (value) kept.set(key, value)
  }
  return kept
}

/** Encoded values by their keys, as encodeParts makes them. */
type Beside = ReadonlyMap<string, Uint8Array>

/**
 * The encoded values beside the `info` of a torrent. Torrents of a run that have the same date share
 * one map: to encode it again for each of very many would take as long as to read a small file.
 */
export function besideOf({ run, content }: { run: CompleteRun; content: Content }): Beside {
  const { parts, creationDate } = run.request.common
  const date = settleDate(creationDate, content)
  const last = lastOf.get(parts)
  if (last?.date === date) return last.beside
  const beside = encodeParts({ ...parts, creationDate: date })
  lastOf.set(parts, { date, beside })
  return beside
}

const lastOf = new WeakMap<CommonRequest['parts'], { date: number | null; beside: Beside }>()
