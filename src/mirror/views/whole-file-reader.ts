import {
  endWholeFile,
  pauseWholeFile,
  resumeWholeFile,
  type WholeFileJob,
} from '../../hash/jobs/whole-file-job.js'
import type { WorkerPool } from '../../hash/jobs/worker-pool.js'
import type { Turn } from '../admission/turn.js'
import { NotReady } from '../../server/answers/refusal.js'

/** Most readings that wait for another turn; each keeps its thread and its state. */
const MOST_PAUSED = 16

/** Reads whole files, each on a thread of a pool while it is its turn. */
export class WholeFileReader {
  #paused = 0

  /** `ending` aborts when the service ends. */
  constructor(
    private readonly pool: WorkerPool,
    private readonly ending: AbortSignal,
  ) {}

  /**
   * Does a job.
   * @throws the signal's reason, NotReady if too many readings have yielded, and the errors of
   * readWholeFile
   */
  async read(job: WholeFileJob, signal: AbortSignal, turn: Turn): Promise<void> {
    const stopping = new AbortController()
    const stop = (reason: unknown) => {
      stopping.abort(reason)
      endWholeFile(job)
    }
    const signals = [signal, this.ending]
    const onAbort = (event: Event) => {
      stop((event.target as AbortSignal).reason)
    }
    for (const each of signals) {
      each.throwIfAborted()
      each.addEventListener('abort', onAbort)
    }
    this.#giveWayInTime(job, turn, stop)
    try {
      await this.pool.run(job)
    } finally {
      turn.onOver(() => undefined)
      for (const each of signals) each.removeEventListener('abort', onAbort)
    }
    stopping.signal.throwIfAborted()
  }

  /** Pauses a reading between its turns. */
  #giveWayInTime(job: WholeFileJob, turn: Turn, stop: (reason: unknown) => void): void {
    turn.onOver(() => {
      if (this.#paused === MOST_PAUSED) {
        stop(new NotReady('the server is busy; try again in 10 s', 10))
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
