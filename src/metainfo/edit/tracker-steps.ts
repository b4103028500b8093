import type { Tier, Trackers } from './trackers.js'

/** Changes to single trackers, made in this order. */
export interface TrackerSteps {
  /** What takes the place of all trackers; null to begin with those that there are. */
  readonly set: readonly Tier[] | null
  /** Whole URLs. */
  readonly remove: readonly string[]
  /** Each returns the new URL of a tracker, or the same URL for no change. */
  readonly replace: readonly ((url: string) => string)[]
  /** Trackers to have first, each as a tier of its own, also if they are in the list already. */
  readonly prepend: readonly string[]
  /** Trackers to add unless they are in the list, each as a new last tier. */
  readonly add: readonly string[]
}

/**
 * Takes the steps on the trackers of a torrent. If any has an effect, the result is put in order:
 * no tracker repeats in a tier, no tier or list is empty, and `announce` is the first of the list;
 * an `announce` that was in no tier becomes the first tier. Otherwise the same object is returned.
 */
export function takeTrackerSteps(trackers: Trackers, steps: TrackerSteps): Trackers {
  const begun = steps.set === null ? trackers : fromTiers(steps.set)
  const kept = mapTrackers(begun, (url) => (steps.remove.includes(url) ? null : url))
  const replaced = mapTrackers(kept, (url) => {
    return steps.replace.reduce((result, replace) => replace(result), url)
  })
  const result = addTrackers(prependTrackers(replaced, steps.prepend), steps.add)
  return isSame(result, trackers) ? trackers : tidy(result)
}

/** A single tracker gets no list. */
function fromTiers(tiers: readonly Tier[]): Trackers {
  const announce = tiers[0]?.[0] ?? null
  return { announce, tiers: tiers.flat().length > 1 ? tiers : null }
}

function prependTrackers(trackers: Trackers, urls: readonly string[]): Trackers {
  if (urls.length === 0) return trackers
  const others = mapTrackers(trackers, (url) => (urls.includes(url) ? null : url))
  return fromTiers([...[...new Set(urls)].map((url) => [url]), ...listAll(others)])
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

/** Adds trackers that are missing. A single tracker gets no list. */
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

/** All tiers without repeats and empty ones; an `announce` that is in none comes first. */
function listAll({ announce, tiers }: Trackers): Tier[] {
  const list = (tiers ?? []).map((tier) => [...new Set(tier)]).filter((tier) => tier.length > 0)
  return announce === null || list.flat().includes(announce) ? list : [[announce], ...list]
}

function isSame(a: Trackers, b: Trackers): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
