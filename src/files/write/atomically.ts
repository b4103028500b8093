import { constants, existsSync, renameSync } from 'node:fs'
import { open, type FileHandle, link, rename, rm, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { asBtkitError, BtkitError, osCodeOf } from '../../errors.js'
import { syncDirectory } from './sync-directory.js'
import { createCleaner } from './remove-dead-files.js'
import { orDiscard, writeDraft, type Owner } from './draft.js'
import { findWriteTarget } from './target.js'

/** How to write a file. */
export interface WriteOptions {
  /** permission bits, set exactly; by default those of the file replaced, else what umask leaves */
  mode?: number | undefined
  /** throw `exists` rather than replace a file; of several writers at once a single one succeeds */
  noClobber?: boolean | undefined
  /** looks at the regular file that is about to be replaced, and throws to keep it */
  checkReplaceable?: ((path: string) => void) | undefined
  /** looks right before the new file takes its place, and throws to leave what is there */
  checkUntouched?: (() => void) | undefined
  /**
   * the encoded fingerprint of what `checkUntouched` wants to find there, null for nothing; it may be
   * asked only when something else is there
   */
  expected?: Uint8Array | null | undefined
  /** whose the file is to be, as far as the system lets this user give it away */
  owner?: Owner | undefined
}

/** Writes a file as writeAtomically does. */
export type WriteFile = (target: string, bytes: Uint8Array, options: WriteOptions) => Promise<void>

/** What is done to directories that are written to. */
export interface DirectoryCare {
  /** makes the names in a directory outlive a power cut */
  sync: typeof syncDirectory
  /** removes what killed runs left in a directory */
  clean: (directory: string) => void
}

interface WriteJob {
  target: string
  bytes: Uint8Array
  options: WriteOptions
  care: DirectoryCare
}

/**
 * Writes `bytes` to `target` so that at any moment, power cuts included, it holds either all of
 * its old content or all of the new. Links are followed; a terminal, a pipe that is read and the like
 * are written to directly. The directory must be there; what killed runs left in it is removed.
 *
 * @throws BtkitError `exists`, `not-found`, `not-permitted` or `io`, naming `target`, and what
 * `checkReplaceable` throws; no temporary file is left then
 */
export async function writeAtomically(
  target: string,
  bytes: Uint8Array,
  options: WriteOptions,
): Promise<void> {
  const care = { sync: syncDirectory, clean: createCleaner() }
  await writeOrExplain({ target, bytes, options, care })
}

/** writeAtomically with another way to care for directories, such as one for many writes. */
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

/** Asks those who may keep what is there. Only now, since it may be another file than before. */
export function checkPlace(path: string, { checkReplaceable, checkUntouched }: WriteOptions): void {
  if (checkReplaceable && existsSync(path)) checkReplaceable(path)
  checkUntouched?.()
}

async function write({ target, bytes, options, care }: WriteJob): Promise<void> {
  const { kind, path, mode } = await findWriteTarget(target)
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
    // Not a moment later: what was looked at may change
    if (options.noClobber) await placeNewFile(draft, path)
    else renameSync(draft, path)
  })
  await care.sync(dirname(path))
}

function alreadyExists(target: string, cause?: unknown): BtkitError {
  return new BtkitError('exists', `${target}: already exists`, { cause })
}

const WRITE = constants.O_WRONLY | constants.O_APPEND
/** Does not wait for whoever reads from a pipe. Windows knows no such flag. */
const PROBE = WRITE | ((constants.O_NONBLOCK as number | undefined) ?? 0)

/** Appends, as far as the stream has an end, so that what others wrote to it before stays. */
async function writeToStream(path: string, bytes: Uint8Array): Promise<void> {
  const stream = await openStream(path)
  await stream.writeFile(bytes).finally(() => stream.close())
}

/** Opens a stream for writing, unless it is a pipe that nobody reads, which might be so for ever. */
async function openStream(path: string): Promise<FileHandle> {
  const probe = await open(path, PROBE).catch((error: unknown) => {
    throw osCodeOf(error) === 'ENXIO' ? unread(path, error) : error
  })
  // What is written to a full pipe has to wait, which the probe does not
  return open(path, WRITE).finally(() => probe.close())
}

function unread(path: string, cause: unknown): BtkitError {
  return new BtkitError('io', `${path}: not a regular file, but a pipe that nobody reads`, {
    cause,
  })
}

/**
 * Gives the file at `from` the name `to` on the same file system, unless that name is taken: then
 * it throws the system's EEXIST, and of several at once a single one wins.
 */
export async function placeNewFile(from: string, to: string): Promise<void> {
  try {
    await link(from, to)
  } catch {
    // File systems without hard links say so with various codes, so none is looked at. Any other
    // failure, a name that is taken above all, happens here again, and is thrown.
    await reserveAndRename(from, to)
    return
  }
  await unlink(from)
}

/** Does the same without hard links; others may see the name with an empty file for a moment. */
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
