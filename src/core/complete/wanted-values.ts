import { isSameBytes } from '../../bytes.js'
import {
  buildTorrent,
  encodeParts,
  type TorrentCore,
  type TorrentParts,
} from '../../metainfo/build/torrent.js'
import { encodedValue } from '../../metainfo/edit/splice-torrent.js'
import type { Content } from '../digests/content.js'
import { settleDate } from '../make/make-torrent.js'
import { type ExistingTorrent, type WantedValues } from './existing-torrent.js'
import type { CommonRequest, CompleteRun } from './request.js'
import type { UndecidedTorrent } from './torrent-decision.js'
import { isSameCreator } from './unchanged.js'

/** Whether an existing torrent differs at most in its date from one with this content. */
export function isSame(
  entry: UndecidedTorrent,
  existing: ExistingTorrent,
  core: TorrentCore,
): boolean {
  return isSameBytes(existing.bytes, buildTorrent(likeParts(entry, existing), core))
}

/** Returns the parts of a torrent with the incidental values of an existing one. */
export function likeExisting(
  entry: UndecidedTorrent,
  existing: ExistingTorrent,
  core: TorrentCore,
) {
  return { ...core, beside: encodeParts(likeParts(entry, existing)) }
}

/** Returns the values outside `info`, with the date and btkit's version of an existing torrent. */
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

/**
 * Returns the wanted parts of a torrent. Changes of only the date or btkit's version are not a
 * reason to write it.
 */
export function wantedValues(entry: UndecidedTorrent, core: TorrentCore): WantedValues {
  const { existing, run } = entry
  const createdBy = existing?.metainfo?.createdBy ?? null
  const isSameBtkit = isSameCreator(createdBy, run.request.common.parts.createdBy)
  const incidental = isSameBtkit ? ['creation date', 'created by'] : ['creation date']
  const beside = withOldTrackers(entry, besideOf(entry))
  return { info: core.info, pieceLayers: core.pieceLayers, beside, incidental }
}

/** The keys that a run without a tracker keeps. */
export const TRACKER_KEYS = ['announce', 'announce-list']

/** Returns the values outside `info`, with the existing trackers if the run keeps them. */
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

/** Encoded values by key, as encodeParts returns them. */
type Beside = ReadonlyMap<string, Uint8Array>

/**
 * Returns the encoded values outside a torrent's `info`. Torrents of a run with the same date share
 * one map: encoding it for each of very many torrents would take as long as reading a small file.
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
