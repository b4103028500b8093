import { open } from 'node:fs/promises'
import { BtkitError } from '../../errors.js'
import { readBoundedRegular } from '../../files/read-bounded.js'
import { parseMetainfo } from '../../metainfo/parse/metainfo.js'
import { escapeText } from '../../text/escape.js'
import { formatBytes } from '../../text/quantity.js'
import { torrentName } from './names.js'

/** The most torrents that wait for one user. */
export const MAX_WAITING = 500

/**
 * The largest torrent, in bytes, and the most bencoded values in one: some 20,000 files have as many.
 * The tracker answers nobody while it reads a torrent.
 */
export const MAX_TORRENT = 16 * 1024 * 1024
const UPLOAD_LIMITS = { maxSize: MAX_TORRENT, maxValues: 150_000 }

/** Bytes of all torrents that wait for one user. */
export const MAX_BYTES = 128 * 1024 * 1024

/** Bytes of an upload beside its files, at most. */
const FRAME = 1024 * 1024

/** A file of an upload. */
export interface UploadedFile {
  readonly name: string
  readonly content: AsyncIterable<Uint8Array>
}

/**
 * Refuses an upload of a known size that is too large.
 * @throws BtkitError `too-large`
 */
export function refuseLarge(length: number): void {
  if (length > MAX_BYTES + FRAME) throw tooLarge()
}

/** The room that is left for uploads of a user. */
export class Room {
  #bytes: number
  #files: number
  /** Bytes that may arrive at all, with those of files that are no torrents. */
  #arriving = MAX_BYTES + FRAME

  constructor(sizes: readonly number[]) {
    this.#files = MAX_WAITING - sizes.length
    this.#bytes = MAX_BYTES - sizes.reduce((sum, size) => sum + size, 0)
  }

  /** @throws BtkitError `too-many` */
  takeFile(): void {
    if (--this.#files >= 0) return
    const how = 'keep or discard some, and send the others later'
    throw new BtkitError('too-many', `at most ${MAX_WAITING} torrents wait at once; ${how}`)
  }

  /** @throws BtkitError `too-large` */
  takeBytes(count: number, isStored: boolean): void {
    this.#arriving -= count
    if (isStored) this.#bytes -= count
    if (this.#arriving < 0 || this.#bytes < 0) throw tooLarge()
  }
}

function tooLarge(): BtkitError {
  const limit = formatBytes(MAX_BYTES)
  const how = 'send fewer, and no files of their content'
  return new BtkitError('too-large', `at most ${limit} of torrents wait at once; ${how}`)
}

/**
 * Writes an uploaded torrent. Returns why it is refused, or null; the rest of what is refused is
 * read, but not stored.
 * @throws BtkitError `too-large`; system errors unchanged
 */
export async function writeTorrent(
  { name, content }: UploadedFile,
  path: string,
  room: Room,
): Promise<BtkitError | null> {
  const handle = await open(path, 'wx', 0o600)
  try {
    let fault = attempt(() => torrentName(lastName(name)))
    let isBegun = false
    for await (const chunk of content) {
      // The error quotes the beginning
      if (!isBegun && chunk[0] !== DICTIONARY) fault ??= faultOf(chunk, name)
      isBegun = true
      room.takeBytes(chunk.length, fault === null)
      if (fault === null) await handle.write(chunk)
    }
    return fault ?? attempt(() => faultOf(readBoundedRegular(path, MAX_TORRENT), name))
  } finally {
    await handle.close()
  }
}

/** The first byte of a bencoded dictionary. */
const DICTIONARY = 'd'.charCodeAt(0)

function faultOf(bytes: Uint8Array, name: string): BtkitError | null {
  const fault = attempt(() => parseMetainfo(bytes, UPLOAD_LIMITS))
  const title = escapeText(lastName(name))
  if (fault?.code === 'bencode' && bytes[0] === DICTIONARY) {
    const why = `${fault.message}; the file is damaged or cut off, get it again`
    return new BtkitError('bencode', `${title}: ${why}`)
  }
  if (fault?.code !== 'too-large') return fault && fault.of(title)
  const how = 'copy the torrent into the directory by hand'
  return new BtkitError('too-large', `${title}: too many files or other values; ${how}`)
}

/** Returns the error of a check, or null. */
function attempt(check: () => unknown): BtkitError | null {
  try {
    const fault = check()
    return fault instanceof BtkitError ? fault : null
  } catch (error) {
    if (error instanceof BtkitError) return error
    throw error
  }
}

/** Browsers may send a path. */
export function lastName(name: string): string {
  return name.split(/[/\\]/).at(-1) ?? ''
}
