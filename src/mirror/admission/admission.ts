import { setImmediate } from 'node:timers/promises'
import { type QueuedJob, JobQueue } from './job-queue.js'
import type { ServiceLimits } from '../options.js'
import { NotReady, Refusal, throttled } from '../../server/answers/refusal.js'
import type { Turns } from '../../steps.js'

const MIB = 1024 * 1024

/** Most requests that wait to be looked up, or to be hashed. */
const MAX_WAITING = 1000

/** The effort of a large request, such as a search by a pattern; see Planning. */
const SMALL_EFFORT = 500

/**
 * Small requests that may be planned for each large one. Each waits for some answers of the disk, one after the
 * other, and for a turn of the event loop at each.
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

/** The queues and limits that decide which requests are worked for, and when. */
export interface Admission {
  readonly memory: MemoryPool
  readonly planner: Planner
  /** The same for requests that may list a whole directory each. */
  readonly listingPlanner: Planner
  readonly planning: JobQueue
  readonly hashing: JobQueue
}

/** Creates the queues and limits for the work of requests. */
export function openAdmission(limits: ServiceLimits): Admission {
  const { maxMatches, maxFiles, maxBody, maxPlanning, maxHashing, maxPerClient } = limits
  const all = { maxWaiting: MAX_WAITING, maxPerClient }
  // Plans share the event loop, so that one client loses nothing by the place left to others
  const plans = { ...all, maxRunningPerClient: Math.max(1, maxPlanning - 1) }
  const limitOfSmall = SMALL_PLANS * maxPlanning
  const planning = new JobQueue({ ...plans, limit: maxPlanning, limitOfSmall, small: SMALL_EFFORT })
  const hashing = new JobQueue({ ...all, limit: maxHashing, small: SMALL_READ })
  const bytes = MAX_BYTES + BYTES_PER_MATCH * Math.max(maxMatches, maxFiles)
  const budget = { steps: MAX_STEPS, names: MAX_NAMES, bytes }
  // One client may have the largest possible request under way. The next one gets two thirds of
  // that, each further one two thirds of the one before
  const bytesPerClient = bytes + BODY_COST * maxBody
  return {
    memory: new MemoryPool({ bytesPerClient, bytes: 3 * bytesPerClient }),
    planner: new Planner(planning, budget),
    listingPlanner: new Planner(planning, { ...budget, bytes: MAX_LISTING }),
    planning,
    hashing,
  }
}

/** A request whose names are matched and whose files are looked up. */
export interface Planning extends Omit<QueuedJob, 'size' | 'signal'> {
  /** Aborts, with a Refusal as its reason, when nobody wants the work any more. */
  readonly signal: AbortSignal
  /** Estimated work: the number of its paths, and much more for patterns. */
  readonly effort: number
  /** The account for the request's memory. */
  readonly memory: MemoryAccount
}

/** Plans a few requests at a time, small ones first, each within its own budget. */
export class Planner {
  /** Of the limits, each request has its own. */
  constructor(
    private readonly queue: JobQueue,
    private readonly limits: BudgetLimits,
  ) {}

  /**
   * Does the work when its turn has come.
   * @throws NotReady if too many requests wait, the signal's reason, and the errors of the work
   */
  run<T>(planning: Planning, work: (budget: Budget) => Promise<T>): Promise<T> {
    const job = { ...planning, size: planning.effort }
    return this.queue.run(job, async () => {
      await setImmediate()
      return work(new Budget(this.limits, planning))
    })
  }
}

/** The most that a request may cost. */
export interface BudgetLimits {
  /** Characters of names and patterns compared. */
  readonly steps: number
  /** Names read from directories. */
  readonly names: number
  /** Bytes of paths kept while the request is under way. */
  readonly bytes: number
}

const REASONS: Readonly<Record<keyof BudgetLimits, string>> = {
  steps: 'the patterns take too long to match; use simpler ones',
  names: 'the patterns search too many names; name the directories',
  bytes: 'the paths have too many bytes; ask for fewer files',
}

/** The request that a budget is for. */
interface BudgetedRequest {
  /** Aborts, with a Refusal as its reason, when nobody wants the work any more. */
  readonly signal: AbortSignal
  /** The memory account of the request, charged with its bytes. */
  readonly memory?: Pick<MemoryAccount, 'take'>
}

/** Milliseconds that work may keep the event loop before all other work has its turn. */
const SLICE = 4

/** The slices of all budgets: in each turn of the event loop, one of them goes on. */
let slices: Promise<void> = Promise.resolve()

