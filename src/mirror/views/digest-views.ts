import type { FastifyReply, FastifyRequest } from 'fastify'
import { formatChecksums } from '../../core/checksums/list.js'
import { isRacy } from '../../core/digests/settled.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import type { ServiceOptions } from '../options.js'
import type { HeaderOptions } from '../requests/site-header.js'
import { sendReady } from '../progress/send-progress.js'
import { publicAddress } from '../requests/public-address.js'
import type { Requester } from '../requests/requester.js'
import type { FileDigests } from './file-digests.js'
import type { FileTorrents } from './file-torrents.js'
import { renderMetalink, renderPieces, type MetalinkFile } from './metalink.js'
import { isTorrentNameTaken, torrentAddress } from './place.js'
import { SeenSince } from './seen-since.js'
import type { ServerContext } from '../../server/context.js'
import { endConditional, etagOf } from '../../server/answers/conditional.js'

/** A short answer that is sent whole. */
interface ShortAnswer {
  readonly body: Uint8Array
  readonly type: string
  /** HTTP date. */
  readonly lastModified: string
  /** Whether no other answer can have the same date. */
  readonly isSettled: boolean
}

export interface DigestViewsParts extends Pick<ServerContext, 'now'> {
  readonly options: Pick<
    ServiceOptions,
    'mirror' | 'publicUrl' | 'prefix' | 'serviceName' | 'webSeeds'
  > &
    HeaderOptions
  readonly files: FileTorrents
  readonly digests: FileDigests
}

/** A view of a file that was just looked up, and who asked for it. */
export interface WantedDigestView {
  readonly view: 'sha256' | 'meta4'
  readonly file: ScannedFile
  readonly requester: Requester
}

/** A view made from the digest of a whole file. */
interface DigestView {
  readonly body: Uint8Array
  /** Since when it is valid, in milliseconds since 1970. */
  readonly sinceMs: number
}

const TYPES = { sha256: 'text/plain; charset=utf-8', meta4: 'application/metalink4+xml' }

/** Answers with the checksums and metalinks of files. */
export class DigestViews {
  readonly #seen = new SeenSince()

  constructor(private readonly parts: DigestViewsParts) {}

  /**
   * Sends a view.
   * @throws Refusal; BtkitError if the file cannot be read
   */
  async send(
    request: FastifyRequest,
    reply: FastifyReply,
    { view, file, requester }: WantedDigestView,
  ): Promise<FastifyReply> {
    const { digests, options, now } = this.parts
    const { path, fingerprint } = file
    const lookedAt = now()
    const sinceMs = this.#seen.of(file, lookedAt)
    const sha256 = await digests.obtain(file, requester)
    const name = path.at(-1) ?? ''
    const title = { name, path, files: 1, size: fingerprint.size }
    if (sendReady(request, reply, { title, options })) return reply
    const asked = { file, sha256, sinceMs, requester }
    const { body, sinceMs: since } =
      view === 'sha256' ? checksumOf(asked) : await this.#metalinkOf(asked, request)
    const lastModified = new Date(since).toUTCString()
    // A file that may change without a trace has no reliable date
    const isSettled = !isRacy(fingerprint, lookedAt, 'full')
    return sendShort(request, reply, { body, type: TYPES[view], lastModified, isSettled })
  }

  /** Reading the file for its digest has also put the torrent's pieces into the cache. */
  async #metalinkOf(
    { file, sha256, sinceMs, requester }: Asked,
    { raw }: FastifyRequest,
  ): Promise<DigestView> {
    const { options, files } = this.parts
    const { path, fingerprint } = file
    const { size } = fingerprint
    const base = publicAddress(raw, options)
    // Below its own prefix the service answers itself, so clients would get no file
    const mirrors = path[1] === options.serviceName ? [] : [base, ...options.webSeeds]
    const said = { path, size, sha256, mirrors }
    // An empty file has no torrent
    if (size === 0) return { body: encode({ ...said, pieces: null, torrent: null }), sinceMs }
    const checked = await files.obtain(file, 'v1', requester)
    const pieces = renderPieces(checked.torrent.info)
    const isTaken = await isTorrentNameTaken(path, options.mirror)
    const address = torrentAddress(base, { components: path, version: 'v1', isTaken })
    const body = encode({ ...said, pieces, torrent: address })
    return { body, sinceMs: Math.max(sinceMs, checked.sinceMs) }
  }
}

/** A file with its digest and the time since when that is valid, and who asked. */
interface Asked {
  readonly file: ScannedFile
  readonly sha256: Uint8Array
  readonly sinceMs: number
  readonly requester: Requester
}

function checksumOf({ file, sha256, sinceMs }: Asked): DigestView {
  return { body: formatChecksums([{ path: file.path.at(-1) ?? '', digest: sha256 }]), sinceMs }
}

function encode(metalink: MetalinkFile): Uint8Array {
  return Buffer.from(renderMetalink(metalink))
}

/** Sends a short body with an ETag made from its content, or 304 if the client has it. */
function sendShort(
  request: FastifyRequest,
  reply: FastifyReply,
  { body, type, lastModified, isSettled }: ShortAnswer,
): FastifyReply {
  const etag = etagOf(body)
  reply.headers({ ETag: etag, 'Last-Modified': lastModified, 'Cache-Control': 'no-cache' })
  const date = isSettled ? lastModified : null
  if (endConditional(request, reply, { etag, lastModified: date })) return reply
  return reply.headers({ 'Content-Type': type, 'Content-Length': String(body.length) }).send(body)
}
