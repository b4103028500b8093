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

/** Names of directories that one request may go through. */
const MAX_NAMES = 1_000_000

/** Characters that one request may have compared: what a million names of 100 take. */
const MAX_STEPS = 100_000_000

/** Bytes that the paths of one request may come to, and more for each file that it may come to. */
const MAX_BYTES = MIB
const BYTES_PER_MATCH = 2048

/** Bytes that a form comes to in memory once it has been read, for each of its own. */
export const BODY_COST = 3

/** What decides which requests are worked for, and when. */
export interface Admission {
  readonly clients: Clients
  readonly memory: MemoryPool
  readonly planner: Planner
  readonly planning: WorkQueue
  readonly hashing: WorkQueue
  /** Does work that belongs to no request, in slices. */
  readonly runSteps: <T>(steps: Steps<T>) => Promise<T>
}

/** Puts together what bounds the work for requests; `monotonic` is a clock that is never set. */
export function openAdmission(limits: ServiceLimits, monotonic: () => number): Admission {
  const { maxMatches, maxBody, maxPlanning, maxHashing } = limits
  const slices = new TimeSlices(monotonic)
  const planning = new WorkQueue({ ...PLANNING, limit: maxPlanning, monotonic })
  const bytes = MAX_BYTES + BYTES_PER_MATCH * maxMatches
  const budget = { steps: MAX_STEPS, names: MAX_NAMES, bytes }
  // One client may have the largest request under way that there can be, and others half as much
  const bytesPerClient = bytes + BODY_COST * maxBody
  const memory = { bytesPerClient, bytes: 1.5 * bytesPerClient }
  const never = new AbortController().signal
  return {
    clients: new Clients(limits, monotonic),
    memory: new MemoryPool(memory),
    planner: new Planner({ queue: planning, slices, limits: budget }),
    planning,
    hashing: new WorkQueue({ ...HASHING, limit: maxHashing, monotonic }),
    runSteps: (steps) => new Budget(budget, { slices, signal: never }).runSteps(steps),
  }
}
