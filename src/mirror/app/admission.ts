import type { ServiceLimits } from '../options.js'
import { MemoryPool } from '../../server/admission/memory.js'
import { Gate } from '../../server/admission/gate.js'
import { Planner } from '../../server/admission/planner.js'
import { Queue } from '../../server/admission/queue.js'

const MIB = 1024 * 1024

/** Most requests that wait to be looked up, or to be hashed. */
const MAX_WAITING = 1000

/**
 * Small requests that may be planned for each large one. Each waits for some answers of the disk,
 * one after the other, and for a turn of the event loop at each.
 */
const SMALL_PLANS = 16

/** Bytes to read for a small job: some seconds of a disk. */
const SMALL_READ = 64 * MIB

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

/** Creates the queues and limits that decide which requests are worked for, and when. */
export function openAdmission(limits: ServiceLimits) {
  const { maxMatches, maxFiles, maxBody, maxPlanning, maxHashing, maxPerClient } = limits
  const all = { maxWaiting: MAX_WAITING, maxPerClient }
  const planning = {
    small: new Gate({ ...all, limit: SMALL_PLANS * maxPlanning }),
    large: new Gate({ ...all, limit: maxPlanning }),
  }
  const hashing = new Queue({ ...all, limit: maxHashing, small: SMALL_READ })
  const bytes = MAX_BYTES + BYTES_PER_MATCH * Math.max(maxMatches, maxFiles)
  const budget = { steps: MAX_STEPS, names: MAX_NAMES, bytes }
  // One client may have the largest possible request under way
  const bytesPerClient = bytes + BODY_COST * maxBody
  return {
    memory: new MemoryPool({ bytesPerClient, bytes: 2 * bytesPerClient }),
    planner: new Planner(planning, budget),
    /** The same for requests that may list a whole directory each. */
    listingPlanner: new Planner(planning, { ...budget, bytes: MAX_LISTING }),
    planning,
    hashing,
  }
}
