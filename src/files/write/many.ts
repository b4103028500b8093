import { isAbsolute, resolve } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { ConcurrencyLimit } from '../concurrency-limit.js'
import {
  batchAddon,
  type BatchAddon,
  batchWriter,
  type BatchFile,
  type DraftBatch,
  type PlaceBatch,
} from './batch.js'
import { createCleaner } from './remove-dead-files.js'
import { syncDirectory } from './sync-directory.js'
import { findPlainTarget, findWriteTarget } from './target.js'
import {
  writeAtomicallyWith,
  type DirectoryCare,
  type WriteFile,
  type WriteOptions,
} from './atomically.js'

/** Writes many files, several at a time. */
export interface Writer {
  /**
   * Writes a file as writeAtomically does, and resolves when it would outlive a power cut. Waits
   * its turn while as many as allowed are in flight. Resolves to the encoded fingerprint that the
   * file had when it took its place, or to null when that is not known.
   * @throws BtkitError those of writeAtomically
   */
  readonly write: (...file: Parameters<WriteFile>) => Promise<Uint8Array | null>
  /** Resolves when no write is in flight or waiting any more, be they good or failed. */
  readonly close: () => Promise<void>
}

interface WriterOptions {
  /** How many files may be on their way to the disk at once. */
  readonly inFlight: number
  /** What writes batches; null writes each file by itself. That of this machine by default. */
  readonly addon?: BatchAddon | null
}

/**
 * Opens a writer that is as safe as writeAtomically and many times as fast: what is to be written
 * while the disk is at work goes there together, up to `inFlight` files at once.
 */
export function createWriter({ inFlight, addon = batchAddon }: WriterOptions): Writer {
  const care = { sync: coalesce(syncDirectory), clean: createCleaner() }
  if (addon) return new BatchingWriter(inFlight, addon, care)
  const writeFile = writeAtomicallyWith(care)
  const limit = new ConcurrencyLimit(inFlight)
  return {
    write: (...file) => limit.run(() => writeFile(...file)).then(() => null),
    close: () => limit.drain(),
  }
}

/** A file that waits to be written, with whoever waits for it. */
interface Waiting {
  readonly target: string
  readonly bytes: Uint8Array
  readonly options: WriteOptions
  readonly resolve: (fingerprint: Uint8Array | null) => void
  readonly reject: (error: unknown) => void
}

/** A batch must not hold more bytes than this, unless it is a single file. */
const MAX_BATCH_BYTES = 32 * 1024 * 1024

class BatchingWriter implements Writer {
  readonly #maxFiles: number
  readonly #draftBatch: DraftBatch
  readonly #writeOne: WriteFile
  #waiting: Waiting[] = []
  #working: Promise<void> | null = null

  constructor(maxFiles: number, addon: BatchAddon, care: DirectoryCare) {
    this.#maxFiles = maxFiles
    this.#draftBatch = batchWriter(addon, care)
    this.#writeOne = writeAtomicallyWith(care)
  }

