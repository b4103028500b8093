import { removeUnused } from '../cache/maintain.js'
import { dayOf } from '../cache/record.js'
import type { Memory } from '../core/memory.js'
import type { TrackerSource } from './torrents/tracker-source.js'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

export interface ChoreParts {
  readonly trackers: TrackerSource
  readonly memory: Memory
  /** Milliseconds after which what was of no use is removed from the cache. */
  readonly unusedFor: number
  readonly onError: (error: unknown) => void
}

/** Does what comes round: a look at the trackers each minute, a clean cache each day. */
export function startChores({ trackers, memory, unusedFor, onError }: ChoreParts): () => void {
  const prune = () => removeUnused(memory.cache.store, dayOf(memory.now() - unusedFor))
  const timers = [
    setInterval(() => void trackers.refresh().catch(onError), MINUTE),
    setInterval(() => void prune().catch(onError), DAY),
  ]
  for (const timer of timers) timer.unref()
  prune().catch(onError)
  return () => {
    for (const timer of timers) clearInterval(timer)
  }
}
