import type { Tier, Trackers } from './trackers.js'

/** Changes to single trackers, taken in this order. */
export interface TrackerSteps {
  /** Whole URLs. */
  readonly remove: readonly string[]
  /** Each gives the new URL of a tracker, or the same when it is not meant. */
  readonly replace: readonly ((url: string) => string)[]
  /** Trackers to have in the list, as new last tiers unless they are there. */
  readonly add: readonly string[]
}

/**
 * Takes the steps on the trackers of a torrent. If any has an effect, the result is put in order: a
 * tracker stands once in a tier, no tier or list is empty, and `announce` is the first of the list,
 * with one that was in no tier put in front. Otherwise it is the very same object.
 */
export function takeTrackerSteps(trackers: Trackers, steps: TrackerSteps): Trackers {
  const kept = mapTrackers(trackers, (url) => (steps.remove.includes(url) ? null : url))
  const replaced = mapTrackers(kept, (url) => {
    return steps.replace.reduce((result, replace) => replace(result), url)
  })
  const result = addTrackers(replaced, steps.add)
  return isSame(result, trackers) ? trackers : tidy(result)
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

/** A lone tracker needs no list. */
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

/** The whole list without repetitions in a tier and empty tiers, `announce` in front if in none. */
function listAll({ announce, tiers }: Trackers): Tier[] {
  const list = (tiers ?? []).map((tier) => [...new Set(tier)]).filter((tier) => tier.length > 0)
  return announce === null || list.flat().includes(announce) ? list : [[announce], ...list]
}

function isSame(a: Trackers, b: Trackers): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
