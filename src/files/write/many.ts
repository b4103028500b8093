import { closeSync, openSync, renameSync, statSync } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { getSystemErrorName } from 'node:util'
import { asBtkitError } from '../../errors.js'
import { loadNative } from '../../native-addon.js'
import { ConcurrencyLimit } from '../concurrency-limit.js'
import { encodeFingerprint, readFingerprint } from '../fingerprint.js'
import {
  checkPlace,
  writeAtomicallyWith,
  type DirectoryCare,
  type WriteFile,
  type WriteOptions,
} from './atomically.js'
import { writeDraft } from './draft.js'
import { createCleaner } from './remove-dead-files.js'
import { syncDirectory } from './sync-directory.js'
import { findWriteTarget } from './target.js'

// Without batches each of thousands of small files would wait for its own write of the journal.

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
  /** Syncs a whole file system; null syncs each file. Default: as this machine can. */
  readonly syncFileSystem?: SyncFileSystem | null
}

/**
 * Syncs the file system of an open directory. Resolves to 0, to the error number of a failed write,
 * or to -1 if the file system does not say; native/sync_file_system.h has the contract.
 */
export type SyncFileSystem = (descriptor: number) => Promise<number>

const nativeSync =
  loadNative<{ syncFileSystem: SyncFileSystem }>('syncFileSystem')?.syncFileSystem ?? null

/**
 * Creates a writer that is as safe as writeAtomically and many times as fast. Files that arrive
 * while the disk is busy are written together, up to `inFlight` at once.
 */
export function createWriter({ inFlight, syncFileSystem = nativeSync }: WriterOptions): Writer {
  return new BatchingWriter(inFlight, syncFileSystem)
}

/** A file that waits to be written, and the promise of its caller. */
interface Waiting {
  readonly target: string
  readonly bytes: Uint8Array
  readonly options: WriteOptions
  readonly resolve: (fingerprint: Uint8Array | null) => void
  readonly reject: (error: unknown) => void
}

/** A file under its temporary name. */
interface Draft {
  readonly file: Waiting
  /** The path to write to, with links to the file resolved. */
  readonly path: string
  readonly draft: string
}

/** Largest batch in bytes, unless it is a single file. */
const MAX_BATCH_BYTES = 32 * 1024 * 1024

/** Files from which one sync of the file system is faster than one of each file. */
const MANY = 16

/** Number of drafts that are written at the same time. */
const AT_ONCE = 32

const UNABLE = -1

class BatchingWriter implements Writer {
  readonly #care: DirectoryCare = { sync: syncDirectory, clean: createCleaner() }
  readonly #writeOne = writeAtomicallyWith(this.#care)
  readonly #drafting = new ConcurrencyLimit(AT_ONCE)
  #waiting: Waiting[] = []
  #working: Promise<void> | null = null

  constructor(
    private readonly maxFiles: number,
    private readonly syncFileSystem: SyncFileSystem | null,
  ) {}

