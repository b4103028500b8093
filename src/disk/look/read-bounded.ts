import { fstatSync, openSync, readSync, constants, type Stats } from 'node:fs'
import {
  asBtkitError,
  BtkitError,
  callSystem,
  orClose,
  osCodeOf,
  tryOr,
} from '../../base/errors.js'
import { closeDone } from '../../base/directories.js'
import { type FileHandle, open } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import { latin1 } from '../../base/bytes.js'
import { loadNative } from '../../base/native-addon.js'
import { formatBytes } from '../../base/text/quantity.js'
import { FINGERPRINT_LENGTH, fingerprintOf, MTIME_OFFSET } from '../file-lists/fingerprint.js'
import { stampOf } from './stat-files.js'

const CHUNK = 64 * 1024
const MIB = 1024 * 1024

/** Open flags: do not wait for the other end of a pipe, and do not follow a link. */
export const NO_WAIT = (constants.O_NONBLOCK as number | undefined) ?? 0
export const NO_LINK = (constants.O_NOFOLLOW as number | undefined) ?? 0
// Windows has neither flag

const READ = constants.O_RDONLY | NO_WAIT

/** How a whole file is read. */
export interface WholeRules {
  /** The path for messages. */
  readonly shown?: string
  /** Whether a pipe is read, too, and waited for. Default: anything but a file is an error. */
  readonly mayWait?: boolean
}

/**
 * Reads a whole regular file of at most `limit` bytes, or an empty device such as /dev/null.
 * @throws BtkitError `too-large`, `not-found`, `not-permitted` or `io`
 */
export function readWhole(
  path: string,
  limit: number,
  { shown = path, mayWait = false }: WholeRules = {},
): Uint8Array {
  const openFile = () => (mayWait ? openSync(path, 'r') : openRegular(path, shown))
  return withDescriptor(shown, openFile, (descriptor) => readDescriptor(descriptor, shown, limit))
}

