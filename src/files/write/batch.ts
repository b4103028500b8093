import { rmSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { getSystemErrorName } from 'node:util'
import { asBtkitError, BtkitError, describeErrno } from '../../errors.js'
import { childPath } from '../inside.js'
import { FINGERPRINT_LENGTH } from '../fingerprint.js'
import { makeTemporaryName } from '../temporary-name.js'
import { checkPlace, claimPath, type DirectoryCare, type WriteOptions } from './atomically.js'
import { firstMode } from './draft.js'
import { loadNative } from '../../native-addon.js'

/** Stands for a mode, user or group that is not to be set. */
export const NOTHING_GIVEN = 0xffffffff

/** The native addon; null if it is missing. */
export const batchAddon = loadNative<BatchAddon>('writeDrafts', 'placeFiles', 'isSyncfsReliable')

/** Smallest batch that is measured. Smaller batches do not show which way is faster. */
const MIN_FILES = 32

/**
 * Number of batches after which the slower way is tried again, unless it was slower by the factor
 * FAR_SLOWER.
 */
const RETRY_AFTER = 32

const FAR_SLOWER = 8

/**
 * Microseconds a file. If syncing the file system is faster than this, no other way can save much.
 */
const FAST_ENOUGH = 250

/** In microseconds. The first sync of the file system is not measured up to this duration. */
const BACKLOG = 2_000_000

/** A file of a batch. */
export interface BatchFile {
  /** The path for messages. */
  readonly target: string
  /** The absolute path to write to, with links to the file resolved. */
  readonly path: string
  readonly bytes: Uint8Array
  /** Permission bits, or undefined for those that umask leaves. */
  readonly mode: number | undefined
  readonly options: WriteOptions
}

/** The result for a file. */
interface BatchOutcome {
  /** The error, or null. */
  readonly error: unknown
  /** The file's encoded fingerprint when it took its place; null if unknown. */
  readonly fingerprint: Uint8Array | null
}

/** Writes the files of a batch to the disk under temporary names. */
export type DraftBatch = (files: readonly BatchFile[]) => Promise<PlaceBatch>

/** Renames the files of a batch, which are on the disk, to their final names. */
export type PlaceBatch = () => Promise<readonly BatchOutcome[]>

/**
 * Returns a function that writes many files as safely as writeAtomically does. The files are
 * written under temporary names, synced together and renamed, and then their directories are
 * synced. A failed file leaves no temporary file.
 */
export function batchWriter(addon: BatchAddon, care: DirectoryCare): DraftBatch {
  const faster = new FasterSync()
  return async (files) => {
    const drafts = files.map((file) => new BatchDraft(file))
    for (const directory of directoriesOf(drafts)) care.clean(directory)
    await writeAll(drafts, addon, faster)
    return () => place(drafts, addon, care)
  }
}

async function place(drafts: readonly BatchDraft[], addon: BatchAddon, care: DirectoryCare) {
  for (const { file, attempt } of going(drafts)) {
    attempt(() => {
      claimPath(file.path)
    })
    if (file.options.expected !== undefined && !file.options.checkReplaceable) continue
    attempt(() => {
      checkPlace(file.path, file.options)
    })
  }
  await placeAll(going(drafts), addon)
  await syncAll(going(drafts), care)
  return drafts.map(({ error, fingerprint }) => ({ error, fingerprint }))
}

/** Where absolute paths begin. */
const ROOT = '/'

/** A file under its temporary name. */
class BatchDraft {
  readonly directory: string
  readonly path: string
  /** The error of this file; null if there is none yet. */
  error: unknown = null
  fingerprint: Uint8Array | null = null
  #isPlaced = false

  constructor(readonly file: BatchFile) {
    this.directory = dirname(file.path)
    this.path = childPath(this.directory, makeTemporaryName(basename(file.path)))
  }

  /** Records an error, and removes the temporary file. */
  fail(error: unknown): void {
    this.error = asBtkitError(error, this.file.target)
    // The first error must be reported, even if this fails as well
    if (!this.#isPlaced) discard(this.path)
  }

  place(fingerprint: Uint8Array): void {
    this.#isPlaced = true
    if (fingerprint.some((byte) => byte !== 0)) this.fingerprint = fingerprint
  }

  /** Calls `checkUntouched`, which reports the unexpected file. */
  failUnexpected(): void {
    const { path, options } = this.file
    this.attempt(() => {
      checkPlace(path, options)
      throw new BtkitError('changed', `${path}: changed before it was replaced`)
    })
  }

  /** Calls `act`, and records its error. */
  readonly attempt = (act: () => void): void => {
    try {
      act()
    } catch (error) {
      this.fail(error)
    }
  }
}

function discard(path: string): void {
  try {
    rmSync(path, { force: true })
  } catch {
    // The next run that writes there removes it
  }
}

/** Returns the drafts without an error. */
function going(drafts: readonly BatchDraft[]): BatchDraft[] {
  return drafts.filter(({ error }) => error === null)
}

function directoriesOf(drafts: readonly BatchDraft[]): string[] {
  return [...new Set(drafts.map(({ directory }) => directory))]
}

async function writeAll(drafts: readonly BatchDraft[], addon: BatchAddon, faster: FasterSync) {
  const [directory = ROOT, ...others] = directoriesOf(drafts)
  const isOnOne = others.length === 0 && addon.isSyncfsReliable(directory)
  const way = isOnOne ? faster.choose(drafts.length) : 'files'
  const answers = await addon.writeDrafts(
    way === 'files' ? ROOT : directory,
    drafts.map(({ path }) => path),
    drafts.map(({ file }) => file.bytes),
    attributesOf(drafts),
    way === 'file system',
  )
  faster.note(way, drafts.length, answers[drafts.length] ?? 0)
  drafts.forEach((draft, i) => {
    failIf(draft, answers[i] ?? 0, 'write')
  })
}

async function placeAll(drafts: readonly BatchDraft[], addon: BatchAddon) {
  const from = drafts.map(({ path }) => path)
  const to = drafts.map(({ file }) => file.path)
  const answers = await addon.placeFiles(ROOT, from, to, expectedOf(drafts))
  drafts.forEach((draft, i) => {
    const errno = answers[PLACE_WORDS * i] ?? 0
    if (errno === NOT_EXPECTED) draft.failUnexpected()
    else failIf(draft, errno, 'rename')
    const at = answers.byteOffset + 4 * (PLACE_WORDS * i + 1)
    if (draft.error === null) draft.place(new Uint8Array(answers.buffer, at, FINGERPRINT_LENGTH))
  })
}

const PLACE_WORDS = 1 + FINGERPRINT_LENGTH / Int32Array.BYTES_PER_ELEMENT
const NOT_EXPECTED = -1

/** Returns the expected fingerprints of the replaced files; see native/write_batch.h. */
function expectedOf(drafts: readonly BatchDraft[]): Uint8Array {
  const expected = new Uint8Array(FINGERPRINT_LENGTH * drafts.length)
  drafts.forEach(({ file: { options } }, i) => {
    const at = FINGERPRINT_LENGTH * i
    if (options.expected) expected.set(options.expected, at)
    else if (options.expected === undefined) expected.fill(0xff, at, at + FINGERPRINT_LENGTH)
  })
  return expected
}

/** Makes the new names of files survive a power failure. */
async function syncAll(drafts: readonly BatchDraft[], care: DirectoryCare): Promise<void> {
  const directories = directoriesOf(drafts)
  const syncing = directories.map((directory) =>
    care.sync(directory).catch((error: unknown) => {
      for (const draft of drafts) if (draft.directory === directory) draft.fail(error)
    }),
  )
  await Promise.all(syncing)
}

/** Returns four words for each file; see native/write_batch.h. */
function attributesOf(drafts: readonly BatchDraft[]): Uint32Array {
  const attributes = new Uint32Array(ATTRIBUTES * drafts.length)
  drafts.forEach(({ file: { mode, options } }, i) => {
    const { owner } = options
    const { uid = NOTHING_GIVEN, gid = NOTHING_GIVEN } = owner ?? {}
    const words = [firstMode({ mode, owner }), mode ?? NOTHING_GIVEN, uid, gid]
    attributes.set(words, ATTRIBUTES * i)
  })
  return attributes
}

const ATTRIBUTES = 4

function failIf(draft: BatchDraft, errno: number, syscall: string): void {
  if (errno === 0) return
  const code = getSystemErrorName(-errno)
  const message = `${code}: ${describeErrno(-errno)}, ${syscall}`
  draft.fail(Object.assign(new Error(message), { code, errno: -errno, syscall }))
}

/** The native addon's functions for writing many files; native/write_batch.h has the contract. */
export interface BatchAddon {
  /**
   * Creates files and syncs them. Returns 0 or a system error number for each file, followed by the
   * microseconds that the sync took.
   */
  writeDrafts(
    directory: string,
    names: readonly string[],
    contents: readonly Uint8Array[],
    attributes: Uint32Array,
    isWholeFileSystem: boolean,
  ): Promise<Int32Array>
  /**
   * Renames files if they replace a file with the expected fingerprint. Returns for each file a
   * system error number, 0 or -1, and its fingerprint at its final place.
   */
  placeFiles(
    directory: string,
    from: readonly string[],
    to: readonly string[],
    expected: Uint8Array,
  ): Promise<Int32Array>
  /** Whether syncfs(2) works and reports errors on the file system of a directory. */
  isSyncfsReliable(directory: string): boolean
}

/** Ways to sync new files: each file by itself, or the whole file system. */
type SyncWay = 'files' | 'file system'

/**
 * Finds the faster way to sync files by using both. Syncing the file system writes its journal only
 * once, but also waits for the writes of other programs.
 */
export class FasterSync {
  /** Microseconds a file at the last use of each way. */
  readonly #cost = new Map<SyncWay, number>()
  #sinceOther = 0
  #hasSynced = false

  /** Returns the way to use for a batch of so many files. */
  choose(files: number): SyncWay {
    if (files < MIN_FILES) return 'files'
    const byFile = this.#cost.get('files')
    const bySystem = this.#cost.get('file system')
    if (bySystem === undefined) return 'file system'
    if (bySystem <= FAST_ENOUGH) return 'file system'
    if (byFile === undefined) return 'files'
    const [way, other] =
      bySystem < byFile ? (['file system', 'files'] as const) : (['files', 'file system'] as const)
    const isFar = Math.max(byFile, bySystem) > FAR_SLOWER * Math.min(byFile, bySystem)
    if (isFar || ++this.#sinceOther < RETRY_AFTER) return way
    this.#sinceOther = 0
    return other
  }

  /** Records how long a batch took, in microseconds. */
  note(way: SyncWay, files: number, duration: number): void {
    if (files < MIN_FILES) return
    const isFirst = way === 'file system' && !this.#hasSynced
    this.#hasSynced ||= isFirst
    // The first sync of the file system also includes all earlier writes
    const isBacklog = isFirst && duration / files > FAST_ENOUGH && duration <= BACKLOG
    if (!isBacklog) this.#cost.set(way, duration / files)
  }
}
