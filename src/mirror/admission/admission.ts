import type { ServiceLimits } from '../options.js'
import { Budget } from './budget.js'
import { Clients } from './clients.js'
import { MemoryPool } from './memory-pool.js'
import { Planner } from './planner.js'
import { TimeSlices } from './time-slices.js'
import type { Steps } from '../../core/digests/steps.js'
import { WorkQueue } from './work-queue.js'

const MIB = 1024 * 1024

/**
 * Most requests that wait for planning. One that waited `ageing` milliseconds precedes a new one of
 * half its effort.
 */
const PLANNING = { maxWaiting: 1000, ageing: 1000 }

/**
 * Most waiting hash jobs. One that waited `ageing` milliseconds precedes a new one of half its
 * size.
 */
const HASHING = { maxWaiting: 1000, ageing: 30_000 }

/** The same for work that nobody has asked for yet. */
const AHEAD = { limit: 2, maxWaiting: 1000, ageing: 30_000 }

/** Most names of directories that one request may read. */
const MAX_NAMES = 1_000_000

/** Most characters compared for one request: a million names of 100. */
const MAX_STEPS = 100_000_000

/** Most bytes of paths per request, plus an amount for each file that it may match. */
const MAX_BYTES = MIB
const BYTES_PER_MATCH = 1200

/** Most bytes of memory for the rows of one directory. */
const MAX_LISTING = 64 * MIB

/** Bytes of memory that each byte of a form takes once it is read. */
export const BODY_COST = 4

/** The queues and limits that decide which requests are worked for, and when. */
export interface Admission {
  readonly clients: Clients
  readonly memory: MemoryPool
  readonly planner: Planner
  /** The same for requests that may list a whole directory each. */
  readonly listingPlanner: Planner
  readonly planning: WorkQueue
  readonly hashing: WorkQueue
  /** Hashing that nobody waits for; it yields to all other work. */
  readonly ahead: WorkQueue
  readonly slices: TimeSlices
  /** Does work that belongs to no request, in slices. */
  readonly runSteps: <T>(steps: Steps<T>) => Promise<T>
}

/**
 * Creates the queues and limits for the work of requests. `monotonic` is a clock that is never set;
 * `isPressed` says whether clients wait for their connections to be accepted.
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
  // One client may have the largest possible request under way. The next one gets two thirds of
  // that, each further one two thirds of the one before
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
