import { constants } from 'node:fs'
import { open, rename, rm, type FileHandle } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { asBtkitError, BtkitError } from '../errors.js'
import { osCodeOf } from './os-code.js'
import { placeNewFile } from './place-file.js'
import { syncDirectory } from './sync-directory.js'
import { makeTemporaryName } from './temporary-name.js'
import { findWriteTarget } from './write-target.js'

export { isTemporaryName } from './temporary-name.js'

/** How to write a file. */
export interface WriteOptions {
  /** permission bits, set exactly; by default those of the file replaced, else what umask leaves */
  mode?: number | undefined
  /** throw `exists` rather than replace a file; of several writers at once a single one succeeds */
  noClobber?: boolean | undefined
  /** whose the file is to be, as far as the system lets this user give it away */
  owner?: Owner | undefined
}

/** The user and group of a file, by their numbers. */
export interface Owner {
  uid: number
  gid: number
}

/** Writes a file as writeAtomically does. */
export type WriteFile = (target: string, bytes: Uint8Array, options: WriteOptions) => Promise<void>

interface Content {
  bytes: Uint8Array
  /** permission bits, or undefined for what umask leaves */
  mode: number | undefined
  owner: Owner | undefined
}

interface WriteJob {
  target: string
  bytes: Uint8Array
  options: WriteOptions
  sync: typeof syncDirectory
}

/**
 * Writes `bytes` to `target` so that at any moment, power cuts included, it holds either all of
 * its old content or all of the new. Links are followed; a terminal, a pipe and the like are
 * written to directly. The directory must be there.
 *
 * @throws BtkitError `exists`, `not-found`, `not-permitted` or `io`, naming `target`; no temporary
 * file is left then
 */
export async function writeAtomically(
  target: string,
  bytes: Uint8Array,
  options: WriteOptions,
): Promise<void> {
  await writeOrExplain({ target, bytes, options, sync: syncDirectory })
}

/** writeAtomically with another way to sync a directory, such as one that serves many writes. */
export function writeAtomicallyWith(sync: typeof syncDirectory): WriteFile {
  return (target, bytes, options) => writeOrExplain({ target, bytes, options, sync })
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

async function write({ target, bytes, options, sync }: WriteJob): Promise<void> {
  const { kind, path, mode } = await findWriteTarget(target)
  const isThere = mode !== undefined
  if (options.noClobber && isThere) throw alreadyExists(target)
  if (kind === 'stream') {
    await writeToStream(path, bytes)
    return
  }
  const { owner } = options
  const draft = await writeDraft(path, { bytes, mode: options.mode ?? mode, owner })
  const place = options.noClobber ? placeNewFile : rename
  await orDiscard(draft, () => place(draft, path))
  await sync(dirname(path))
}

function alreadyExists(target: string, cause?: unknown): BtkitError {
  return new BtkitError('exists', `${target}: already exists`, { cause })
}

/** Appends, as far as the stream has an end, so that what others wrote to it before stays. */
async function writeToStream(path: string, bytes: Uint8Array): Promise<void> {
  const stream = await open(path, constants.O_WRONLY | constants.O_APPEND)
  await stream.writeFile(bytes).finally(() => stream.close())
}

/** Writes a new file beside `path`, safely on the disk, and returns its path. */
async function writeDraft(path: string, { bytes, mode, owner }: Content): Promise<string> {
  const draft = join(dirname(path), makeTemporaryName(basename(path)))
  const file = await open(draft, 'wx', mode === undefined ? 0o666 : 0o600)
  await orDiscard(draft, async () => {
    try {
      await file.writeFile(bytes)
      // First, because it may clear permission bits
      if (owner) await giveTo(owner, file)
      if (mode !== undefined) await file.chmod(mode)
      await file.sync()
    } finally {
      await file.close()
    }
  })
  return draft
}

/** Users other than root may not, and then it stays theirs. */
async function giveTo({ uid, gid }: Owner, file: FileHandle): Promise<void> {
  try {
    await file.chown(uid, gid)
  } catch (error) {
    if (osCodeOf(error) !== 'EPERM') throw error
  }
}

/** Does `act`, and removes the draft if that fails. */
async function orDiscard(draft: string, act: () => Promise<void>): Promise<void> {
  try {
    await act()
  } catch (error) {
    // What failed first is what has to be said, even if this fails as well.
    await rm(draft, { force: true }).catch(() => undefined)
    throw error
  }
}
