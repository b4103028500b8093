import {
  endWholeFile,
  pauseWholeFile,
  resumeWholeFile,
  type WholeFileJob,
} from '../../hash/jobs/whole-file-job.js'
import type { WorkerPool } from '../../hash/jobs/worker-pool.js'
import type { Turn } from '../admission/turn.js'
import { NotReady } from '../../server/answers/refusal.js'

/** Readings that may wait for another turn: each keeps its thread, and on it what it has come to. */
const MOST_PAUSED = 16

/** Reads files from end to end, each on a thread of a pool, while it is its turn. */
export class WholeFileReader {
  readonly #pool: WorkerPool
  readonly #ending: AbortSignal
  #paused = 0

  /** `ending` aborts when the service ends. */
  constructor(pool: WorkerPool, ending: AbortSignal) {
    this.#pool = pool
    this.#ending = ending
  }

  /**
   * Does a job.
   * @throws the signal's reason, NotReady when too many readings have given way, and as readWholeFile
   * does
   */
  async read(job: WholeFileJob, signal: AbortSignal, turn: Turn): Promise<void> {
    const stopping = new AbortController()
    const stop = (reason: unknown) => {
      stopping.abort(reason)
      endWholeFile(job)
    }
    const signals = [signal, this.#ending]
    const onAbort = (event: Event) => {
      stop((event.target as AbortSignal).reason)
    }
    for (const each of signals) {
      each.throwIfAborted()
      each.addEventListener('abort', onAbort)
    }
    this.#giveWayInTime(job, turn, stop)
    try {
      await this.#pool.run(job)
    } finally {
      turn.onOver(() => undefined)
      for (const each of signals) each.removeEventListener('abort', onAbort)
    }
    stopping.signal.throwIfAborted()
  }

  /** Has a reading wait from the end of its turn to the next. */
  #giveWayInTime(job: WholeFileJob, turn: Turn, stop: (reason: unknown) => void): void {
    turn.onOver(() => {
      if (this.#paused === MOST_PAUSED) {
        stop(new NotReady('too much is asked for at once: ask again later', 10))
        return
      }
      this.#paused++
      pauseWholeFile(job)
      const goOn = () => {
        this.#paused--
        this.#giveWayInTime(job, turn, stop)
        resumeWholeFile(job)
      }
      const giveUp = (reason: unknown) => {
        this.#paused--
        stop(reason)
      }
      turn.next().then(goOn, giveUp)
    })
  }
}
