import { constants, type Stats } from 'node:fs'
import { lstat, open, type FileHandle } from 'node:fs/promises'
import { asBtkitError, BtkitError } from '../errors.js'

/** Does not wait for whoever writes to a pipe. Windows knows no such flag. */
const READ = constants.O_RDONLY | ((constants.O_NONBLOCK as number | undefined) ?? 0)

/** A file as it was when it was read. */
export interface RegularFile {
  readonly bytes: Uint8Array
  /** What tells one state of the file from another. */
  readonly state: string
}

/**
 * Reads a regular file of at most `limit` bytes, links followed; null when it still is in the state
 * `known`. Never waits for a pipe, nor reads a device.
 * @throws BtkitError `too-large`, `not-found`, `not-permitted` or `io`
 */
export async function readRegular(
  path: string,
  limit: number,
  known: string | null,
): Promise<RegularFile | null> {
  try {
    const handle = await open(path, READ)
    try {
      return await readOpen(handle, path, { limit, known })
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw asBtkitError(error, path)
  }
}

/** The state of what lies at a path, links not followed; null when nothing can be told. */
export async function lookAtState(path: string): Promise<string | null> {
  return lstat(path).then(stateOf, () => null)
}

function stateOf({ mtimeMs, ctimeMs, size, ino }: Stats): string {
  return [mtimeMs, ctimeMs, size, ino].join(' ')
}

async function readOpen(
  handle: FileHandle,
  path: string,
  { limit, known }: { readonly limit: number; readonly known: string | null },
): Promise<RegularFile | null> {
  const stats = await handle.stat()
  if (!stats.isFile()) throw new BtkitError('io', `${path}: not a regular file`)
  const state = stateOf(stats)
  if (state === known) return null
  // A byte more tells a file that grows
  const buffer = Buffer.alloc(Math.min(stats.size, limit) + 1)
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0)
  if (stats.size > limit || bytesRead > limit) {
    throw new BtkitError('too-large', `${path}: larger than the limit of ${limit} bytes`)
  }
  return { bytes: buffer.subarray(0, bytesRead), state }
}