function withDescriptor<T>(
  shown: string,
  openFile: () => number,
  use: (descriptor: number) => T,
): T {
  return callSystem(shown, () => {
    const descriptor = openFile()
    try {
      return use(descriptor)
    } finally {
      closeDone(descriptor)
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
    chunks.push(chunk.subarray(0, count))
    total += count
    if (total > limit) throw tooLarge(path, limit)
    // A read that gives less than it could has reached the end
    if (count === 0 || (size > 0 && total === size)) break
  }
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)
}

/**
 * Reads the first `length` bytes of a regular file, or all of a shorter one. Never waits for a
 * pipe.
 * @throws BtkitError `not-found`, `not-permitted` or `io`
 */
export function readStart(path: string, length: number): Uint8Array {
  const openFile = () => openRegular(path)
  return withDescriptor(path, openFile, (descriptor) => {
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
    // The next chunk may be in the same memory
    chunks.push(Buffer.from(chunk))
    total += chunk.length
    if (total > limit) throw tooLong()
  }
  return Buffer.concat(chunks)
}

/** The error of a file with more bytes than `limit`. */
export function tooLarge(name: string, limit: number): BtkitError {
  const most = limit >= MIB && limit % MIB === 0 ? formatBytes(limit) : `${limit} bytes`
  return new BtkitError('too-large', `${name}: larger than the limit of ${most}`)
}

/**
 * Opens a regular file or an empty device such as /dev/null for reading. Follows links; never waits
 * for a pipe. Throws system errors unchanged.
 * @throws BtkitError `io` for a pipe and other kinds of files
 */
function openRegular(path: string, shown = path): number {
  let descriptor: number
  try {
    descriptor = openSync(path, READ)
  } catch (error) {
    // The system's error for a socket
    throw osCodeOf(error) === 'ENXIO' ? notRegular(shown, error) : error
  }
  return orClose(closeDone.bind(null, descriptor), () => {
    const stats = fstatSync(descriptor)
    // The system refuses to read a directory, with a clear error
    if (stats.isFile() || stats.isDirectory() || isEmptyDevice(descriptor, stats)) return descriptor
    throw notRegular(shown)
  })
}

function isEmptyDevice(descriptor: number, stats: Stats): boolean {
  if (!stats.isCharacterDevice()) return false
  return tryOr(false, () => readSync(descriptor, Buffer.alloc(1)) === 0)
}

function notRegular(path: string, cause?: unknown): BtkitError {
  return new BtkitError('io', `${path}: not a regular file`, { cause })
}

/** The content of a file and its state before it was read. */
export interface RegularFile {
  readonly bytes: Uint8Array
  /** Identifies one state of the file; see `stampsOf`. */
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
  const [small] = await loadSmall([path])
  if (!small || small.bytes.length > limit) return readAlone(path, limit, known)
  return small.state === known ? null : small
}

/** Files that are read in one call, and their bytes. */
const TOGETHER = 64
const ROOM = 256 * 1024

/** The path of a file, and the file; null if it is alone, or only readRegular can read it. */
export type LoadedPath = readonly [path: string, file: RegularFile | null]

/**
 * Reads small regular files, and yields them in order, those together that are read in one call.
 * The next ones are read while these are used. Other work has its turn between. One file alone is
 * left to the caller: to start a thread for it takes longer than to read it.
 */
export async function* readSmallFiles(paths: readonly string[]): AsyncGenerator<LoadedPath[]> {
  if (paths.length === 1) {
    yield paths.map((path): LoadedPath => [path, null])
    return
  }
  const load = (start: number) => loadSmall(paths.slice(start, start + TOGETHER))
  let at = 0
  for (let loading = load(at); at < paths.length;) {
    const files = await loading
    const here = files.map((file, i): LoadedPath => [paths[at + i] ?? '', file])
    at += files.length
    loading = load(at)
    yield here
    await setImmediate()
  }
}

/** The native addon's function; see native/stat_files.h. */
type LoadFiles = (paths: readonly string[], room: Uint8Array) => Promise<Int32Array>

const native = loadNative<{ loadFilesAsync: LoadFiles }>('loadFilesAsync')?.loadFilesAsync ?? null

/** Rooms that are not in use; as many as calls were under way at once. */
const rooms: Buffer[] = []

/** The words of an answer: a state, where the file is, its length, and its fingerprint. */
const LOADED = 1
const FULL = 2
const FINGERPRINT_AT = 3
const WORDS = FINGERPRINT_AT + FINGERPRINT_LENGTH / Int32Array.BYTES_PER_ELEMENT

/**
 * Reads small files in one call, off the event loop. Node's calls for each step would take ten
 * times as long. The answer is null for a file that is not small or cannot be read. The answers end
 * before the first file for which no room is left.
 */
async function loadSmall(paths: readonly string[]): Promise<(RegularFile | null)[]> {
  if (native === null || paths.length === 0) return paths.map(() => null)
  const room = rooms.pop() ?? Buffer.allocUnsafeSlow(ROOM)
  const answers = await native(paths, room)
  const files: (RegularFile | null)[] = []
  for (let at = 0; at < answers.length && answers[at] !== FULL; at += WORDS)
    files.push(answers[at] === LOADED ? new LoadedFile(answers, at, room) : null)
  rooms.push(room)
  return files
}

/** A file of an answer. Its state is read when it is asked for, because many readers never do. */
class LoadedFile implements RegularFile {
  /** A copy of the file in the room. */
  readonly bytes: Buffer

  constructor(
    private readonly answers: Int32Array,
    private readonly at: number,
    room: Buffer,
  ) {
    const start = answers[at + 1] ?? 0
    this.bytes = Buffer.from(room.subarray(start, start + (answers[at + 2] ?? 0)))
  }

  get state(): string {
    return latin1(this.#fingerprint())
  }

  get mtimeMs(): number {
    return Number(this.#fingerprint().readBigInt64LE(MTIME_OFFSET)) / 1e6
  }

  #fingerprint(): Buffer {
    const { buffer, byteOffset, BYTES_PER_ELEMENT } = this.answers
    const start = byteOffset + (this.at + FINGERPRINT_AT) * BYTES_PER_ELEMENT
    return Buffer.from(buffer, start, FINGERPRINT_LENGTH)
  }
}

async function readAlone(
  path: string,
  limit: number,
  known: string | null,
): Promise<RegularFile | null> {
  try {
    const handle = await open(path, READ)
    try {
      const stats = await handle.stat({ bigint: true })
      if (!stats.isFile()) throw notRegular(path)
      const state = stampOf(fingerprintOf(stats))
      if (state === known) return null
      const size = Number(stats.size)
      if (size > limit) throw tooLarge(path, limit)
      // One byte more detects a growing file
      const buffer = Buffer.alloc(size + 1)
      const bytesRead = await fill(buffer, handle, 0)
      if (bytesRead > limit) throw tooLarge(path, limit)
      const mtimeMs = Number(stats.mtimeNs) / 1e6
      return { bytes: buffer.subarray(0, bytesRead), state, mtimeMs }
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
  for (let got = -1; got !== 0 && at < target.length; at += got) {
    const read = async () => handle.read(target, at, target.length - at, start + at)
    got = (await unlessInterrupted(read)).bytesRead
  }
  return at
}

/** Calls the system again while a signal interrupts it, as some file systems let one do. */
export async function unlessInterrupted<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call()
    } catch (error) {
      if (osCodeOf(error) !== 'EINTR') throw error
    }
  }
}
