import type { ServiceLimits } from '../options.js'
import { Budget } from './budget.js'
import { Clients } from './clients.js'
import { MemoryPool } from './memory-pool.js'
import { Planner } from './planner.js'
import { TimeSlices } from './time-slices.js'
import type { Steps } from '../../core/digests/steps.js'
import { WorkQueue } from './work-queue.js'

const MIB = 1024 * 1024

/** Requests that may wait to be planned, and milliseconds after which one comes before half its effort. */
const PLANNING = { maxWaiting: 1000, ageing: 1000 }

/** Hash jobs that may wait, and milliseconds after which one comes before new ones of half its size. */
const HASHING = { maxWaiting: 1000, ageing: 30_000 }

/** The same for work that is done before anybody asks for it. */
const AHEAD = { limit: 2, maxWaiting: 1000, ageing: 30_000 }

/** Names of directories that one request may go through. */
const MAX_NAMES = 1_000_000

/** Characters that one request may have compared: what a million names of 100 take. */
const MAX_STEPS = 100_000_000

/** Bytes that the paths of one request may come to, and more for each file that it may come to. */
const MAX_BYTES = MIB
const BYTES_PER_MATCH = 1200

/** What the rows of one directory may come to in memory, in bytes. */
const MAX_LISTING = 64 * MIB

/** Bytes that a form comes to in memory once it has been read, for each of its own. */
export const BODY_COST = 4

/** What decides which requests are worked for, and when. */
export interface Admission {
  readonly clients: Clients
  readonly memory: MemoryPool
  readonly planner: Planner
  /** The same, for requests of which each may list a whole directory. */
  readonly listingPlanner: Planner
  readonly planning: WorkQueue
  readonly hashing: WorkQueue
  /** Hashing that nobody waits for: it gives way to all other. */
  readonly ahead: WorkQueue
  readonly slices: TimeSlices
  /** Does work that belongs to no request, in slices. */
  readonly runSteps: <T>(steps: Steps<T>) => Promise<T>
}

/**
 * Puts together what bounds the work for requests; `monotonic` is a clock that is never set, and
 * `isPressed` whether clients wait for their connections to be accepted.
 */
export function openAdmission(
  limits: ServiceLimits,
  monotonic: () => number,
  isPressed: () => boolean,
): Admission {
  const { maxMatches, maxFiles, maxBody, maxPlanning, maxHashing } = limits
  const slices = new TimeSlices(monotonic, isPressed)
  const planning = new WorkQueue({ ...PLANNING, limit: maxPlanning, monotonic })
  const bytes = MAX_BYTES + BYTES_PER_MATCH * Math.max(maxMatches, maxFiles)
  const budget = { steps: MAX_STEPS, names: MAX_NAMES, bytes }
  // One client may have the largest request under way that there can be, the next one two thirds of
  // it, and each further one two thirds of that
  const bytesPerClient = bytes + BODY_COST * maxBody
  const memory = { bytesPerClient, bytes: 3 * bytesPerClient }
  const hashing = new WorkQueue({ ...HASHING, limit: maxHashing, monotonic })
  const never = new AbortController().signal
  return {
    clients: new Clients(limits, monotonic),
    memory: new MemoryPool(memory),
    planner: new Planner({ queue: planning, slices, limits: budget }),
    listingPlanner: new Planner({
      queue: planning,
      slices,
      limits: { ...budget, bytes: MAX_LISTING },
    }),
    planning,
    hashing,
    ahead: new WorkQueue({ ...AHEAD, monotonic, after: hashing }),
    slices,
    runSteps: (steps) => new Budget(budget, { slices, signal: never }).runSteps(steps),
  }
}
