import type { FastifyInstance, FastifyReply, FastifyRequest, RouteGenericInterface } from 'fastify'
import mime from 'mime'
import { isUtf8 } from 'node:buffer'
import type { FileHandle } from 'node:fs/promises'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import { JobQueue } from '../admission/job-queue.js'
import type { DirectoryPages } from '../listing/directory-pages.js'
import {
  askedView,
  asksForPage,
  namedView,
  requestPath,
  viewAddress,
  type ViewName,
} from '../requests/address.js'
import { type Mirror, MirrorView, parseMirrorPath, parseMirrorPlace } from '../tree/mirror.js'
import { type OpenFile, openInside } from '../tree/open-inside.js'
import { takenViews } from '../views/forms.js'
import type { Views, WantedView } from '../views/views.js'
import { addReadRoute, type ReadHandler } from '../../server/answers/accept.js'
import { beginRange, type ByteRange, type Ranged } from '../../server/answers/conditional.js'
import { IsDirectory, Refusal } from '../../server/answers/refusal.js'
import { clientKey } from '../../server/connections/client-address.js'
import { CountedResponse } from '../../server/connections/counted-response.js'

/** A client refuses the digest by a preference of 0 (RFC 9530, section 4). */
const DIGEST_UNWANTED = /(?:^|,)\s*sha-256\s*=\s*0\s*(?:,|$)/

/** The views that describe a file, with their media types (RFC 8288, RFC 6249). */
const DESCRIPTIONS: readonly (readonly [view: ViewName, type: string])[] = [
  ['torrent', 'application/x-bittorrent'],
  ['meta4', 'application/metalink4+xml'],
]

/** Look-ups and reads are many and short, so they only wait for each other, in turns of clients. */
const UNLIMITED = { maxWaiting: Infinity, maxPerClient: Infinity, small: 0 }

/** Matches every address without another route. In the metrics, each view has its own route. */
const ROUTE = '/*'

interface PagesAndRoutes {
  /** Null if the mirror has no pages of directories. */
  readonly directoryPages: DirectoryPages | null
  /** Receives the route of each request. */
  readonly onRoute: (request: IncomingMessage, route: string) => void
}

/**
 * Adds the mirror's files at their addresses, so that they can be web seeds. Adds the views of
 * files, except where a file has that name itself, and the pages of directories.
 */
export function addFileRoutes(
  app: FastifyInstance,
  views: Views,
  { directoryPages, onRoute }: PagesAndRoutes,
): void {
  const { options, digests } = views.mirror
  const { mirror, limits } = options
  // In one queue, requests for missing files would delay the reading of others
  const looks = new JobQueue({ ...UNLIMITED, limit: limits.maxReads })
  const reads = new JobQueue({ ...UNLIMITED, limit: limits.maxReads })
  const sendView = (request: FastifyRequest, reply: FastifyReply, wanted: WantedView) => {
    onRoute(request.raw, `${ROUTE}.${wanted.view}`)
    return views.send(request, reply, wanted)
  }
  const send: ReadHandler<RouteGenericInterface> = async (request, reply) => {
    const { url = '' } = request.raw
    const path = requestPath(url)
    const look = new MirrorView(mirror)
    const view = askedView(url)
    if (view !== null) {
      return sendView(request, reply, { view, components: parseMirrorPlace(path), look })
    }
    if (directoryPages && path.endsWith('/')) {
      onRoute(request.raw, `${ROUTE}/`)
      return directoryPages.send(request, reply, parseMirrorPlace(path))
    }
    const components = parseMirrorPath(path)
    const address = options.clientAddresses.of(request.raw)
    const short = { size: 0, client: address === null ? null : clientKey(address) }
    const found = await orAbsence(looks.run(short, () => look.file(components)))
    if (found instanceof IsDirectory) {
      if (directoryPages) return directoryPages.redirect(request, reply, components)
      throw found
    }
    const named = viewNamed(components)
    if (found instanceof Refusal && named) return sendView(request, reply, { ...named, look })
    if (found instanceof Refusal) throw found
    if (!options.files) throw new Refusal('not-found', 'files are not served here, only torrents')
    if (asksForPage(url)) {
      onRoute(request.raw, `${ROUTE}.details`)
      return views.sendPage(request, reply, found)
    }
    // An empty file has no torrent
    const links = found.fingerprint.size > 0 && {
      Link: await looks.run(short, () => linksOf(components, look)),
    }
    const { file, ranged } = await reads.run(short, () => openDownload(found, mirror))
    const digest = digests.known({ ...found, fingerprint: file.fingerprint })
    const headers = { ...ranged.headers, ...links, ...reprDigest(request.headers, digest) }
    const ownReads = {
      run: <T>(read: () => Promise<T>) => reads.run(short, read),
      isTight: () => reply.raw instanceof CountedResponse && reply.raw.isTight,
    }
    return sendDownload(request, reply, { file, ranged: { ...ranged, headers }, reads: ownReads })
  }
  addReadRoute(app, ROUTE, send)
  // `/*` does not match the prefix without a slash at its end
  if (options.prefix !== '') addReadRoute(app, '', send)
}