  write(target: string, bytes: Uint8Array, options: WriteOptions): Promise<Uint8Array | null> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ target, bytes, options, resolve, reject })
      this.#working ??= this.#work()
    })
  }

  async close(): Promise<void> {
    while (this.#working) await this.#working
  }

  /** While the files of a batch take their places, those of the next are brought to the disk. */
  async #work(): Promise<void> {
    let before: readonly Waiting[] = []
    let placing = Promise.resolve()
    while (this.#waiting.length + before.length > 0) {
      // Whatever else is given within this turn of the event loop goes along
      await setImmediate()
      // An empty one while all that there is take their places
      const batch = this.#takeBatch(before)
      const place = await this.#draftTogether(batch)
      await placing
      placing = place()
      before = batch
    }
    // At once, so that nothing is given in between that nobody sees
    this.#working = null
  }

  /**
   * The next files, none that is among those before. None comes twice, so that of two writes the
   * later one lasts.
   */
  #takeBatch(before: readonly Waiting[]): Waiting[] {
    const targets = new Set(before.map(({ target }) => target))
    let bytes = 0
    let count = 0
    for (const file of this.#waiting) {
      bytes += file.bytes.length
      const isFull = count === this.#maxFiles || (count > 0 && bytes > MAX_BATCH_BYTES)
      if (isFull || targets.has(file.target)) break
      targets.add(file.target)
      count++
    }
    return this.#waiting.splice(0, count)
  }

  /** Never rejects, nor does what it resolves to. */
  async #draftTogether(batch: readonly Waiting[]): Promise<() => Promise<void>> {
    const sorted: { waiting: Waiting; file: BatchFile | null }[] = []
    for (const waiting of batch) {
      sorted.push({ waiting, file: plainFile(waiting) ?? (await findBatchFile(waiting)) })
    }
    const together = sorted.flatMap(({ waiting, file }) => (file ? [{ waiting, file }] : []))
    const single = sorted.flatMap(({ waiting, file }) => (file ? [] : [waiting]))
    const place = await this.#draftAll(together)
    return async () => {
      await Promise.all([place(), ...single.map((file) => this.#writeAlone(file))])
    }
  }

  async #draftAll(files: readonly { waiting: Waiting; file: BatchFile }[]) {
    const waiting = files.map(({ waiting }) => waiting)
    const fail = (error: unknown) => {
      for (const { reject } of waiting) reject(error)
    }
    if (files.length === 0) return () => Promise.resolve()
    try {
      const place = await this.#draftBatch(files.map(({ file }) => file))
      return () => placeAll(waiting, place).catch(fail)
    } catch (error) {
      fail(error)
      return () => Promise.resolve()
    }
  }

  #writeAlone({ target, bytes, options, resolve, reject }: Waiting): Promise<void> {
    return this.#writeOne(target, bytes, options).then(() => {
      resolve(null)
    }, reject)
  }
}

async function placeAll(files: readonly Waiting[], place: PlaceBatch): Promise<void> {
  const outcomes = await place()
  files.forEach(({ resolve, reject }, i) => {
    const { error = null, fingerprint = null } = outcomes[i] ?? {}
    if (error === null) resolve(fingerprint)
    else reject(error)
  })
}

/** A file for a batch that needs no closer look; else null. */
function plainFile({ target, bytes, options }: Waiting): BatchFile | null {
  if (options.noClobber) return null
  // From a directory that is gone no path can be made absolute
  if (!isAbsolute(target)) return null
  if (options.expected === null) {
    return { target, path: target, bytes, mode: options.mode, options }
  }
  const plain = findPlainTarget(target)
  return (
    plain && { target, path: resolve(target), bytes, mode: options.mode ?? plain.mode, options }
  )
}

/** A file for a batch; null for one to be written by itself, or that can't be written. */
async function findBatchFile({ target, bytes, options }: Waiting): Promise<BatchFile | null> {
  if (options.noClobber) return null
  try {
    const { kind, path, mode } = await findWriteTarget(target)
    if (kind === 'stream') return null
    const file = { target, path: resolve(path), bytes, mode: options.mode ?? mode }
    // What is expected is the link
    return { ...file, options: path === target ? options : { ...options, expected: undefined } }
  } catch {
    // Whoever writes it by itself says what is wrong
    return null
  }
}

/**
 * Lets calls for the same key share a run of `act`. A call that is made while `act` runs for its key
 * waits for the next run, since the current one may have begun too early for it; all calls that wait
 * for a key share that run.
 */
export function coalesce(act: (key: string) => Promise<void>): (key: string) => Promise<void> {
  const running = new Map<string, Promise<void>>()
  const waiting = new Map<string, Promise<void>>()

  const start = (key: string): Promise<void> => {
    waiting.delete(key)
    const run = act(key).finally(() => {
      if (running.get(key) === run) running.delete(key)
    })
    running.set(key, run)
    return run
  }

  return (key) => {
    const current = running.get(key)
    if (!current) return start(key)
    const next = () => start(key)
    const shared = waiting.get(key) ?? current.then(next, next)
    waiting.set(key, shared)
    return shared
  }
}
