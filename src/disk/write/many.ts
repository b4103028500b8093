import { openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import pLimit from 'p-limit'
import { closeDone } from '../../base/directories.js'
import { systemError } from '../../base/errors.js'
import { loadNative } from '../../base/native-addon.js'
import { encodeFingerprint } from '../file-lists/fingerprint.js'
import { lstatMany } from '../look/stat-files.js'
import { actPath, shownPath, type FilePlace } from './directory.js'
import {
  explainWrite,
  placeDraft,
  planDraft,
  writeAtomically,
  type WriteJob,
  type WriteOptions,
} from './atomically.js'
import {
  orDiscard,
  syncDirectory,
  syncEntry,
  writeDraft,
  writeSmallDrafts,
  type Draft,
} from './draft.js'

// Without batches each of thousands of small files would wait for its own write of the journal.

/**
 * Syncs the file system of an open directory. Resolves to 0, to the error number of a failed write,
 * or to -1 if the file system does not say; native/sync_file_system.h has the contract.
 */
export type SyncFileSystem = (descriptor: number) => Promise<number>

const nativeSync =
  loadNative<{ syncFileSystem: SyncFileSystem }>('syncFileSystem')?.syncFileSystem ?? null

/** A file that waits to be written, and the promise of its caller. */
interface Waiting extends WriteJob {
  readonly bytes: Uint8Array
  readonly resolve: (fingerprint: Uint8Array | null) => void
  readonly reject: (error: unknown) => void
}

/** Largest batch in bytes, unless it is a single file. */
const MAX_BATCH_BYTES = 32 * 1024 * 1024

/** Files from which one sync of the file system is faster than one of each file. */
const MANY = 16

/** Number of large drafts, or of a few files, that are written at the same time. */
const AT_ONCE = 32

const UNABLE = -1

/**
 * Writes many files, as safely as writeAtomically and many times as fast. Files that arrive while
 * the disk is busy are written together, up to `inFlight` at once.
 */
export class Writer {
  readonly #drafting = pLimit(AT_ONCE)
  #waiting: Waiting[] = []
  #working: Promise<void> | null = null

  /**
   * `syncFileSystem` syncs a whole file system, by default as this machine can; null syncs each
   * file.
   */
  constructor(
    private readonly inFlight: number,
    private readonly syncFileSystem: SyncFileSystem | null = nativeSync,
  ) {}

  /**
   * Writes a file as writeAtomically does, and resolves when it would survive a power failure: to
   * its encoded fingerprint when it took its place, or to null for a stream.
   * @throws BtkitError as writeAtomically
   */
  write(target: FilePlace, bytes: Uint8Array, options: WriteOptions): Promise<Uint8Array | null> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ target, bytes, options, resolve, reject })
      this.#working ??= this.#work()
    })
  }

  /** Resolves when no write is in flight or waiting, whether writes succeeded or failed. */
  async close(): Promise<void> {
    while (this.#working) await this.#working
  }

  /** While the directories of one batch are synced, the next batch is written. */
  async #work(): Promise<void> {
    let settling: Promise<void> | null = null
    while (this.#waiting.length > 0 || settling) {
      // Other files of the same turn of the event loop join the batch
      await setImmediate()
      const batch = this.#takeBatch()
      const sync = batch.length < MANY ? null : this.syncFileSystem
      const placed = await (sync ? this.#writeTogether(batch, sync) : this.#writeEach(batch))
      await settling
      settling = placed.length > 0 ? this.#syncDirectories(placed) : null
    }
    // At once, so that no file is added unnoticed
    this.#working = null
  }

  /** Takes the next files. A batch never has two files for one target, so that the later lasts. */
  #takeBatch(): Waiting[] {
    const targets = new Set<string>()
    let bytes = 0
    for (const file of this.#waiting) {
      bytes += file.bytes.length
      const isFull = targets.size === this.inFlight || (targets.size > 0 && bytes > MAX_BATCH_BYTES)
      const target = shownPath(file.target)
      if (isFull || targets.has(target)) break
      targets.add(target)
    }
    return this.#waiting.splice(0, targets.size)
  }

  /**
   * Writes and settles the files of a batch, in order. Returns none that is left. Never rejects.
   */
  async #writeEach(batch: readonly Waiting[]): Promise<readonly Placed[]> {
    const writing = batch.map(({ target, bytes, options }) => {
      return this.#drafting(() => writeAtomically(target, bytes, options))
    })
    // Callers tell of files in this order
    await Promise.allSettled(writing)
    for (const [i, write] of writing.entries())
      await write.then(batch[i]?.resolve, batch[i]?.reject)
    return []
  }

  /** Brings the files of a batch to their places. Never rejects. */
  async #writeTogether(
    batch: readonly Waiting[],
    sync: SyncFileSystem,
  ): Promise<readonly Placed[]> {
    const systems = openFileSystems(batch.map((file) => dirname(actPath(file.target))))
    try {
      const drafts = await this.#draftAll(batch)
      const states = new Map<string, number>()
      for (const { directories, descriptor } of systems) {
        const state = await sync(descriptor)
        for (const directory of directories) states.set(directory, state)
      }
      const placed: Omit<Placed, 'fingerprint'>[] = []
      for (const [i, file] of batch.entries()) {
        const draft = drafts[i]
        if (draft === null) file.resolve(null)
        if (!draft) continue
        await settleFailure(file, async () => {
          await confirmDraft(draft, states)
          await placeDraft(draft, file.options)
          placed.push({ file, path: draft.path })
        })
      }
      const looks = await lstatMany(placed.map(({ path }) => path))
      return placed.map((each, i) => {
        const look = looks[i]
        const fingerprint = look && 'mode' in look ? encodeFingerprint(look.fingerprint) : null
        return { ...each, fingerprint }
      })
    } catch (error) {
      for (const { reject } of batch) reject(error)
      return []
    } finally {
      for (const { descriptor } of systems) closeDone(descriptor)
    }
  }

  /**
   * Writes the drafts of a batch; null for a stream, undefined for a failure, which is reported.
   */
  async #draftAll(batch: readonly Waiting[]): Promise<(Draft | null | undefined)[]> {
    const planned = await Promise.all(
      batch.map((file) => settleFailure(file, async () => planDraft(file))),
    )
    const written = await writeSmallDrafts(planned.flatMap((plan) => plan ?? []))
    const writing = batch.map(async (file, i) => {
      const plan = planned[i]
      const error = plan && written.get(plan.draft)
      if (!plan || error === null) return plan
      return settleFailure(file, async () => {
        if (error) await orDiscard(plan.draft, () => Promise.reject(error))
        else await this.#drafting(() => writeDraft(plan, false))
        return plan
      })
    })
    return Promise.all(writing)
  }

  /** Makes the new names of files survive a power failure, and settles them. Never rejects. */
  async #syncDirectories(placed: readonly Placed[]): Promise<void> {
    const directories = new Set(placed.map(({ path }) => dirname(path)))
    const sync = directories.size < MANY ? null : this.syncFileSystem
    const states = sync && (await syncAll([...directories], sync))
    const results = await Promise.all(
      [...directories].map(async (directory) => {
        const state = states?.get(directory) ?? UNABLE
        const failed = state > 0 ? systemError(-state, 'syncfs') : null
        return [
          directory,
          state === UNABLE ? await errorOf(syncDirectory(directory)) : failed,
        ] as const
      }),
    )
    const failures = new Map(results)
    // Callers tell of files in this order
    for (const { file, path, fingerprint } of placed) {
      const error = failures.get(dirname(path)) ?? null
      if (error === null) file.resolve(fingerprint)
      else file.reject(explainWrite(file, error))
    }
  }
}

