import type { FastifyReply, FastifyRequest } from 'fastify'
import { formatChecksums } from '../../core/checksums/list.js'
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
import { endConditional, etagOf } from '../../server/answers/conditional.js'

export interface DigestViewsParts {
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

const TYPES = { sha256: 'text/plain; charset=utf-8', meta4: 'application/metalink4+xml' }

/** Answers with the checksums and metalinks of files. */
export class DigestViews {
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
    const { digests, options } = this.parts
    const { path, fingerprint } = file
    const sha256 = await digests.obtain(file, requester)
    const name = path.at(-1) ?? ''
    const title = { name, path, files: 1, size: fingerprint.size }
    if (sendReady(request, reply, { title, options })) return reply
    const body =
      view === 'sha256'
        ? formatChecksums([{ path: name, digest: sha256 }])
        : await this.#metalinkOf({ file, sha256, requester }, request)
    const etag = etagOf(body)
    reply.headers({ ETag: etag, 'Cache-Control': 'no-cache' })
    if (endConditional(request, reply, { etag, lastModified: null })) return reply
    const headers = { 'Content-Type': TYPES[view], 'Content-Length': String(body.length) }
    return reply.headers(headers).send(body)
  }

  /** Reading the file for its digest has also put the torrent's pieces into the cache. */
  async #metalinkOf(
    { file, sha256, requester }: ReadFile,
    { raw }: FastifyRequest,
  ): Promise<Uint8Array> {
    const { options, files } = this.parts
    const { path, fingerprint } = file
    const { size } = fingerprint
    const base = publicAddress(raw, options)
    // Below its own prefix the service answers itself, so clients would get no file
    const mirrors = path[1] === options.serviceName ? [] : [base, ...options.webSeeds]
    const said = { path, size, sha256, mirrors }
    // An empty file has no torrent
    if (size === 0) return encode({ ...said, pieces: null, torrent: null })
    const checked = await files.obtain(file, 'v1', requester)
    const pieces = renderPieces(checked.torrent.info)
    const isTaken = await isTorrentNameTaken(path, options.mirror)
    const address = torrentAddress(base, { components: path, version: 'v1', isTaken })
    return encode({ ...said, pieces, torrent: address })
  }
}

/** A file with its digest, and who asked for it. */
interface ReadFile {
  readonly file: ScannedFile
  readonly sha256: Uint8Array
  readonly requester: Requester
}

function encode(metalink: MetalinkFile): Uint8Array {
  return Buffer.from(renderMetalink(metalink))
}
