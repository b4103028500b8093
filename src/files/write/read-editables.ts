import { Buffer } from 'node:buffer'
import { loadNative } from '../../native-addon.js'
import { FINGERPRINT_LENGTH } from '../fingerprint.js'
import { PERMISSION_BITS, type Editable } from './check-editable.js'

/** A regular file that was read to be replaced; links were followed. */
export interface FoundFile extends Editable {
  /** Whether its permissions allow changes. */
  readonly isWritable: boolean
  readonly bytes: Uint8Array
}

/** A path and its file; null if the path must be examined separately. */
export interface ReadPath {
  readonly path: string
  readonly found: FoundFile | null
}

/** The native addon's function; native/read_files.h has the contract. */
export type ReadFiles = (paths: readonly string[], memory: Uint8Array) => Promise<Int32Array>

/** The native addon's function; null if the addon is missing. */
export const nativeReadFiles = loadNative<{ readFiles: ReadFiles }>('readFiles')?.readFiles ?? null

/** Largest number of files that are read at once, and the limit of their total bytes. */
const AT_ONCE = 64
const ROOM = 4 * 1024 * 1024

/**
 * Reads files in groups. The next group is read while the caller processes the current one. The
 * bytes are valid until the next group is requested.
 */
export async function* readEditables(
  paths: readonly string[],
  readFiles: ReadFiles | null = nativeReadFiles,
): AsyncGenerator<readonly ReadPath[]> {
  const rooms = readFiles === null ? null : [newRoom(), newRoom()]
  let [room = NO_ROOM, spare = NO_ROOM] = rooms ?? []
  const read = (start: number): Promise<ReadPath[]> => {
    const some = paths.slice(start, start + AT_ONCE)
    return readFiles === null ? Promise.resolve(some.map(unread)) : readSome(some, room, readFiles)
  }
  let reading = read(0)
  for (let end = 0; end < paths.length;) {
    const some = await reading
    end += some.length
    ;[room, spare] = [spare, room]
    reading = read(end)
    // A caller that stops early does not wait for it
    reading.catch(() => undefined)
    yield some
  }
}

const NO_ROOM: Buffer = Buffer.alloc(0)

function newRoom(): Buffer {
  return Buffer.allocUnsafeSlow(ROOM)
}

/** Reads as many of the files as fit into the buffer, but at least one. */
async function readSome(paths: readonly string[], room: Buffer, readFiles: ReadFiles) {
  const words = await readFiles(paths, room)
  const count = paths.findIndex((_, i) => words[WORDS * i] === FULL)
  const some = count < 0 ? paths : paths.slice(0, Math.max(count, 1))
  return some.map((path, i) => ({ path, found: foundAt(words, i, room) }))
}

const HEAD_WORDS = 6
const WORDS = HEAD_WORDS + FINGERPRINT_LENGTH / Int32Array.BYTES_PER_ELEMENT
const READ = 1
const EDITABLE = 2
const FULL = 3

function foundAt(words: Int32Array, i: number, room: Buffer): FoundFile | null {
  const [reading = 0, mode = 0, user = 0, group = 0, start = 0, length = 0] = words.subarray(
    WORDS * i,
  )
  if (reading !== READ && reading !== EDITABLE) return null
  const at = words.byteOffset + (WORDS * i + HEAD_WORDS) * Int32Array.BYTES_PER_ELEMENT
  return {
    mode: mode & PERMISSION_BITS,
    owner: { uid: user >>> 0, gid: group >>> 0 },
    fingerprint: new Uint8Array(words.buffer, at, FINGERPRINT_LENGTH),
    isWritable: reading === EDITABLE,
    bytes: room.subarray(start, start + length),
  }
}

function unread(path: string): ReadPath {
  return { path, found: null }
}
