import pLimit from 'p-limit'
import { callWithin } from '../base/bounded-call.js'
import type { CutFiles } from '../core/digests/content.js'
import {
  hashInGroups,
  nodesOf,
  type GroupedReading,
  type HashGroups,
  type ReadGroup,
} from '../core/digests/hash-groups.js'
import type { HashOptions } from '../disk/hash/hash-stream.js'
import { fileAt, isPadding, pathAt } from '../disk/hash/stream/content-stream.js'
import { isWritten } from '../disk/hash/stream/reading.js'
import { whoWrites } from '../disk/look/writers.js'
import { queueTimes } from './connect.js'
import { cutPieces, type Cut } from './cut.js'
import { JobBoard, type JobBoardRequest } from './job-board.js'
import { bytesOfPart, type PartDigests } from './job.js'
import { LEAST_ASKED, type ShareRules } from './shares.js'

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
interface Reading extends GroupedReading {
  done: number
  readonly engine: HashOptions
  readonly name: string
}

/** Machines that hash pieces for this one, until it is closed. Connects when there is something. */
export class AskedWorkers {
  /** Contents to hash at the same time, so that the queue is never empty. */
  readonly contentsAtOnce = 128
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

  /** Returns the function that has pieces of content hashed, here what no worker hashes. */
  hashesOf(content: CutFiles): HashGroups {
    return (reading, engine) => {
      return this.#hash(content, { ...reading, done: 0, engine, name: content.name })
    }
  }

  async *#hash(content: CutFiles, reading: Reading): AsyncGenerator<ReadGroup> {
    this.#isUsed = true
    this.#readings.add(reading)
    const ahead: Promise<Hashed>[] = []
    try {
      const opening = this.#board.open()
      if (!this.#board.isOpen && queueTimes.patience > 0)
        await callWithin({ timeoutMs: queueTimes.patience }, () => opening).catch(() => undefined)
      const isHasty = () => !this.#board.isOpen
      for (const cut of cutPieces({ content, ...reading }, this.#rules, isHasty)) {
        await noteWriters(cut.pieces, reading)
        ahead.push(this.#ask(cut, reading))
        // Until the connection is there, pieces are hashed here
        const next = isHasty() || ahead.length >= AHEAD ? ahead.shift() : null
        if (next) yield* this.#groupsOf(await next, reading)
      }
      for (const next of ahead) yield* this.#groupsOf(await next, reading)
    } finally {
      this.#readings.delete(reading)
    }
  }

  /** Posts a cut, unless hashing it here takes no longer than a job. Resolves to its digests. */
  async #ask({ pieces, part }: Cut, reading: Reading): Promise<Hashed> {
    const bytes = part ? bytesOfPart(part) : 0
    const digests = part && bytes >= LEAST_ASKED ? await this.#board.post(part) : null
    if (digests) {
      this.#isHelped = true
      this.#report(reading, bytes)
    }
    return { pieces, digests }
  }

  /** Yields the digests of a cut. Hashes it here if no worker did. */
  async *#groupsOf({ pieces, digests }: Hashed, reading: Reading): AsyncGenerator<ReadGroup> {
    if (digests) {
      yield { indices: pieces, blocks: NONE, ...digests }
      return
    }
    const { stream, engine, wanted } = reading
    let own = 0
    const onProgress: HashOptions['onProgress'] = ({ bytesDone }) => {
      this.#report(reading, bytesDone - own)
      own = bytesDone
    }
    const endTurn = await new Promise<() => void>((begin) => {
      void this.#turns(() => new Promise<void>(begin))
    })
    try {
      for await (const group of hashInGroups({ ...reading, pieces }, { ...engine, onProgress }))
        yield { ...group, nodes: wanted === 'pieces' ? NONE : nodesOf(group, stream) }
    } finally {
      endTurn()
    }
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

/** Some consecutive pieces and their digests; null if they must be hashed here. */
interface Hashed {
  readonly pieces: Uint32Array
  readonly digests: PartDigests | null
}

const NONE = new Uint8Array(0)

/**
 * Notes who has the files of consecutive pieces open for writing, because workers do not know it.
 * @throws BtkitError `changed` if there must be no such file
 */
async function noteWriters(
  pieces: Uint32Array,
  { stream, engine: { writers, refusesWritten } }: Reading,
): Promise<void> {
  if (!writers) return
  const [first, end] = [pieces[0] ?? 0, (pieces.at(-1) ?? 0) + 1]
  const files: number[] = []
  const last = fileAt(stream, end * stream.pieceLength - 1)
  for (let file = fileAt(stream, first * stream.pieceLength); file <= last; file++)
    if (!isPadding(stream, file)) files.push(file)
  for (const i of await whoWrites(files.map((file) => pathAt(stream, file)))) {
    const file = files[i] ?? 0
    if (refusesWritten) throw isWritten(pathAt(stream, file))
    writers[file] = 1
  }
}
