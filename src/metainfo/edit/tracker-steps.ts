import type { Tier, Trackers } from './trackers.js'

/** Changes to single trackers, applied in this order. */
export interface TrackerSteps {
  /** Replaces all trackers; null keeps them. */
  readonly set: readonly Tier[] | null
  /** Whole URLs to remove. */
  readonly remove: readonly string[]
  /** Functions that return the new URL of a tracker, or the same URL for no change. */
  readonly replace: readonly ((url: string) => string)[]
  /** Trackers to add unless the list has them, each as a new last tier. */
  readonly add: readonly string[]
}

/**
 * Applies the steps to a torrent's trackers. If any step has an effect, the result is normalized.
 * No tier contains a tracker twice, and no tier or list is empty. `announce` is the first tracker
 * of the list; an `announce` that was in no tier becomes the first tier. Without an effect, returns
 * the same object.
 */
export function takeTrackerSteps(trackers: Trackers, steps: TrackerSteps): Trackers {
  const begun = steps.set === null ? trackers : fromTiers(steps.set)
  const kept = mapTrackers(begun, (url) => (steps.remove.includes(url) ? null : url))
  const replaced = mapTrackers(kept, (url) => {
    return steps.replace.reduce((result, replace) => replace(result), url)
  })
  const result = addTrackers(replaced, steps.add)
  return isSame(result, trackers) ? trackers : tidy(result)
}

/** Converts tiers to Trackers. A single tracker gets no announce list. */
function fromTiers(tiers: readonly Tier[]): Trackers {
  const announce = tiers[0]?.[0] ?? null
  return { announce, tiers: tiers.flat().length > 1 ? tiers : null }
}

function mapTrackers(
  { announce, tiers }: Trackers,
  change: (url: string) => string | null,
): Trackers {
  return {
    announce: announce === null ? null : change(announce),
    tiers: tiers?.map((tier) => tier.map(change).filter((url) => url !== null)) ?? null,
  }
}

/** Adds missing trackers. A single tracker gets no announce list. */
function addTrackers(trackers: Trackers, urls: readonly string[]): Trackers {
  const tiers = listAll(trackers)
  const missing = [...new Set(urls)].filter((url) => !tiers.flat().includes(url))
  if (missing.length === 0) return trackers
  const list = [...tiers, ...missing.map((url) => [url])]
  const first = list[0]?.[0] ?? null
  const isLone = list.length === 1 && trackers.tiers === null
  return { announce: first, tiers: isLone ? null : list }
}

function tidy(trackers: Trackers): Trackers {
  const isListEmpty = trackers.tiers?.every((tier) => tier.length === 0) ?? true
  if (isListEmpty) return { announce: trackers.announce, tiers: null }
  const tiers = listAll(trackers)
  return { announce: tiers[0]?.[0] ?? null, tiers }
}

/**
 * Returns all tiers, without repeated trackers or empty tiers. An `announce` that is in no tier
 * comes first.
 */
function listAll({ announce, tiers }: Trackers): Tier[] {
  const list = (tiers ?? []).map((tier) => [...new Set(tier)]).filter((tier) => tier.length > 0)
  return announce === null || list.flat().includes(announce) ? list : [[announce], ...list]
}

function isSame(a: Trackers, b: Trackers): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
