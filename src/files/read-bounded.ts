import { closeSync, fstatSync, openSync, readSync, constants, type Stats } from 'node:fs'
import { BtkitError, callSystem, osCodeOf } from '../errors.js'

const CHUNK = 64 * 1024

/** Does not wait for the writer of a pipe. Windows has no such flag. */
const READ = constants.O_RDONLY | ((constants.O_NONBLOCK as number | undefined) ?? 0)

/**
 * Reads a whole regular file or pipe of at most `limit` bytes.
 * @throws BtkitError `too-large`, `not-found`, `not-permitted` or `io`
 */
export function readBounded(path: string, limit: number): Uint8Array {
  return withDescriptor(path, plainOpen, (descriptor) => readDescriptor(descriptor, path, limit))
}

/**
 * Reads a whole regular file of at most `limit` bytes, or an empty device such as /dev/null. Never
 * waits for a pipe.
 * @throws BtkitError as readBounded, and `io` for any other kind of file
 */
export function readBoundedRegular(path: string, limit: number): Uint8Array {
  return withDescriptor(path, openRegular, (descriptor) => readDescriptor(descriptor, path, limit))
}

function plainOpen(path: string): number {
  return openSync(path, 'r')
}

function withDescriptor<T>(
  path: string,
  open: (path: string) => number,
  use: (descriptor: number) => T,
): T {
  return callSystem(path, () => {
    const descriptor = open(path)
    try {
      return use(descriptor)
    } finally {
      closeSync(descriptor)
    }
  })
}

function readDescriptor(descriptor: number, path: string, limit: number): Uint8Array {
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
export async function collectBounded(
  stream: AsyncIterable<Uint8Array>,
  name: string,
  limit: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let total = 0
  for await (const chunk of stream) {
    chunks.push(chunk)
    total += chunk.length
    if (total > limit) throw tooLarge(name, limit)
  }
  return Buffer.concat(chunks)
}

function tooLarge(name: string, limit: number): BtkitError {
  return new BtkitError('too-large', `${name}: larger than the limit of ${limit} bytes`)
}

/**
 * Opens a regular file or an empty device such as /dev/null for reading. Follows links; never waits
 * for a pipe. Throws system errors unchanged.
 * @throws BtkitError `io` for a pipe and other kinds of files
 */
function openRegular(path: string): number {
  const descriptor = open(path)
  const stats = fstatSync(descriptor)
  // The system refuses to read a directory, with a clear error
  if (stats.isFile() || stats.isDirectory() || isEmptyDevice(descriptor, stats)) return descriptor
  closeSync(descriptor)
  throw notRegular(path)
}

function open(path: string): number {
  try {
    return openSync(path, READ)
  } catch (error) {
    // The system's error for a socket
    throw osCodeOf(error) === 'ENXIO' ? notRegular(path, error) : error
  }
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
