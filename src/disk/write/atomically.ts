import { constants, existsSync, renameSync, accessSync } from 'node:fs'
import {
  copyFile,
  open,
  type FileHandle,
  link,
  rename,
  rm,
  unlink,
  writeFile,
} from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { asBtkitError, BtkitError, osCodeOf } from '../../base/errors.js'
import { orDiscard, syncDirectory, writeDraft, type Bytes, type Draft } from './draft.js'
import { childPath } from '../look/inside.js'
import { actPath, Directory, shownPath, type FilePlace } from './directory.js'
import { cleanDirectory, makeTemporaryName } from './temporary-files.js'
import { lockFile } from './locks.js'
import { copyAcl, findWriteTarget, followLinks, isOfUsOrRoot, openWriteTarget } from './target.js'
import { encodeFingerprint, readFingerprintIfThere } from '../file-lists/fingerprint.js'
import { NO_WAIT } from '../look/read-bounded.js'
import { statIfThere } from '../look/stat-files.js'

/** Options for writing a file. */
export interface WriteOptions {
  /**
   * Permission bits, set exactly. Default: those of the replaced file with its access control list,
   * or for a new file those that umask leaves.
   */
  mode?: number | undefined
  /**
   * Throw `exists` instead of replacing a file. Of several concurrent writers only one succeeds.
   */
  noClobber?: boolean | undefined
  /** Examines the regular file that is about to be replaced, and throws to keep it. */
  checkReplaceable?: ((path: string) => void) | undefined
  /** Called with the path of the file that is about to be written; throws to leave it. */
  claim?: ((path: string) => void) | undefined
  /** Called right before the new file takes its place; throws to keep the existing entry. */
  checkUntouched?: (() => void) | undefined
}

/** A file to write. */
export interface WriteJob {
  readonly target: FilePlace
  readonly bytes: Bytes
  readonly options: WriteOptions
}

/**
 * Writes `bytes` to `target`. At any moment, even after a power failure, the file has either its
 * complete old content or its complete new content. Links are followed. A terminal, or a pipe with
 * a reader, is written to directly. The directory must exist; temporary files of killed runs in it
 * are removed. Resolves to the file's encoded fingerprint when it took its place; null for a
 * stream.
 *
 * @throws BtkitError `exists`, `not-found`, `not-permitted` or `io` with `target` in the message,
 *   and errors of `checkReplaceable` and of the slices. No temporary file is left after an error.
 */
export async function writeAtomically(
  target: FilePlace,
  bytes: Bytes,
  options: WriteOptions,
): Promise<Uint8Array | null> {
  const job = { target, bytes, options }
  try {
    const plan = await planDraft(job)
    if (plan === null) return null
    await writeDraft(plan, true)
    await placeDraft(plan, options)
    const placed = readFingerprintIfThere(plan.path)
    await syncDirectory(dirname(plan.path))
    return placed && encodeFingerprint(placed)
  } catch (error) {
    throw explainWrite(job, error)
  }
}

/** Plans the draft of a file. A stream gets its bytes at once: then resolves to null. */
export function planDraft({ target, bytes, options }: WriteJob): Draft | Promise<null> {
  const [given, shown] = [actPath(target), shownPath(target)]
  const { kind, path, mode, owner } = findWriteTarget(given, shown)
  if (options.noClobber && mode !== undefined) throw alreadyExists(shown)
  if (kind === 'stream') return writeToStream(path, bytes).then(() => null)
  const isGiven = path === given
  const isIn = isGiven && typeof target !== 'string'
  cleanDirectory(isIn ? target.directory : Directory.named(dirname(path)))
  const draft = childPath(dirname(path), makeTemporaryName(basename(path)))
  const claimed = isGiven ? shown : path
  return { draft, path, claimed, bytes, mode: options.mode ?? mode, owner }
}

/**
 * Gives a draft its final name, or removes it if that fails. The guards against replacing a file
 * run only now, because the file may have changed.
 */
