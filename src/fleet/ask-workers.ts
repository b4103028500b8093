import pLimit from 'p-limit'
import { callWithin } from '../base/bounded-call.js'
import { LEAST_CLAIMED } from '../core/digests/cache-trust.js'
import type { Elsewhere, ElsewherePieces, ElsewhereRequest } from '../core/digests/hash-groups.js'
import type { HashOptions } from '../disk/hash/hash-stream.js'
import { queueTimes } from './connect.js'
import { cutPieces, type Cut } from './cut.js'
import { JobBoard, type JobBoardRequest } from './job-board.js'
import { bytesOfPart } from './job.js'
import type { ShareRules } from './shares.js'

/** The queue, and how other machines know files. */
export interface AskRequest extends JobBoardRequest, ShareRules {
  /** Withdraws all jobs when it aborts. */
  readonly signal: AbortSignal
  /** Receives the news that no worker hashed anything, if there was something to hash. */
  readonly note: (message: string) => void
}

/** Ranges of one content that are in the queue at a time. */
const AHEAD = 128

/** The progress on one content: bytes that are hashed, here or by a job that is done. */
interface Reading {
  done: number
  readonly engine: HashOptions
  readonly name: string
}

/** Machines that hash pieces for this one, until it is closed. Connects when there is something. */
export class AskedWorkers implements Elsewhere {
  readonly #rules: ShareRules
  readonly #board: JobBoard
  readonly #readings = new Set<Reading>()
  readonly #noteEnd: () => void
  #isTold = false
  #isUsed = false
  #isHelped = false
  /** One content at a time is hashed here, because each uses all threads. */
  readonly #turns = pLimit(1)

  constructor(request: AskRequest) {
    this.#rules = request
    const warn = (message: string) => {
      this.#isTold = true
      request.warn(message)
    }
    this.#board = new JobBoard({ ...request, warn })
    const { signal, note } = request
    signal.addEventListener('abort', () => void this.close(), { once: true })
    this.#noteEnd = () => {
      if (this.#isUsed && !this.#isHelped && !this.#isTold && !signal.aborted)
        note('no worker of --queue hashed anything; small files and short runs are hashed here')
    }
  }

  async *hash(request: ElsewhereRequest): AsyncGenerator<ElsewherePieces> {
    const { content, engine } = request
    this.#isUsed = true
    const reading = { done: 0, engine, name: content.name }
    this.#readings.add(reading)
    const ahead: Promise<ElsewherePieces>[] = []
    try {
      const opening = this.#board.open()
      if (!this.#board.isOpen && queueTimes.patience > 0)
        await callWithin({ timeoutMs: queueTimes.patience }, () => opening).catch(() => undefined)
      const isHasty = () => !this.#board.isOpen
      for (const cut of cutPieces(request, this.#rules, isHasty)) {
        ahead.push(this.#ask(cut, reading))
        // Until the connection is there, pieces are hashed here
        const next = isHasty() || ahead.length >= AHEAD ? ahead.shift() : null
        if (next) yield await next
      }
      for (const next of ahead) yield await next
    } finally {
      this.#readings.delete(reading)
    }
  }

  /** Posts a cut, unless hashing it here takes no longer than a job. Resolves to its digests. */
  async #ask({ pieces, part }: Cut, reading: Reading): Promise<ElsewherePieces> {
    const bytes = part ? bytesOfPart(part) : 0
    const digests = part && bytes >= LEAST_CLAIMED ? await this.#board.post(part) : null
    if (digests) {
      this.#isHelped = true
      this.#report(reading, bytes)
    }
    const here = <T>(work: (engine: HashOptions) => Promise<T>) =>
      this.#turns(() => {
        let own = 0
        const onProgress: HashOptions['onProgress'] = ({ bytesDone }) => {
          this.#report(reading, bytesDone - own)
          own = bytesDone
        }
        return work({ ...reading.engine, onProgress })
      })
    return { pieces, digests, here }
  }

  /** Reports more bytes as progress of all contents that are hashed at the same time. */
  #report(reading: Reading, bytes: number): void {
    reading.done += bytes
    let bytesDone = 0
    for (const each of this.#readings) bytesDone += each.done
    reading.engine.onProgress?.({ bytesDone, currentPath: reading.name })
  }

  close(): Promise<void> {
    this.#noteEnd()
    return this.#board.close()
  }
}
