import { constants, type Stats } from 'node:fs'
import { lstat, open, type FileHandle } from 'node:fs/promises'
import { asBtkitError, BtkitError } from '../errors.js'

/** Does not wait for the writer of a pipe. Windows has no such flag. */
const READ = constants.O_RDONLY | ((constants.O_NONBLOCK as number | undefined) ?? 0)

/** The content of a file and its state when it was read. */
export interface RegularFile {
  readonly bytes: Uint8Array
  /** Identifies one state of the file. */
  readonly state: string
  /** When the file was last modified, in milliseconds since 1970. */
  readonly mtimeMs: number
}

/**
 * Reads a regular file of at most `limit` bytes; follows links. Returns null if the file is still
 * in the state `known`. Never waits for a pipe or reads a device.
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

/**
 * Returns the state of the entry at a path without following links; null if it cannot be examined.
 */
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
  // One byte more detects a growing file
  const buffer = Buffer.alloc(Math.min(stats.size, limit) + 1)
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0)
  if (stats.size > limit || bytesRead > limit) {
    throw new BtkitError('too-large', `${path}: larger than the limit of ${limit} bytes`)
  }
  return { bytes: buffer.subarray(0, bytesRead), state, mtimeMs: stats.mtimeMs }
}
