import type { FileHandle } from 'node:fs/promises'
import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Fingerprint } from '../../files/fingerprint.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import { beginRange, type ByteRange, type Ranged } from '../../server/answers/conditional.js'
import type { Mirror } from '../tree/mirror.js'
import { type OpenFile, openInside } from '../tree/open-inside.js'
import { typeOfFile } from './content-type.js'

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
  /** Called whenever the client has accepted what was read. */
  readonly onRead: () => void
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
    this.reads.onRead()
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

/**
 * Runs tasks with a limit on how many run at a time. Waiting clients have their turns one after the
 * other, so that a client with thousands of tasks does not delay those of another one.
 */
export class ClientTurns {
  /** Waiting tasks by client; the client whose turn is next comes first. */
  readonly #waiting = new Map<string, (() => void)[]>()
  #free: number

  constructor(limit: number) {
    this.#free = limit
  }

  /** Runs a task of a client in its turn, and settles as the task does. */
  async run<T>(client: string | null, work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--
    else await this.#turnOf(client ?? '')
    try {
      return await work()
    } finally {
      this.#next()
    }
  }

  #turnOf(client: string): Promise<void> {
    const turns = this.#waiting.get(client) ?? []
    this.#waiting.set(client, turns)
    return new Promise((resolve) => turns.push(resolve))
  }

  #next(): void {
    const [first] = this.#waiting
    if (!first) {
      this.#free++
      return
    }
    const [client, turns] = first
    const turn = turns.shift()
    this.#waiting.delete(client)
    if (turns.length > 0) this.#waiting.set(client, turns)
    turn?.()
  }
}
