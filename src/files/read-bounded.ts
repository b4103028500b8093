import { closeSync, fstatSync, openSync, readSync, constants, type Stats } from 'node:fs'
import { asBtkitError, BtkitError, callSystem, osCodeOf } from '../errors.js'
import { type FileHandle, lstat, open } from 'node:fs/promises'
import { formatBytes } from '../text/quantity.js'

const CHUNK = 64 * 1024
const MIB = 1024 * 1024

/** Open flags: do not wait for the other end of a pipe, and do not follow a link. */
export const NO_WAIT = (constants.O_NONBLOCK as number | undefined) ?? 0
export const NO_LINK = (constants.O_NOFOLLOW as number | undefined) ?? 0
// Windows has neither flag

const READ = constants.O_RDONLY | NO_WAIT

/**
 * Reads a whole regular file or pipe of at most `limit` bytes.
 * @throws BtkitError `too-large`, `not-found`, `not-permitted` or `io`
 */
export function readBounded(path: string, limit: number): Uint8Array {
  const openAny = () => openSync(path, 'r')
  return withDescriptor(path, openAny, (descriptor) => readDescriptor(descriptor, path, limit))
}

/**
 * Reads a whole regular file of at most `limit` bytes, or an empty device such as /dev/null. Never
 * waits for a pipe.
 * @throws BtkitError as readBounded, and `io` for any other kind of file
 */
export function readBoundedRegular(path: string, limit: number): Uint8Array {
  return withDescriptor(path, openRegular, (descriptor) => readDescriptor(descriptor, path, limit))
}

function withDescriptor<T>(
  path: string,
  openFile: (path: string) => number,
  use: (descriptor: number) => T,
): T {
  return callSystem(path, () => {
    const descriptor = openFile(path)
    try {
      return use(descriptor)
    } finally {
      closeSync(descriptor)
    }
  })
}

/**
 * Reads the rest of an open file of at most `limit` bytes; `path` is its name in errors.
 * @throws BtkitError `too-large`; system errors unchanged
 */
export function readDescriptor(descriptor: number, path: string, limit: number): Buffer {
  const { size } = fstatSync(descriptor)
  if (size > limit) throw tooLarge(path, limit)
  // Asks for one byte more than the size, to notice a growing file; a pipe has no size
  const chunks: Buffer[] = []
  for (let total = 0; ;) {
    const chunk = Buffer.allocUnsafe(chunks.length === 0 && size > 0 ? size + 1 : CHUNK)
    const count = readSync(descriptor, chunk)
    if (count === 0) return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)
    chunks.push(chunk.subarray(0, count))
    total += count
    if (total > limit) throw tooLarge(path, limit)
  }
}

/**
 * Reads the first `length` bytes of a regular file, or all of a shorter one. Never waits for a
 * pipe.
 * @throws BtkitError `not-found`, `not-permitted` or `io`
 */
export function readStart(path: string, length: number): Uint8Array {
  return withDescriptor(path, openRegular, (descriptor) => {
    const bytes = Buffer.alloc(length)
    return bytes.subarray(0, readSync(descriptor, bytes, 0, length, 0))
  })
}

/**
 * Collects a stream of at most `limit` bytes. `name` is its name in errors.
 * @throws BtkitError `too-large`
 */
export function collectBounded(
  stream: AsyncIterable<Uint8Array>,
  name: string,
  limit: number,
): Promise<Buffer> {
  return collectAtMost(stream, limit, () => tooLarge(name, limit))
}

/** Does the same, with another error. Leaves the stream at once if it is too long. */
export async function collectAtMost(
  stream: AsyncIterable<Uint8Array>,
  limit: number,
  tooLong: () => Error,
): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let total = 0
  for await (const chunk of stream) {
    chunks.push(chunk)
    total += chunk.length
    if (total > limit) throw tooLong()
  }
  return Buffer.concat(chunks)
}

function tooLarge(name: string, limit: number): BtkitError {
  const most = limit >= MIB && limit % MIB === 0 ? formatBytes(limit) : `${limit} bytes`
  return new BtkitError('too-large', `${name}: larger than the limit of ${most}`)
}

/**
 * Opens a regular file or an empty device such as /dev/null for reading. Follows links; never waits
 * for a pipe. Throws system errors unchanged.
 * @throws BtkitError `io` for a pipe and other kinds of files
 */
function openRegular(path: string): number {
  let descriptor: number
  try {
    descriptor = openSync(path, READ)
  } catch (error) {
    // The system's error for a socket
    throw osCodeOf(error) === 'ENXIO' ? notRegular(path, error) : error
  }
  const stats = fstatSync(descriptor)
  // The system refuses to read a directory, with a clear error
  if (stats.isFile() || stats.isDirectory() || isEmptyDevice(descriptor, stats)) return descriptor
  closeSync(descriptor)
  throw notRegular(path)
}

function isEmptyDevice(descriptor: number, stats: Stats): boolean {
  if (!stats.isCharacterDevice()) return false
  try {
    return readSync(descriptor, Buffer.alloc(1)) === 0
  } catch {
    return false
  }
}

function notRegular(path: string, cause?: unknown): BtkitError {
  return new BtkitError('io', `${path}: not a regular file`, { cause })
}

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
      const stats = await handle.stat()
      if (!stats.isFile()) throw notRegular(path)
      const state = stateOf(stats)
      if (state === known) return null
      if (stats.size > limit) throw tooLarge(path, limit)
      // One byte more detects a growing file
      const buffer = Buffer.alloc(stats.size + 1)
      const bytesRead = await fill(buffer, handle, 0)
      if (bytesRead > limit) throw tooLarge(path, limit)
      return { bytes: buffer.subarray(0, bytesRead), state, mtimeMs: stats.mtimeMs }
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw asBtkitError(error, path)
  }
}

/**
 * Fills `target` with bytes of a file; some file systems give less at a time. Returns the number of
 * bytes, which is less if the file ends before.
 */
export async function fill(target: Buffer, handle: FileHandle, start: number): Promise<number> {
  let at = 0
  for (let got = -1; got !== 0 && at < target.length; at += got)
    got = (await handle.read(target, at, target.length - at, start + at)).bytesRead
  return at
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