/** Returns the error of work; null if it succeeds. */
function errorOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => null,
    (error: unknown) => error,
  )
}

/** Syncs the file systems of many directories. Returns the result for each. */
async function syncAll(directories: readonly string[], sync: SyncFileSystem) {
  const states = new Map<string, number>()
  for (const { directories: here, descriptor } of openFileSystems(directories)) {
    try {
      const state = await sync(descriptor)
      for (const directory of here) states.set(directory, state)
    } finally {
      closeDone(descriptor)
    }
  }
  return states
}

/** A file that has its final name. */
interface Placed {
  readonly file: Waiting
  readonly path: string
  /** Null if it was removed at once. */
  readonly fingerprint: Uint8Array | null
}

/** An open directory of a file system, and the directories of a batch that are on it. */
interface FileSystem {
  readonly descriptor: number
  readonly directories: Set<string>
}

/**
 * Opens a directory of each file system. It must be open before the drafts are written: a sync then
 * reports all their errors.
 */
function openFileSystems(directories: readonly string[]): readonly FileSystem[] {
  const systems = new Map<number, FileSystem>()
  for (const directory of new Set(directories)) {
    try {
      const { dev } = statSync(directory)
      const system = systems.get(dev) ?? {
        descriptor: openSync(directory, 'r'),
        directories: new Set(),
      }
      systems.set(dev, system)
      system.directories.add(directory)
    } catch {
      // Writing there reports the error; drafts of other file systems are synced one by one
    }
  }
  return [...systems.values()]
}

/** Makes a draft survive a power failure. `states` has the results of syncing file systems. */
async function confirmDraft(
  { draft, path }: Draft,
  states: ReadonlyMap<string, number>,
): Promise<void> {
  const state = states.get(dirname(path)) ?? UNABLE
  if (state === 0) return
  await orDiscard(draft, async () => {
    if (state === UNABLE) await syncEntry(draft)
    else throw systemError(-state, 'syncfs')
  })
}

/** Calls `act`. If it fails, reports that to the file's caller, and returns undefined. */
async function settleFailure<T>(file: Waiting, act: () => Promise<T>): Promise<T | undefined> {
  try {
    return await act()
  } catch (error) {
    file.reject(explainWrite(file, error))
    return undefined
  }
}