/**
 * The rest of what a request may cost. The work charges it as it goes on. It ends with an error
 * once nothing is left, and it yields to other work after each slice of time.
 */
export class Budget {
  readonly #left: Record<keyof BudgetLimits, number>
  readonly #request: BudgetedRequest
  #end = performance.now() + SLICE
  #next: Promise<void> | null = null

  constructor(limits: BudgetLimits, request: BudgetedRequest) {
    this.#left = { ...limits }
    this.#request = request
  }

  /** @throws Refusal if less than `amount` is left */
  charge(kind: keyof BudgetLimits, amount: number): void {
    this.#left[kind] -= amount
    if (this.#left[kind] < 0) throw new Refusal('too-many', REASONS[kind])
    if (kind === 'bytes') this.#request.memory?.take(amount)
  }

  /** The turns of the work, for work in steps. */
  get turns(): Turns {
    return { isSliceOver: () => this.isSliceOver, pause: this.pause }
  }

  /** Whether the work has used its slice of time and must wait for the next one. */
  get isSliceOver(): boolean {
    return performance.now() >= this.#end
  }

  /** Lets other work have its turn if the slice of time is over. */
  readonly pause = async (): Promise<void> => {
    if (this.isSliceOver) await this.nextSlice()
  }

  /**
   * Resolves when the work may go on. Concurrent parts of one work wait for the same slice.
   * @throws the signal's reason if nobody wants the work any more
   */
  nextSlice(): Promise<void> {
    this.#next ??= this.#wait().finally(() => {
      this.#next = null
    })
    return this.#next
  }

  async #wait(): Promise<void> {
    this.#request.signal.throwIfAborted()
    slices = slices.then(() => setImmediate())
    await slices
    this.#request.signal.throwIfAborted()
    this.#end = performance.now() + SLICE
  }
}

/** The turns of work that is not charged. */
export function unlimitedTurns(signal: AbortSignal = new AbortController().signal): Turns {
  const budget = new Budget({ steps: Infinity, names: Infinity, bytes: Infinity }, { signal })
  return { isSliceOver: () => budget.isSliceOver, pause: () => budget.nextSlice() }
}

/**
 * Bytes that each account may always take: small requests are never refused because of large ones.
 */
const ALLOWANCE = 16 * 1024

interface MemoryLimits {
  /** Bytes for all accounts together beyond their allowances. */
  readonly bytes: number
  /** Bytes of these for one client while no other client takes any. */
  readonly bytesPerClient: number
}

/**
 * Bounds the memory of requests under way. A client's share falls with the free memory. However
 * many clients take all they can, some is left for the next one.
 */
export class MemoryPool {
  readonly #perClient = new Map<string | null, number>()
  #taken = 0

  constructor(private readonly limits: MemoryLimits) {}

  /** Bytes taken beyond allowances. */
  get taken(): number {
    return this.#taken
  }

  /** Opens an account for a client, or for an unknown one (null); the caller must close it. */
  open(client: string | null): MemoryAccount {
    return new MemoryAccount((bytes) => {
      this.#take(client, bytes)
    })
  }

  #take(client: string | null, bytes: number): void {
    const own = (this.#perClient.get(client) ?? 0) + bytes
    const { bytes: most, bytesPerClient } = this.limits
    if (bytes > 0 && client !== null && own > bytesPerClient) {
      throw throttled('your requests need too much memory; try again in 5 s', 5)
    }
    const free = most - this.#taken - bytes
    const share = client === null ? Infinity : (free * bytesPerClient) / (most - bytesPerClient)
    if (bytes > 0 && (free < 0 || own > share)) {
      throw new NotReady('the server is busy; try again in 5 s', 5)
    }
    this.#taken += bytes
    if (own > 0) this.#perClient.set(client, own)
    else this.#perClient.delete(client)
  }
}

/** The memory of one request. */
export class MemoryAccount {
  readonly #take: (bytes: number) => void
  /** Bytes taken, and those of them beyond the allowance. */
  #total = 0
  #charged = 0
  #isClosed = false

  constructor(take: (bytes: number) => void) {
    this.#take = take
  }

  /** @throws NotReady if that is more than the pool or the client's share has left */
  take(bytes: number): void {
    if (this.#isClosed) return
    const total = this.#total + bytes
    const charged = Math.max(0, total - ALLOWANCE)
    this.#take(charged - this.#charged)
    this.#total = total
    this.#charged = charged
  }

  /** Gives all bytes back. */
  clear(): void {
    this.take(-this.#total)
  }

  /** Gives all bytes back; further bytes are not counted. */
  close(): void {
    this.clear()
    this.#isClosed = true
  }
}
