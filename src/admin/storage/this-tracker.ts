import { editTorrent } from '../../core/edit/torrent.js'
import { changeTrackers, takeTrackerSteps } from '../../metainfo/edit/trackers.js'
import type { Metainfo } from '../../metainfo/metainfo.js'
import { announceUrls } from '../../metainfo/trackers.js'

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
 * Returns the bytes of a torrent, with this tracker in a new last tier if it is missing and wanted.
 * The info hash stays the same. Without `own` the torrent counts as right.
 */
export function nameTracker(
  metainfo: Metainfo,
  own: ThisTracker | null,
): { readonly bytes: Uint8Array; readonly naming: TrackerNaming } {
  const { bytes } = metainfo
  if (own === null) return { bytes, naming: 'named' }
  const { urls, added } = own
  const hosts = new Set(urls.map(hostOf))
  if (announceUrls(metainfo).some((url) => hosts.has(hostOf(url))))
    return { bytes, naming: 'named' }
  if (added === null) return { bytes, naming: 'missing' }
  const steps = { set: null, remove: [], replace: [], add: [added] }
  const edit = changeTrackers((trackers) => takeTrackerSteps(trackers, steps))
  return { bytes: editTorrent(metainfo, edit).bytes, naming: 'added' }
}

/** The host and port, which are the same over HTTP and UDP. */
function hostOf(url: string): string | null {
  return URL.canParse(url) ? new URL(url).host : null
}
