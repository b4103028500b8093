import { isUtf8 } from 'node:buffer'
import type { FileHandle } from 'node:fs/promises'
import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Fingerprint } from '../../files/fingerprint.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import { beginRange, type ByteRange, type Ranged } from '../../server/answers/conditional.js'
import type { Mirror } from '../tree/mirror.js'
import { type OpenFile, openInside } from '../tree/open-inside.js'

/** An open file and the headers to send with it. */
export interface Download {
  readonly file: OpenFile
  readonly ranged: Ranged
}

/**
 * Opens a file that was looked up. The caller must send it, which closes it.
 * @throws Refusal
 */
export async function openDownload(found: ScannedFile, mirror: Mirror): Promise<Download> {
  const file = await openInside(found, mirror)
  try {
    return { file, ranged: await describe(file, found.path) }
  } catch (error) {
    await file.handle.close()
    throw error
  }
}

async function describe(
  { handle, fingerprint }: OpenFile,
  components: readonly string[],
): Promise<Ranged> {
  const name = components.at(-1) ?? ''
  const type = await typeOfFile(name, handle)
  const headers = {
    'Content-Type': type,
    'X-Content-Type-Options': 'nosniff',
  }
  return { size: fingerprint.size, headers, validators: validatorsOf(fingerprint) }
}

function validatorsOf({ size, mtimeNs }: Fingerprint) {
  const etag = `"${size.toString(36)}-${mtimeNs.toString(36)}"`
  return { etag, lastModified: new Date(Number(mtimeNs / 1_000_000n)).toUTCString() }
}

/** A download, with the way its file is read. */
export interface BoundedDownload extends Download {
  readonly reads: DownloadReads
}

/** Sends an open file, or the range of it that was asked for. */
export async function sendDownload(
  request: FastifyRequest,
  reply: FastifyReply,
  { file, ranged, reads }: BoundedDownload,
): Promise<FastifyReply> {
  const range = beginRange(request, reply, ranged)
  if (range === null || range.start === range.end) {
    await file.handle.close()
    return range ? reply.send('') : reply
  }
  const stream = new FileStream(file.handle, range, reads)
  stream.once('end', () => {
    // The file became shorter: only the end of the connection shows the client that bytes are
    // missing
    if (stream.missing > 0) reply.raw.destroy()
  })
  return reply.send(stream)
}

/** Bytes read at a time. More are not faster, and each slow reader holds as many in memory. */
const CHUNK = 64 * 1024

/** Bytes read at a time while slow readers hold much memory. */
const SMALL_CHUNK = 4 * 1024

/** How the file of a download is read. */
export interface DownloadReads {
  /** Runs a read in its turn. */
  readonly run: <T>(read: () => Promise<T>) => Promise<T>
  /** Whether slow readers hold much memory. */
  readonly isTight: () => boolean
}

/**
 * A range of an open file, which is closed with the stream. Only a few files are read at once, so
 * that system threads remain free for other file operations.
 */
export class FileStream extends Readable {
  #at: number

  constructor(
    private readonly handle: FileHandle,
    private readonly range: ByteRange,
    private readonly reads: DownloadReads,
  ) {
    // Reads nothing ahead
    super({ highWaterMark: 0, emitClose: true })
    this.#at = range.start
  }

  /** Bytes still to send; above 0 at the end if the file became shorter. */
  get missing(): number {
    return this.range.end - this.#at
  }

  override _read(): void {
    this.reads
      .run(() => this.#readChunk())
      .then(
        (chunk) => this.push(chunk),
        (error: unknown) => this.destroy(error as Error),
      )
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const end = () => {
      done(error)
    }
    this.handle.close().then(end, end)
  }

  /** The next bytes; null at the end of the range or of the file. */
  async #readChunk(): Promise<Uint8Array | null> {
    const length = Math.min(this.missing, this.reads.isTight() ? SMALL_CHUNK : CHUNK)
    if (this.destroyed || length === 0) return null
    const { bytesRead, buffer } = await this.handle.read(
      Buffer.allocUnsafe(length),
      0,
      length,
      this.#at,
    )
    this.#at += bytesRead
    return bytesRead === 0 ? null : buffer.subarray(0, bytesRead)
  }
}

import mime from 'mime'

/** Names of text files that have no extension, in small letters. */
const NAMES = new Set(
  `readme install installing hacking authors contributors maintainers credits thanks
  license licence copying copyright notice patents unlicense
  changes changelog history news release_notes todo bugs faq version manifest owners
  makefile gnumakefile dockerfile containerfile vagrantfile jenkinsfile rakefile gemfile
  checksum checksums release inrelease packages sources filelist ls-lr`.split(/\s+/),
)

/** Lists of checksums, such as SHA256SUMS, and of the contents of Debian's packages. */
const PATTERNS = [/^(?:md5|b2|sha\d+|blake\w+)sums?$/, /^contents-[\w-]+$/]

/** Bytes at the beginning of a text that are examined for its encoding. */
const LOOKED_AT = 16 * 1024

/** Types of text that contain their encoding, which a header would override. */
const TELLING = new Set(['text/html', 'text/xml'])

/** The type of unknown bytes. */
const ANY = 'application/octet-stream'

/** The media type for the extension of a name; null if there is none. */
function typeByExtension(name: string): string | null {
  // For a name without slash and dot, mime would use the whole name as the extension
  return mime.getType(`/${name}`)
}

/**
 * The media type of an open file. Adds UTF-8 for a text whose first 16 KiB are valid UTF-8. For any
 * other text, browsers guess the encoding, as they would without the header.
 */
export async function typeOfFile(name: string, handle: FileHandle): Promise<string> {
  const own = typeByExtension(name)
  const type = own ?? (isNameOfText(name) ? 'text/plain' : ANY)
  if (!type.startsWith('text/') || TELLING.has(type)) return type
  const buffer = Buffer.allocUnsafe(LOOKED_AT)
  const { bytesRead } = await handle.read(buffer, 0, LOOKED_AT, 0)
  const beginning = buffer.subarray(0, bytesRead)
  // A name without an extension is less certain
  if (own === null && beginning.includes(0)) return ANY
  // The last character can be cut only in a longer file
  const isInUtf8 = bytesRead < LOOKED_AT ? isUtf8(beginning) : startsInUtf8(beginning)
  return isInUtf8 ? `${type}; charset=utf-8` : type
}

/** Whether these bytes are UTF-8, possibly with a part of a character at the end. */
export function startsInUtf8(bytes: Uint8Array): boolean {
  return [0, 1, 2, 3].some((cut) => isUtf8(bytes.subarray(0, Math.max(0, bytes.length - cut))))
}

/** Whether nearly all files with that name are text. */
function isNameOfText(name: string): boolean {
  const small = name.toLowerCase()
  return NAMES.has(small) || PATTERNS.some((pattern) => pattern.test(small))
}
