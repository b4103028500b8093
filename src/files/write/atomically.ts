import { constants, existsSync, renameSync } from 'node:fs'
import { open, type FileHandle, link, rename, rm, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { asBtkitError, BtkitError, osCodeOf } from '../../errors.js'
import { syncDirectory } from './sync-directory.js'
import { createCleaner } from './remove-dead-files.js'
import { orDiscard, writeDraft, type Owner } from './draft.js'
import { findWriteTarget } from './target.js'

/** Options for writing a file. */
export interface WriteOptions {
  /**
   * Permission bits, set exactly. Default: those of the replaced file, or for a new file those that
   * umask leaves.
   */
  mode?: number | undefined
  /**
   * Throw `exists` instead of replacing a file. Of several concurrent writers only one succeeds.
   */
  noClobber?: boolean | undefined
  /** Examines the regular file that is about to be replaced, and throws to keep it. */
  checkReplaceable?: ((path: string) => void) | undefined
  /** Called right before the new file takes its place; throws to keep the existing entry. */
  checkUntouched?: (() => void) | undefined
  /** The new file's owner, as far as the system allows this user to set it. */
  owner?: Owner | undefined
}

/** Writes a file as writeAtomically does. */
export type WriteFile = (target: string, bytes: Uint8Array, options: WriteOptions) => Promise<void>

/** Operations on directories that are written to. */
export interface DirectoryCare {
  /** Makes the names in a directory survive a power failure. */
  sync: typeof syncDirectory
  /** Removes the temporary files of killed runs from a directory. */
  clean: (directory: string) => void
}

interface WriteJob {
  target: string
  bytes: Uint8Array
  options: WriteOptions
  care: DirectoryCare
}

/**
 * Writes `bytes` to `target`. At any moment, even after a power failure, the file has either its
 * complete old content or its complete new content. Links are followed. A terminal, or a pipe with
 * a reader, is written to directly. The directory must exist; temporary files of killed runs in it
 * are removed.
 *
 * @throws BtkitError `exists`, `not-found`, `not-permitted` or `io` with `target` in the message,
 *   and errors of `checkReplaceable`. No temporary file is left after an error.
 */
export async function writeAtomically(
  target: string,
  bytes: Uint8Array,
  options: WriteOptions,
): Promise<void> {
  const care = { sync: syncDirectory, clean: createCleaner() }
  await writeOrExplain({ target, bytes, options, care })
}

/**
 * Returns a writeAtomically that uses other operations on directories, for example shared by many
 * writes.
 */
export function writeAtomicallyWith(care: DirectoryCare): WriteFile {
  return (target, bytes, options) => writeOrExplain({ target, bytes, options, care })
}

async function writeOrExplain(job: WriteJob): Promise<void> {
  const { target, options } = job
  try {
    await write(job)
  } catch (error) {
    const isTaken = options.noClobber && osCodeOf(error) === 'EEXIST'
    throw isTaken ? alreadyExists(target, error) : asBtkitError(error, target)
  }
}

/** The files that the jobs of a batch wrote, each with its job; null if no batch runs. */
let written: Map<string, string> | null = null
let running = ''

/**
 * Names the job whose files are written from now on; null if there is none any more. A file that one
 * job of a batch wrote is refused to the others, which would replace it unseen.
 */
export function nameJob(name: string | null): void {
  written = name === null ? null : (written ?? new Map())
  running = name ?? ''
}

/** @throws BtkitError `exists` if another job of this batch wrote the file */
function claimPath(path: string): void {
  const job = written?.get(path) ?? running
  if (job !== running)
    throw new BtkitError('exists', `${path}: job ${job} of this batch wrote it; use another path`)
  written?.set(path, running)
}

/** Runs the guards against replacing a file. Only called now, because the file may have changed. */
export function checkPlace(path: string, { checkReplaceable, checkUntouched }: WriteOptions): void {
  claimPath(path)
  if (checkReplaceable && existsSync(path)) checkReplaceable(path)
  checkUntouched?.()
}

async function write({ target, bytes, options, care }: WriteJob): Promise<void> {
  const { kind, path, mode } = findWriteTarget(target)
  const isThere = mode !== undefined
  if (options.noClobber && isThere) throw alreadyExists(target)
  if (kind === 'stream') {
    await writeToStream(path, bytes)
    return
  }
  const { owner } = options
  care.clean(dirname(path))
  const draft = await writeDraft(path, { bytes, mode: options.mode ?? mode, owner })
  await orDiscard(draft, async () => {
    checkPlace(path, options)
    // Called at the last moment, because the file may change
    if (options.noClobber) await placeNewFile(draft, path)
    else renameSync(draft, path)
  })
  await care.sync(dirname(path))
}

function alreadyExists(target: string, cause?: unknown): BtkitError {
  return new BtkitError('exists', `${target}: already exists`, { cause })
}

const WRITE = constants.O_WRONLY | constants.O_APPEND
/** Does not wait for the reader of a pipe. Windows has no such flag. */
const PROBE = WRITE | ((constants.O_NONBLOCK as number | undefined) ?? 0)

/** Appends, if the stream is a file, so that earlier output of other programs is preserved. */
async function writeToStream(path: string, bytes: Uint8Array): Promise<void> {
  const stream = await openStream(path)
  try {
    await stream.writeFile(bytes)
  } finally {
    await stream.close()
  }
}

/**
 * Opens a stream for writing. Fails for a pipe without a reader, because the wait might never end.
 */
async function openStream(path: string): Promise<FileHandle> {
  const probe = await open(path, PROBE).catch((error: unknown) => {
    throw osCodeOf(error) === 'ENXIO' ? unread(path, error) : error
  })
  // Writes to a full pipe must wait, which the descriptor of the probe does not
  try {
    return await open(path, WRITE)
  } finally {
    await probe.close()
  }
}

function unread(path: string, cause: unknown): BtkitError {
  return new BtkitError('io', `${path}: not a regular file, but a pipe that nobody reads`, {
    cause,
  })
}

/**
 * Gives the file at `from` the name `to` on the same file system. Throws the system's EEXIST if
 * that name is taken; of several concurrent calls only one succeeds.
 */
export async function placeNewFile(from: string, to: string): Promise<void> {
  try {
    await link(from, to)
  } catch {
    // File systems without hard links report various codes, so the code is ignored. Any other
    // failure, such as a taken name, happens again here and is thrown.
    await reserveAndRename(from, to)
    return
  }
  await unlink(from)
}

/**
 * Does the same without hard links. Other processes may see an empty file under the name for a
 * moment.
 */
export async function reserveAndRename(from: string, to: string): Promise<void> {
  const reservation = await open(to, 'wx')
  await reservation.close()
  try {
    await rename(from, to)
  } catch (error) {
    await rm(to, { force: true })
    throw error
  }
}
