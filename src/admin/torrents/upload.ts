import { BtkitError } from '../../errors.js'
import { escapeText } from '../../text/escape.js'
import { formatBytes } from '../../text/quantity.js'
import { addTorrent, forEach, type Actor, type Collection, type Outcome } from './collection.js'

/** The most files of an upload. */
export const MOST_FILES = 500

/**
 * The largest torrent, in bytes, and the most bencoded values in one: some 20,000 files have as many.
 * The tracker answers nobody while it reads a torrent.
 */
const MAX_TORRENT = 16 * 1024 * 1024
const MAX_VALUES = 150_000

/** Bytes of all files of an upload, which are kept in memory until it ends. */
export const MAX_BYTES = 64 * 1024 * 1024

/** Bytes of an upload beside its files, at most. */
const FRAME = 1024 * 1024

/** A file of an upload. */
export interface UploadedFile {
  readonly name: string
  /** Null for a file that is larger than a torrent may be. */
  readonly bytes: Uint8Array | null
}

/** Files that were uploaded together. */
export interface Upload {
  /** The address of the category. */
  readonly to: string
  /** The name for a single file; empty for its own. */
  readonly name: string
  readonly files: readonly UploadedFile[]
}

/** Receives the files of an upload, within its limits. */
export class Receipt {
  #bytes = 0
  #files = 0

  /**
   * `length` is the size of the upload as far as known.
   * @throws BtkitError `too-large`
   */
  constructor(length: number) {
    if (length > MAX_BYTES + FRAME) throw tooLarge()
  }

  /**
   * Returns the bytes of a file; null if they are too many for a torrent.
   * @throws BtkitError `too-large`, `too-many`
   */
  async receive(content: AsyncIterable<Uint8Array>): Promise<Uint8Array | null> {
    if (++this.#files > MOST_FILES)
      throw new BtkitError('too-many', `at most ${MOST_FILES} torrents are uploaded at once`)
    const chunks: Uint8Array[] = []
    let length = 0
    for await (const chunk of content) {
      length += chunk.length
      this.#bytes += chunk.length
      if (this.#bytes > MAX_BYTES) throw tooLarge()
      if (length <= MAX_TORRENT) chunks.push(chunk)
    }
    return length > MAX_TORRENT ? null : Buffer.concat(chunks)
  }
}

function tooLarge(): BtkitError {
  const limit = formatBytes(MAX_BYTES)
  const how = 'send fewer, and no files of their content'
  return new BtkitError('too-large', `at most ${limit} of torrents are uploaded at once; ${how}`)
}

/**
 * Adds uploaded torrents. A failure does not stop the others.
 * @throws BtkitError `usage`, and as Places.category
 */
export function addUploads(
  collection: Collection,
  actor: Actor,
  { to, name, files }: Upload,
): Promise<Outcome[]> {
  if (files.length === 0) throw new BtkitError('usage', 'no file was chosen')
  if (name !== '' && files.length > 1)
    throw new BtkitError('usage', 'only a single file can be saved under another name')
  return collection.changeInfo(() => {
    const category = collection.places.category(to)
    const add = async (file: UploadedFile) => {
      const bytes = checkBytes(file)
      const torrent = { bytes, category, name: name || lastName(file.name), maxValues: MAX_VALUES }
      await addTorrent(collection, actor, torrent).catch((error: unknown) => {
        throw explain(error, file, bytes)
      })
    }
    return forEach(files, add, (file) => lastName(file.name))
  })
}

/** The first byte of a bencoded dictionary. */
const DICTIONARY = 'd'.charCodeAt(0)

/** @throws BtkitError `too-large` */
function checkBytes({ name, bytes }: UploadedFile): Uint8Array {
  if (bytes !== null) return bytes
  const why = `larger than ${formatBytes(MAX_TORRENT)}; ${BY_HAND}`
  throw new BtkitError('too-large', `${escapeText(lastName(name))}: ${why}`)
}

const BY_HAND = 'copy the torrent into the directory by hand'

/** Says which file an error of its content is about. */
function explain(error: unknown, { name }: UploadedFile, bytes: Uint8Array): unknown {
  if (!(error instanceof BtkitError)) return error
  const title = escapeText(lastName(name))
  if (error.code === 'too-large')
    return new BtkitError('too-large', `${title}: too many files or other values; ${BY_HAND}`)
  if (error.code !== 'bencode') return error.code === 'metainfo' ? error.of(title) : error
  if (bytes[0] !== DICTIONARY) return error.of(title)
  const how = 'the file is damaged or cut off, get it again'
  return new BtkitError('bencode', `${title}: ${error.message}; ${how}`)
}

/** Browsers may send a path. */
function lastName(name: string): string {
  return name.split(/[/\\]/).at(-1) ?? ''
}
