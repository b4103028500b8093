import { rmSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { getSystemErrorName } from 'node:util'
import { asBtkitError, BtkitError, describeErrno } from '../../errors.js'
import { childPath } from '../inside.js'
import { FINGERPRINT_LENGTH } from '../fingerprint.js'
import { makeTemporaryName } from '../temporary-name.js'
import { checkPlace, type DirectoryCare, type WriteOptions } from './atomically.js'
import { firstMode } from './draft.js'
import { loadNative } from '../../native-addon.js'

/** What stands for a mode, a user or a group that is to be left as it is. */
export const NOTHING_GIVEN = 0xffffffff

/** The addon; null where it is not built. */
export const batchAddon = loadNative<BatchAddon>('writeDrafts', 'placeFiles', 'isSyncfsReliable')

/** Batches of fewer files say nothing about which way is faster. */
const MIN_FILES = 32

/** So many batches after a way was found to be slower, it is tried again, unless it was far slower. */
const RETRY_AFTER = 32

const FAR_SLOWER = 8

/** Of the whole file system, in microseconds a file: no other way can save much then. */
const FAST_ENOUGH = 250

/** A first use of the file system that took no longer than this, in microseconds, is no measure. */
const BACKLOG = 2_000_000

/** A file that is to take its place with others. */
export interface BatchFile {
  /** The path that people know it by. */
  readonly target: string
  /** Where it goes: an absolute path, links to the file resolved. */
  readonly path: string
  readonly bytes: Uint8Array
  /** Permission bits, or undefined for what umask leaves. */
  readonly mode: number | undefined
  readonly options: WriteOptions
}

/** What became of a file. */
interface BatchOutcome {
  /** Why it failed, or null. */
  readonly error: unknown
  /** The encoded fingerprint that it had when it took its place; null when that is not known. */
  readonly fingerprint: Uint8Array | null
}

/** Brings files of one batch to the disk, beside their places. */
export type DraftBatch = (files: readonly BatchFile[]) => Promise<PlaceBatch>

/** Has the files of a batch, which are on the disk, take their places. */
export type PlaceBatch = () => Promise<readonly BatchOutcome[]>

/**
 * A way to write many files that are as safe as those of writeAtomically: beside their places, to the
 * disk together, renamed, and their directories to the disk. What fails leaves no other file behind.
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

/** A file under the name that it has until it takes its place. */
class BatchDraft {
  readonly directory: string
  readonly path: string
  /** Why it failed; null so far. */
  error: unknown = null
  fingerprint: Uint8Array | null = null
  #isPlaced = false

  constructor(readonly file: BatchFile) {
    this.directory = dirname(file.path)
    this.path = childPath(this.directory, makeTemporaryName(basename(file.path)))
  }

  /** Notes that it failed, and removes what there is of it. */
  fail(error: unknown): void {
    this.error = asBtkitError(error, this.file.target)
    // What failed first is what has to be said, even if this fails as well
    if (!this.#isPlaced) discard(this.path)
  }

  place(fingerprint: Uint8Array): void {
    this.#isPlaced = true
    if (fingerprint.some((byte) => byte !== 0)) this.fingerprint = fingerprint
  }

  /** Has whoever expected something else in its place say what is wrong. */
  failUnexpected(): void {
    const { path, options } = this.file
    this.attempt(() => {
      checkPlace(path, options)
      throw new BtkitError('changed', `${path}: changed before it was replaced`)
    })
  }

  /** Does something, and fails when that fails. */
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

/** Those that did not fail. */
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

/** What is to be replaced by each, as native/write_batch.h has it. */
function expectedOf(drafts: readonly BatchDraft[]): Uint8Array {
  const expected = new Uint8Array(FINGERPRINT_LENGTH * drafts.length)
  drafts.forEach(({ file: { options } }, i) => {
    const at = FINGERPRINT_LENGTH * i
    if (options.expected) expected.set(options.expected, at)
    else if (options.expected === undefined) expected.fill(0xff, at, at + FINGERPRINT_LENGTH)
  })
  return expected
}

/** Makes the names that files have now outlive a power cut. */
async function syncAll(drafts: readonly BatchDraft[], care: DirectoryCare): Promise<void> {
  const directories = directoriesOf(drafts)
  const syncing = directories.map((directory) =>
    care.sync(directory).catch((error: unknown) => {
      for (const draft of drafts) if (draft.directory === directory) draft.fail(error)
    }),
  )
  await Promise.all(syncing)
}

/** Four words for each file, as native/write_batch.h has them. */
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

/** What the native addon can do to write many files; native/write_batch.h has the contract. */
export interface BatchAddon {
  /**
   * Makes files and brings them to the disk; for each 0, or the number of the system's error, and at
   * the end the microseconds that the latter took.
   */
  writeDrafts(
    directory: string,
    names: readonly string[],
    contents: readonly Uint8Array[],
    attributes: Uint32Array,
    isWholeFileSystem: boolean,
  ): Promise<Int32Array>
  /**
   * Renames files, if what they replace is as expected: a fingerprint for each. Of each the number
   * of the system's error, 0 or -1, and the fingerprint that it has in its place.
   */
  placeFiles(
    directory: string,
    from: readonly string[],
    to: readonly string[],
    expected: Uint8Array,
  ): Promise<Int32Array>
  /** Whether syncfs(2) does what is expected of it where a directory is, and tells of errors. */
  isSyncfsReliable(directory: string): boolean
}

/** Ways to bring new files to the disk: each by itself, or all that its file system has to write. */
type SyncWay = 'files' | 'file system'

/**
 * Finds the faster way to bring files to a disk by using both. That of the file system takes a single
 * write of its journal, but waits for what other programs wrote.
 */
export class FasterSync {
  /** What a file took when a way was last used, in microseconds. */
  readonly #cost = new Map<SyncWay, number>()
  #sinceOther = 0
  #hasSynced = false

  /** The way to use for a batch of so many files. */
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

  /** Notes how long a batch took, in microseconds. */
  note(way: SyncWay, files: number, duration: number): void {
    if (files < MIN_FILES) return
    const isFirst = way === 'file system' && !this.#hasSynced
    this.#hasSynced ||= isFirst
    // The first also brings to the disk what was written before it
    const isBacklog = isFirst && duration / files > FAST_ENOUGH && duration <= BACKLOG
    if (!isBacklog) this.#cost.set(way, duration / files)
  }
}
