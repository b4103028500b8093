import { editTorrent } from '../../../core/edit/torrent.js'
import { setDetails } from '../../../metainfo/edit/details.js'
import { combineEdits } from '../../../metainfo/edit/splice-torrent.js'
import { changeTrackers, takeTrackerSteps } from '../../../metainfo/edit/trackers.js'
import type { Metainfo } from '../../../metainfo/metainfo.js'
import { announceUrls } from '../../../metainfo/trackers.js'

/** This tracker, for torrents from elsewhere. */
export interface ThisTracker {
  /** Its announce URLs. */
  readonly urls: readonly string[]
  /** The one that is added to torrents without any of them; null for none. */
  readonly added: string | null
}

/** Whether a torrent names this tracker, was changed to do so, or does not. */
export type TrackerNaming = 'named' | 'added' | 'missing'

/**
 * Returns the bytes of a torrent with a comment, and with this tracker in a new last tier, if
 * wanted. Without `own` the torrent counts as right. An empty `comment` leaves the one that it has.
 */
export function prepareTorrent(
  metainfo: Metainfo,
  own: ThisTracker | null,
  comment: string,
): { readonly bytes: Uint8Array; readonly naming: TrackerNaming } {
  const isNamed = own === null || namesTracker(announceUrls(metainfo), own)
  const added = isNamed ? null : own.added
  const steps = { set: null, remove: [], replace: [], add: added === null ? [] : [added] }
  const edits = [
    ...(comment === '' ? [] : [setDetails({ comment })]),
    ...(added === null ? [] : [changeTrackers((trackers) => takeTrackerSteps(trackers, steps))]),
  ]
  const naming = isNamed ? 'named' : added === null ? 'missing' : 'added'
  return { bytes: editTorrent(metainfo, combineEdits(edits)).bytes, naming }
}

/** Whether one of the trackers of a torrent is this one. */
export function namesTracker(
  trackers: readonly string[],
  { urls }: Pick<ThisTracker, 'urls'>,
): boolean {
  const hosts = new Set(urls.map(hostOf))
  return trackers.some((url) => hosts.has(hostOf(url)))
}

/** The host and port, which are the same over HTTP and UDP. Usual ports may be left out. */
function hostOf(url: string): string | null {
  if (!URL.canParse(url)) return null
  const { hostname, port } = new URL(url)
  return `${hostname.toLowerCase()}:${/^(80|443)$/.test(port) ? '' : port}`
}
