import { callWithin } from '../bounded-call.js'
import { ConcurrencyLimit } from '../files/concurrency-limit.js'
import type { HashOptions } from '../hash/hash-stream.js'
import { monotonicNow } from '../monotonic.js'
import type { Elsewhere, ElsewherePieces, ElsewhereRequest } from '../core/digests/elsewhere.js'
import type { ShareRules } from './shares.js'
import { queueTimes } from './connect.js'
import { cutPieces, type Cut } from './cut.js'
import { bytesOfPart, MOST_FILES, MOST_PIECES, type Part, type PartDigests } from './job.js'
import { JobBoard, type JobBoardRequest } from './job-board.js'
import { WorkerRates } from './rates.js'

/** The queue, and how other machines know files. */
export interface AskRequest extends JobBoardRequest, ShareRules {
  /** Withdraws all jobs when it aborts. */
  readonly signal: AbortSignal
}

/** Machines that hash pieces for this one, until it is closed. */
export interface AskedWorkers extends Elsewhere {
  readonly close: () => Promise<void>
}

/** Connects to workers when there is something to hash. */
export function askWorkers(request: AskRequest): AskedWorkers {
  return new Asker(request)
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
interface Asked {
  readonly part: Part
  readonly onBytes: (bytes: number) => void
  readonly settle: (digests: PartDigests | null) => void
}

class Asker implements AskedWorkers {
  readonly #rules: ShareRules
  readonly #board: JobBoard
  readonly #rates = new WorkerRates(monotonicNow)
  readonly #readings = new Set<Reading>()
  /** One content at a time is hashed here, because each uses all threads. */
  readonly #turns = new ConcurrencyLimit(1)
  #batch: Asked[] = []
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
      await this.#connect()
      const isHasty = () => !this.#board.isOpen
      for (const cut of cutPieces(request, this.#rules, isHasty)) {
        ahead.push(this.#begin(cut, reading))
        // Until the connection is there, pieces are hashed here
        if (isHasty() || ahead.length >= AHEAD) yield await finishNext(ahead)
      }
      while (ahead.length > 0) yield await finishNext(ahead)
    } finally {
      this.#readings.delete(reading)
    }
  }

  async #connect(): Promise<void> {
    const opening = this.#board.open()
    if (this.#board.isOpen || queueTimes.patience === 0) return
    await callWithin({ timeoutMs: queueTimes.patience }, () => opening).catch(() => undefined)
  }

  /** Posts a cut. Returns the function that waits for its digests. */
  #begin({ pieces, part }: Cut, reading: Reading): () => Promise<ElsewherePieces> {
    let own = 0
    const onBytes = (bytes: number) => {
      reading.done += bytes - own
      own = bytes
      this.#report(reading)
    }
    const here = <T>(work: (engine: HashOptions) => Promise<T>) =>
      this.#turns.run(() => {
        onBytes(0)
        return work({
          ...reading.engine,
          onProgress: ({ bytesDone }) => {
            onBytes(bytesDone)
          },
        })
      })
    const asked = part && this.#board.isOpen ? this.#ask(part, onBytes) : null
    return async () => {
      const digests = await asked
      if (digests && part) onBytes(bytesOfPart(part))
      return { pieces, digests, here }
    }
  }

  #report({ engine, name }: Reading): void {
    let bytesDone = 0
    for (const { done } of this.#readings) bytesDone += done
    const workers = this.#rates.describe()
    const shown = workers === '' ? {} : { workers }
    engine.onProgress?.({ bytesDone, currentPath: name, ...shown })
  }

  #ask(part: Part, onBytes: Asked['onBytes']): Promise<PartDigests | null> {
    return new Promise((settle) => {
      const asked = { part, onBytes, settle }
      if (bytesOfPart(part) >= BATCH_BYTES) {
        void this.#post([asked])
        return
      }
      if (isFull([...this.#batch, asked])) this.#flush()
      this.#batch.push(asked)
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

  async #post(batch: readonly Asked[]): Promise<void> {
    let before = 0
    const parts = batch.map(({ part }) => part)
    const digests = await this.#board.post(parts, ({ machine, bytes }) => {
      this.#rates.note(machine, Math.max(0, bytes - before))
      before = bytes
      if (batch.length === 1) batch[0]?.onBytes(bytes)
    })
    for (const [i, { settle }] of batch.entries()) settle(digests?.[i] ?? null)
  }

  close(): Promise<void> {
    this.#flush()
    return this.#board.close()
  }
}

function isFull(batch: readonly Asked[]): boolean {
  const sum = (measure: (part: Part) => number) =>
    batch.reduce((total, { part }) => total + measure(part), 0)
  return (
    sum(bytesOfPart) > BATCH_BYTES ||
    sum(({ files }) => files.length) > MOST_FILES ||
    sum(({ count }) => count) > MOST_PIECES
  )
}

async function finishNext(ahead: (() => Promise<ElsewherePieces>)[]): Promise<ElsewherePieces> {
  const next = ahead.shift()
  if (!next) throw new Error('nothing was begun')
  return next()
}
