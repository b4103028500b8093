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
   * Writes a file as writeAtomically does, and resolves when it would survive a power failure.
   * Waits while the allowed number of files is in flight. Resolves to the file's encoded
   * fingerprint when it took its place, or to null if that is unknown.
   * @throws BtkitError as writeAtomically
   */
  readonly write: (...file: Parameters<WriteFile>) => Promise<Uint8Array | null>
  /** Resolves when no write is in flight or waiting, whether writes succeeded or failed. */
  readonly close: () => Promise<void>
}

interface WriterOptions {
  /** Number of files that may be written at once. */
  readonly inFlight: number
  /**
   * The addon that writes batches; null writes each file by itself. Default: that of this machine.
   */
  readonly addon?: BatchAddon | null
}

/**
 * Creates a writer that is as safe as writeAtomically and many times as fast. Files that arrive
 * while the disk is busy are written together, up to `inFlight` at once.
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

/** A file that waits to be written, and the promise of its caller. */
interface Waiting {
  readonly target: string
  readonly bytes: Uint8Array
  readonly options: WriteOptions
  readonly resolve: (fingerprint: Uint8Array | null) => void
  readonly reject: (error: unknown) => void
}

/** Largest batch in bytes, unless it is a single file. */
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

  /** While the files of one batch are renamed, the next batch is synced. */
  async #work(): Promise<void> {
    let before: readonly Waiting[] = []
    let placing = Promise.resolve()
    while (this.#waiting.length + before.length > 0) {
      // Other files of the same turn of the event loop join the batch
      await setImmediate()
      // The batch is empty while the last files are renamed
      const batch = this.#takeBatch(before)
      const place = await this.#draftTogether(batch)
      await placing
      placing = place()
      before = batch
    }
    // At once, so that no file is added unnoticed
    this.#working = null
  }

  /**
   * Takes the next files, except those that are also in the previous batch. A batch never has two
   * files for one target, so that the later of two writes lasts.
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

  /** Never rejects; neither does the returned function. */
  async #draftTogether(batch: readonly Waiting[]): Promise<() => Promise<void>> {
    const sorted: { waiting: Waiting; file: BatchFile | null }[] = []
    for (const waiting of batch) {
      sorted.push({ waiting, file: plainFile(waiting) ?? findBatchFile(waiting) })
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

/** Returns the batch entry for a file that needs no closer examination, else null. */
function plainFile({ target, bytes, options }: Waiting): BatchFile | null {
  if (options.noClobber) return null
  // A path cannot be made absolute in a directory that no longer exists
  if (!isAbsolute(target)) return null
  if (options.expected === null) {
    return { target, path: target, bytes, mode: options.mode, options }
  }
  const plain = findPlainTarget(target)
  return (
    plain && { target, path: resolve(target), bytes, mode: options.mode ?? plain.mode, options }
  )
}

/**
 * Returns the batch entry for a file. Null if it must be written by itself, or cannot be written.
 */
function findBatchFile({ target, bytes, options }: Waiting): BatchFile | null {
  if (options.noClobber) return null
  try {
    const { kind, path, mode } = findWriteTarget(target)
    if (kind === 'stream') return null
    const file = { target, path: resolve(path), bytes, mode: options.mode ?? mode }
    // The link itself is expected, not its target
    return { ...file, options: path === target ? options : { ...options, expected: undefined } }
  } catch {
    // Writing the file by itself reports the error
    return null
  }
}

/**
 * Joins calls for the same key. A call that arrives while `act` runs for its key waits for the next
 * run, because the current run may have begun too early. All waiting calls share that run.
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
