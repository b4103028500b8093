import pLimit from 'p-limit'
import { callWithin } from '../bounded-call.js'
import type { Elsewhere, ElsewherePieces, ElsewhereRequest } from '../core/digests/hash-groups.js'
import type { HashOptions } from '../hash/hash-stream.js'
import { queueTimes } from './connect.js'
import { cutPieces, type Cut } from './cut.js'
import { JobBoard, type JobBoardRequest } from './job-board.js'
import {
  bytesOfJob,
  bytesOfPart,
  MOST_FILES,
  MOST_PIECES,
  type Part,
  type PartDigests,
} from './job.js'
import type { ShareRules } from './shares.js'

/** The queue, and how other machines know files. */
export interface AskRequest extends JobBoardRequest, ShareRules {
  /** Withdraws all jobs when it aborts. */
  readonly signal: AbortSignal
}

/** Ranges of one content that are in the queue at a time. */
const AHEAD = 128

/** Parts of less than this many bytes share jobs of about that size. */
const BATCH_BYTES = 32 * 1024 ** 2

/** How long a part waits for others of its job, in milliseconds. */
const BATCH_WAIT_MS = 10

/** The progress on one content: bytes that are hashed, or are being hashed. */
interface Reading {
  done: number
  readonly engine: HashOptions
  readonly name: string
}

/** A part that waits for others, or is in a job. */
interface Posted {
  readonly part: Part
  readonly onBytes: (bytes: number) => void
  readonly settle: (digests: PartDigests | null) => void
}

/** Machines that hash pieces for this one, until it is closed. Connects when there is something. */
export class AskedWorkers implements Elsewhere {
  readonly #rules: ShareRules
  readonly #board: JobBoard
  readonly #readings = new Set<Reading>()
  /** One content at a time is hashed here, because each uses all threads. */
  readonly #turns = pLimit(1)
  #batch: Posted[] = []
  #timer: NodeJS.Timeout | undefined

  constructor(request: AskRequest) {
    this.#rules = request
    this.#board = new JobBoard(request)
    request.signal.addEventListener('abort', () => void this.close(), { once: true })
  }

  async *hash(request: ElsewhereRequest): AsyncGenerator<ElsewherePieces> {
    const { content, engine } = request
    const reading = { done: 0, engine, name: content.name }
    this.#readings.add(reading)
    const ahead: (() => Promise<ElsewherePieces>)[] = []
    try {
      const opening = this.#board.open()
      if (!this.#board.isOpen && queueTimes.patience > 0)
        await callWithin({ timeoutMs: queueTimes.patience }, () => opening).catch(() => undefined)
      const isHasty = () => !this.#board.isOpen
      for (const cut of cutPieces(request, this.#rules, isHasty)) {
        ahead.push(this.#begin(cut, reading))
        // Until the connection is there, pieces are hashed here
        const next = isHasty() || ahead.length >= AHEAD ? ahead.shift() : null
        if (next) yield await next()
      }
      for (const next of ahead) yield await next()
    } finally {
      this.#readings.delete(reading)
    }
  }

  /** Posts a cut. Returns the function that waits for its digests. */
  #begin({ pieces, part }: Cut, reading: Reading): () => Promise<ElsewherePieces> {
    let own = 0
    const onBytes = (bytes: number) => {
      reading.done += bytes - own
      own = bytes
      let bytesDone = 0
      for (const { done } of this.#readings) bytesDone += done
      reading.engine.onProgress?.({ bytesDone, currentPath: reading.name })
    }
    const here = <T>(work: (engine: HashOptions) => Promise<T>) =>
      this.#turns(() => {
        onBytes(0)
        const onProgress: HashOptions['onProgress'] = ({ bytesDone }) => {
          onBytes(bytesDone)
        }
        return work({ ...reading.engine, onProgress })
      })
    const posted = part && this.#board.isOpen ? this.#ask(part, onBytes) : null
    return async () => {
      const digests = await posted
      if (digests && part) onBytes(bytesOfPart(part))
      return { pieces, digests, here }
    }
  }

  #ask(part: Part, onBytes: Posted['onBytes']): Promise<PartDigests | null> {
    return new Promise((settle) => {
      const posted = { part, onBytes, settle }
      if (bytesOfPart(part) >= BATCH_BYTES) {
        void this.#post([posted])
        return
      }
      if (isTooLarge([...this.#batch, posted].map((each) => each.part))) this.#flush()
      this.#batch.push(posted)
      this.#timer ??= setTimeout(() => {
        this.#flush()
      }, BATCH_WAIT_MS)
    })
  }

  #flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const batch = this.#batch
    this.#batch = []
    if (batch.length > 0) void this.#post(batch)
  }

  async #post(batch: readonly Posted[]): Promise<void> {
    const parts = batch.map(({ part }) => part)
    const digests = await this.#board.post(parts, (bytes) => {
      if (batch.length === 1) batch[0]?.onBytes(bytes)
    })
    for (const [i, { settle }] of batch.entries()) settle(digests?.[i] ?? null)
  }

  close(): Promise<void> {
    this.#flush()
    return this.#board.close()
  }
}

/** Whether parts are more than one job. */
function isTooLarge(parts: readonly Part[]): boolean {
  const files = parts.reduce((sum, part) => sum + part.files.length, 0)
  const pieces = parts.reduce((sum, { count }) => sum + count, 0)
  return bytesOfJob(parts) > BATCH_BYTES || files > MOST_FILES || pieces > MOST_PIECES
}
