import { quoteText } from '../../text/escape.js'
import type { Metainfo } from '../metainfo.js'
import { isSeed, isTracker } from '../trackers.js'

/** An announce that is not in the list: clients that know lists ignore it (BEP 12). */
export function* findAnnounceOutsideList({ announce, announceList }: Metainfo) {
  const listed = announceList?.flat() ?? []
  if (announce === null || listed.length === 0 || listed.includes(announce)) return
  yield `announce ${quoteText(announce)} is not in the announce list, so clients will not use it`
}

/** Tiers without a tracker, and a list without a tier. */
export function* findEmptyTiers({ announceList }: Metainfo) {
  if (announceList?.length === 0) yield 'the announce list is empty'
  for (const [at, tier] of announceList?.entries() ?? []) {
    if (tier.length === 0) yield `tier ${at + 1} of the announce list is empty`
  }
}

/** Trackers that are no http, https, udp, ws or wss URL. */
export function* findBadTrackers({ announce, announceList }: Metainfo) {
  const trackers = [...(announce === null ? [] : [announce]), ...(announceList?.flat() ?? [])]
  for (const tracker of new Set(trackers)) {
    if (!isTracker(tracker)) {
      yield `tracker ${quoteText(tracker)} is not an http, https, udp, ws or wss URL`
    }
  }
}

/** Trackers that the announce list has more than once, in one tier or several. */
export function* findRepeatedTrackers({ announceList }: Metainfo) {
  const counts = new Map<string, number>()
  for (const tracker of announceList?.flat() ?? []) {
    counts.set(tracker, (counts.get(tracker) ?? 0) + 1)
  }
  for (const [tracker, count] of counts) {
    if (count > 1) yield `tracker ${quoteText(tracker)} stands ${count} times in the announce list`
  }
}

/** Seeds that are no http, https or ftp URL. */
export function* findBadSeeds({ httpSeeds, webSeeds }: Metainfo) {
  for (const seed of new Set([...(webSeeds ?? []), ...(httpSeeds ?? [])])) {
    if (!isSeed(seed)) {
      yield `web seed ${quoteText(seed)} is not an http, https or ftp URL`
    }
  }
}