export async function placeDraft(
  { draft, path, claimed, owner }: Draft,
  { mode, checkReplaceable, checkUntouched, claim, noClobber }: WriteOptions,
): Promise<void> {
  const isNew = owner === undefined
  await orDiscard(draft, async () => {
    claim?.(claimed)
    // Another run that has looked at the file, too, must not replace it before this one
    const lock = checkUntouched && !isNew ? await lockFile(path) : null
    try {
      if (checkReplaceable && existsSync(path)) checkReplaceable(path)
      checkUntouched?.()
      if (noClobber) await placeNewFile(draft, path)
      else {
        if (mode === undefined && !isNew) copyAcl(path, draft)
        renameSync(draft, path)
      }
    } finally {
      lock?.release()
    }
  })
}

/**
 * Claims a file as placeDraft would, for a dry run.
 * @throws as findWriteTarget, and errors of `claim`
 */
export function claimTarget(target: FilePlace, { claim }: Pick<WriteOptions, 'claim'>): void {
  const [given, shown] = [actPath(target), shownPath(target)]
  const { kind, path } = findWriteTarget(given, shown)
  if (kind === 'file') claim?.(path === given ? shown : path)
}

/** Returns the error to report for a write that failed. */
export function explainWrite({ target, options }: WriteJob, error: unknown): unknown {
  const isTaken = options.noClobber && osCodeOf(error) === 'EEXIST'
  const shown = shownPath(target)
  return isTaken ? alreadyExists(shown, error) : asBtkitError(error, shown)
}

function alreadyExists(target: string, cause?: unknown): BtkitError {
  return new BtkitError('exists', `${target}: already exists`, { cause })
}

const WRITE = constants.O_WRONLY | constants.O_APPEND

/** Appends, if the stream is a file, so that earlier output of other programs is preserved. */
async function writeToStream(path: string, bytes: Bytes): Promise<void> {
  const stream = await openStream(path)
  try {
    await writeFile(stream, bytes)
  } finally {
    await stream.close()
  }
}

/**
 * Opens a stream for writing. Fails for a pipe without a reader, because the wait might never end.
 */
async function openStream(path: string): Promise<FileHandle> {
  const probe = await openWriteTarget(path, WRITE | NO_WAIT).catch((error: unknown) => {
    throw osCodeOf(error) === 'ENXIO' ? unread(path, error) : error
  })
  // Writes to a full pipe must wait, which the descriptor of the probe does not
  try {
    return await openWriteTarget(path, WRITE)
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
 * Copies a file to a path at which nothing is, as a reflink if the file system has them. The
 * directory must exist. Throws system errors unchanged, such as EEXIST; then nothing is left.
 */
export async function copyNewFile(from: string, to: string): Promise<void> {
  const draft = childPath(dirname(to), makeTemporaryName(basename(to)))
  await orDiscard(draft, async () => {
    await copyFile(from, draft, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL)
    await placeNewFile(draft, to)
  })
}

/**
 * Does the same as `placeNewFile` without hard links. Other processes may see an empty file under
 * the name for a moment.
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

/**
 * Checks, before hours of hashing, that a file can be written at the end.
 * @throws BtkitError `exists`, `not-found`, `not-permitted` or `io`, and errors of
 *   `checkReplaceable` and followLinks
 */
export function checkTarget(
  target: FilePlace,
  options: Pick<WriteOptions, 'noClobber' | 'checkReplaceable'>,
): void {
  const [path, shown] = [actPath(target), shownPath(target)]
  const existing = statIfThere(path, shown)
  if (existing?.isDirectory()) throw new BtkitError('io', `${shown}: is a directory`)
  if (existing && options.noClobber) throw alreadyExists(shown)
  if (existing?.isFile()) {
    followLinks(path, isOfUsOrRoot, shown)
    options.checkReplaceable?.(path)
  }
  // A device or a pipe is written to directly
  const isDirect = existing?.isFile() === false
  const [written, named] = isDirect ? [path, shown] : [dirname(path), dirname(shown)]
  if (!existing && statIfThere(written, named)?.isDirectory() === false) {
    throw new BtkitError('io', `${named}: not a directory`)
  }
  try {
    accessSync(written, constants.W_OK)
  } catch (error) {
    const isMissing = osCodeOf(error) === 'ENOENT'
    throw asBtkitError(error, isMissing ? named : `${named}: cannot be written to`)
  }
}