  write(target: string, bytes: Uint8Array, options: WriteOptions): Promise<Uint8Array | null> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ target, bytes, options, resolve, reject })
      this.#working ??= this.#work()
    })
  }

  async close(): Promise<void> {
    while (this.#working) await this.#working
  }

  /** While the directories of one batch are synced, the next batch is written. */
  async #work(): Promise<void> {
    let settling: Promise<void> | null = null
    while (this.#waiting.length > 0 || settling) {
      // Other files of the same turn of the event loop join the batch
      await setImmediate()
      const placed = await this.#writeBatch(this.#takeBatch())
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
      const isFull = targets.size === this.maxFiles || (targets.size > 0 && bytes > MAX_BATCH_BYTES)
      if (isFull || targets.has(file.target)) break
      targets.add(file.target)
    }
    return this.#waiting.splice(0, targets.size)
  }

  /** Brings the files of a batch to their places. Never rejects. */
  async #writeBatch(batch: readonly Waiting[]): Promise<Placed[]> {
    const systems =
      this.syncFileSystem && batch.length >= MANY
        ? openFileSystems(batch.map(({ target }) => dirname(target)))
        : null
    try {
      const isSynced = systems === null
      const drafting = batch.map((file) => this.#drafting.run(() => this.#draft(file, isSynced)))
      const written = (await Promise.all(drafting)).filter((draft) => draft !== null)
      const drafts = systems ? await this.#syncDrafts(written, systems) : written
      return await placeAll(drafts)
    } catch (error) {
      for (const { reject } of batch) reject(error)
      return []
    } finally {
      for (const descriptor of systems?.values() ?? []) closeSync(descriptor)
    }
  }

  /** Writes a draft. Returns null for a file that failed, or that had to be written by itself. */
  async #draft(file: Waiting, isSynced: boolean): Promise<Draft | null> {
    const { target, bytes, options } = file
    try {
      const { kind, path, mode } = findWriteTarget(target)
      if (kind === 'stream' || options.noClobber) {
        await this.#writeOne(target, bytes, options)
        file.resolve(null)
        return null
      }
      this.#care.clean(dirname(path))
      const content = { bytes, mode: options.mode ?? mode, owner: options.owner }
      return { file, path, draft: await writeDraft(path, content, isSynced) }
    } catch (error) {
      file.reject(asBtkitError(error, target))
      return null
    }
  }

  /** Returns the drafts that are on the disk; the others have failed. */
  async #syncDrafts(drafts: readonly Draft[], systems: FileSystems): Promise<Draft[]> {
    const states = new Map<number, number>()
    for (const [device, descriptor] of systems) {
      states.set(device, (await this.syncFileSystem?.(descriptor)) ?? UNABLE)
    }
    const synced = drafts.map((draft) =>
      this.#drafting.run(async () => {
        try {
          const state = states.get(statSync(draft.draft).dev) ?? UNABLE
          if (state === UNABLE) await syncFile(draft.draft)
          else if (state !== 0) throw syncError(state)
          return draft
        } catch (error) {
          await fail(draft, error)
          return null
        }
      }),
    )
    return (await Promise.all(synced)).filter((draft) => draft !== null)
  }

  /** Makes the new names of files survive a power failure, and settles them. Never rejects. */
  async #syncDirectories(placed: readonly Placed[]): Promise<void> {
    const directories = new Set(placed.map(({ path }) => dirname(path)))
    const syncing = [...directories].map(async (directory) => {
      const files = placed.filter(({ path }) => dirname(path) === directory)
      try {
        await this.#care.sync(directory)
        for (const { file, fingerprint } of files) file.resolve(fingerprint)
      } catch (error) {
        for (const { file } of files) file.reject(asBtkitError(error, file.target))
      }
    })
    await Promise.all(syncing)
  }
}

/** Open directories, one of each file system, by device number. */
type FileSystems = ReadonlyMap<number, number>

/**
 * Opens a directory of each file system. It must be open before the drafts are written: a sync then
 * reports all their errors.
 */
function openFileSystems(directories: readonly string[]): FileSystems {
  const systems = new Map<number, number>()
  for (const directory of new Set(directories)) {
    try {
      const { dev } = statSync(directory)
      if (!systems.has(dev)) systems.set(dev, openSync(directory, 'r'))
    } catch {
      // Writing there reports the error; drafts of other file systems are synced one by one
    }
  }
  return systems
}

interface Placed extends Draft {
  readonly fingerprint: Uint8Array
}

/** Renames the drafts to their final names. */
async function placeAll(drafts: readonly Draft[]): Promise<Placed[]> {
  const placed: Placed[] = []
  for (const draft of drafts) {
    try {
      checkPlace(draft.path, draft.file.options)
      renameSync(draft.draft, draft.path)
      placed.push({ ...draft, fingerprint: encodeFingerprint(readFingerprint(draft.path)) })
    } catch (error) {
      await fail(draft, error)
    }
  }
  return placed
}

/** Reports a failure, and removes the draft. */
async function fail({ file, draft }: Draft, error: unknown): Promise<void> {
  // The first error must be reported, even if this fails as well
  await rm(draft, { force: true }).catch(() => undefined)
  file.reject(asBtkitError(error, file.target))
}

async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r+')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function syncError(errno: number): Error {
  const code = getSystemErrorName(-errno)
  return Object.assign(new Error(code), { code, errno: -errno, syscall: 'syncfs' })
}