/** The view that a path may name. */
function viewNamed(components: readonly string[]): Omit<WantedView, 'look'> | null {
  const named = namedView(components.at(-1) ?? '')
  return named && { view: named.view, components: [...components.slice(0, -1), named.of] }
}

/** The file, or the refusal that says it does not exist. */
async function orAbsence(look: Promise<ScannedFile>): Promise<ScannedFile | Refusal> {
  try {
    return await look
  } catch (error) {
    if (error instanceof Refusal && error.code === 'not-found') return error
    throw error
  }
}

/**
 * The Link header of an existing file, which names the views that describe it. The addresses are
 * relative, so that they are right behind proxies, too.
 * @throws Refusal
 */
async function linksOf(components: readonly string[], view: MirrorView): Promise<string> {
  const views = DESCRIPTIONS.map(([each]) => each)
  const taken = await takenViews(view, components, views)
  const name = encodeURIComponent(components.at(-1) ?? '')
  const links = DESCRIPTIONS.map(([each, type]) => {
    return `<${viewAddress(name, each, taken.includes(each))}>; rel="describedby"; type="${type}"`
  })
  return links.join(', ')
}

/**
 * The header with the digest of a whole file, if it is known and not refused (RFC 9530, section 3).
 */
function reprDigest(
  { 'want-repr-digest': wanted }: IncomingHttpHeaders,
  digest: Uint8Array | null,
): Readonly<Record<string, string>> {
  if (digest === null || DIGEST_UNWANTED.test([wanted ?? []].flat().join(','))) return {}
  return { 'Repr-Digest': `sha-256=:${Buffer.from(digest).toString('base64')}:` }
}

/** An open file and the headers to send with it. */
interface Download {
  readonly file: OpenFile
  readonly ranged: Ranged
}

/**
 * Opens a file that was looked up. The caller must send it, which closes it.
 * @throws Refusal
 */
async function openDownload(found: ScannedFile, mirror: Mirror): Promise<Download> {
  const file = await openInside(found, mirror)
  const { size, mtimeNs } = file.fingerprint
  try {
    const type = await typeOfFile(found.path.at(-1) ?? '', file.handle)
    const headers = { 'Content-Type': type, 'X-Content-Type-Options': 'nosniff' }
    const etag = `"${size.toString(36)}-${mtimeNs.toString(36)}"`
    const lastModified = new Date(Number(mtimeNs / 1_000_000n)).toUTCString()
    return { file, ranged: { size, headers, validators: { etag, lastModified } } }
  } catch (error) {
    await file.handle.close()
    throw error
  }
}

/** A download, with the way its file is read. */
interface BoundedDownload extends Download {
  readonly reads: DownloadReads
}

/** Sends an open file, or the range of it that was asked for. */
async function sendDownload(
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
async function typeOfFile(name: string, handle: FileHandle): Promise<string> {
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
function startsInUtf8(bytes: Uint8Array): boolean {
  return [0, 1, 2, 3].some((cut) => isUtf8(bytes.subarray(0, Math.max(0, bytes.length - cut))))
}

/** Whether nearly all files with that name are text. */
function isNameOfText(name: string): boolean {
  const small = name.toLowerCase()
  return NAMES.has(small) || PATTERNS.some((pattern) => pattern.test(small))
}
