import { constants } from 'node:fs'
import { encodeName } from '../../base/percent.js'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { CHECKSUM_NAMES, CHECKSUMS, formatChecksums } from '../../core/checksums/list.js'
import type { ScannedFile } from '../../disk/file-lists/scanned-file.js'
import { isOfKind } from '../../disk/look/stat-files.js'
import { readBencode } from '../../metainfo/bencode/read.js'
import { isByteString } from '../../metainfo/bencode/value.js'
import { directoryAddress, fileAddress } from '../../metainfo/trackers.js'
import type { ServiceOptions } from '../options.js'
import { readyAnswer } from '../pages/progress-page.js'
import {
  type AskedQuery,
  chosenNames,
  pageLinks,
  publicAddress,
  readQuery,
  type ViewName,
} from '../tree/address.js'
import { wantsPage } from '../../server/headers/accept.js'
import { Requester, type Requesters } from '../../server/admission/requester.js'
import { torrentPage } from '../pages/site-header.js'
import { readStated } from '../torrents/stated-checksums.js'
import type { FileSwarms } from '../torrents/file-swarms.js'
import { directorySource } from '../torrents/directory-source.js'
import type { TorrentSender } from './response.js'
import type { Torrents } from '../torrents/torrents.js'
import type { Look } from '../tree/below-root.js'
import { fileOf, MirrorView, requireUtf8, SERVICE_NAME } from '../tree/mirror.js'
import type { FileDigests } from '../torrents/file-digests.js'
import { filePage, type PagedFile, type StatedList } from '../pages/file-page.js'
import type { FileTorrents, LookedUpFile } from '../torrents/file-torrents.js'
import { formOf, magnetPage, torrentAddress } from './forms.js'
import { isTorrentNameTaken } from '../tree/taken-views.js'
import { sendAnswer, textAnswer } from '../../server/headers/answer.js'
import { Refusal } from '../../server/headers/refusal.js'
import { xml, Xml } from '../../base/text/xml.js'
import { SHA1 } from '../../metainfo/sizes.js'

/** A view of the file or directory at a path of the mirror. */
export interface WantedView {
  readonly view: ViewName
  readonly components: readonly string[]
  /** The look at it, or the refusal that says it is not there; null if nobody looked yet. */
  readonly look: Look | Refusal | null
  readonly query: AskedQuery
}

/** The sources of the views. */
export interface ViewSources {
  readonly options: ServiceOptions
  readonly files: FileTorrents
  readonly torrents: Torrents
  readonly digests: FileDigests
  readonly sender: TorrentSender
  readonly swarms: FileSwarms
  readonly requesters: Requesters
}

const TYPES = { sha256: 'text/plain; charset=utf-8', meta4: 'application/metalink4+xml' }

/** Answers with the views of the mirror's files and directories. */
export class Views {
  constructor(readonly mirror: ViewSources) {}

  /**
   * Sends a view.
   * @throws Refusal; BtkitError if the files cannot be read
   */
  async send(
    request: FastifyRequest,
    reply: FastifyReply,
    { view, components, look, query }: WantedView,
  ): Promise<FastifyReply> {
    const { requesters, files, torrents, sender, options } = this.mirror
    const requester = new Requester(reply, requesters)
    const file = await this.#fileOf(components, look)
    if (view !== 'sha256') requireUtf8(components)
    if (view === 'sha256' || view === 'meta4') {
      if (file) return this.#sendDigest(view, request, reply, requester, file)
      throw new Refusal('incompatible', `a directory has no .${view}; ask for those of its files`)
    }
    const { version } = query
    const chosen = file ? null : chosenNames(query)
    const checked = file
      ? await files.obtain(file, version, requester)
      : await torrents.obtain(directorySource(components, chosen, version, options), requester)
    // Only a magnet link contains the torrent's URL
    const isTaken = view === 'magnet' && (await isTorrentNameTaken(components, options.mirror))
    const place = { components, version, isTaken, chosen }
    if (view !== 'magnet' || !wantsPage(request.raw))
      return sender.send(request, reply, checked, formOf(view, place))
    // The page of a file is about its torrent of version 1
    const paged = file && version === 'v1' ? await this.#paged(request, file) : null
    const { root } = pageLinks(request.raw.url ?? '')
    const composed = magnetPage(place, { components, root, file: paged }, options)
    return sender.send(request, reply, checked, composed, false)
  }

  /**
   * The file that a view is of; null for a directory. A missing name must not be treated as a
   * pattern.
   * @throws Refusal if it leads to nothing
   */
  async #fileOf(
    components: readonly string[],
    seen: WantedView['look'],
  ): Promise<LookedUpFile | null> {
    if (components.length === 0) return null
    if (seen instanceof Refusal) throw seen
    const look = seen ?? (await new MirrorView(this.mirror.options.mirror).look(components))
    return isOfKind(look, constants.S_IFDIR) ? null : { ...fileOf(components, look), look }
  }

  /**
   * Sends the page of a file, with its magnet link if the torrent is known. None is made for it,
   * and the file is only read if the address asks for its checksum.
   */
  async sendPage(
    request: FastifyRequest,
    reply: FastifyReply,
    file: ScannedFile,
  ): Promise<FastifyReply> {
    const { requesters, files, sender, options } = this.mirror
    const { path: components } = file
    if (readQuery(request.raw.url ?? '').view === 'sha256') {
      const ready = (await this.#obtainDigest(request, new Requester(reply, requesters), file))
        .ready
      if (ready) return sendAnswer(reply, ready)
    }
    const paged = await this.#paged(request, file)
    const { root } = pageLinks(request.raw.url ?? '')
    const page = { components, root, file: paged }
    if (paged.infoHash !== null && wantsPage(request.raw)) {
      const isTaken = await isTorrentNameTaken(components, options.mirror)
      const place = { components, version: 'v1', isTaken, chosen: null } as const
      const checked = await files.obtain(file, 'v1', new Requester(reply, requesters))
      return sender.send(request, reply, checked, magnetPage(place, page, options), false)
    }
    return sendAnswer(reply, filePage({ ...page, made: null }, options))
  }

  async #paged(request: FastifyRequest, file: ScannedFile): Promise<PagedFile> {
    const { options, digests, swarms } = this.mirror
    const { path: components, fingerprint } = file
    const { size } = fingerprint
    const modified = Number(fingerprint.mtimeNs / 1_000_000n)
    const sha256 = digests.known(file)
    const swarm = swarms.largest(components, { size, modified })
    const infoHash = swarms.infoHashOf(components, { size, modified })
    const { root } = pageLinks(request.raw.url ?? '')
    return {
      components,
      size,
      modified,
      sha256,
      stated: options.files ? await statedOf(file, root, this.mirror) : [],
      infoHash,
      isSeeded: infoHash !== null && options.seed !== null,
      counts: swarm?.counts ?? null,
      month: (swarm && options.ownTracker?.monthOf(swarm.infoHash)) ?? null,
      swarmPage: swarm && torrentPage(options, swarm.infoHash, root),
      base: options.files ? publicAddress(request.raw, options) : null,
    }
  }

  /** Sends a checksum or metalink, which is made from the digest of the whole file. */
  async #sendDigest(
    view: 'sha256' | 'meta4',
    request: FastifyRequest,
    reply: FastifyReply,
    requester: Requester,
    file: ScannedFile,
  ): Promise<FastifyReply> {
    const { sha256, ready } = await this.#obtainDigest(request, requester, file)
    if (ready) return sendAnswer(reply, ready)
    const name = file.path.at(-1) ?? ''
    const body =
      view === 'sha256'
        ? formatChecksums([{ path: name, digest: sha256 }])
        : await this.#metalinkOf(sha256, request, requester, file)
    return sendAnswer(reply, textAnswer(TYPES[view], body))
  }

  /** Obtains the checksum of a file, and the page of one that waited for it; null for others. */
  async #obtainDigest(request: FastifyRequest, requester: Requester, file: ScannedFile) {
    const { path, fingerprint } = file
    const sha256 = await this.mirror.digests.obtain(file, requester)
    const title = { name: path.at(-1) ?? '', path, files: 1, size: fingerprint.size }
    return { sha256, ready: readyAnswer(request.raw, title, this.mirror.options) }
  }

  /**
   * Writes the metalink of a file (RFC 5854): where to download it, and how to verify it. Reading
   * the file for its digest has also put the torrent's pieces into the cache.
   */
  async #metalinkOf(
    sha256: Uint8Array,
    request: FastifyRequest,
    requester: Requester,
    file: ScannedFile,
  ): Promise<string> {
    const { options, sender } = this.mirror
    const { path, fingerprint } = file
    const { size } = fingerprint
    const base = publicAddress(request.raw, options)
    // Below its own prefix the service answers itself, so clients would get no file
    const mirrors = path[1] === SERVICE_NAME ? [] : [base, ...options.webSeeds]
    const urls = mirrors.map((mirror, i) => {
      return xml`
    <url priority="${i + 1}">${fileAddress(mirror, path)}</url>`
    })
    // An empty file has no torrent
    const checked = size === 0 ? null : await this.mirror.files.obtain(file, 'v1', requester)
    const isTaken = checked !== null && (await isTorrentNameTaken(path, options.mirror))
    const torrent = torrentAddress(base, {
      components: path,
      version: 'v1',
      isTaken,
      chosen: null,
    })
    const isOffered = checked !== null && !sender.isBanned(checked)
    const metaUrl = isOffered
      ? xml`
    <metaurl mediatype="torrent">${torrent}</metaurl>`
      : null
    const pieces = checked && renderPieces(checked.torrent.info)
    const document = xml`<?xml version="1.0" encoding="UTF-8"?>
<metalink xmlns="urn:ietf:params:xml:ns:metalink">
  <file name="${path.at(-1) ?? ''}">
    <size>${size}</size>
    <hash type="sha-256">${Buffer.from(sha256).toString('hex')}</hash>${pieces}${metaUrl}${urls}
  </file>
</metalink>
`
    return document.text
  }
}

/** Most pieces whose digests a metalink contains; at 1 MiB each, those of 64 GiB. */
const MOST_PIECES = 2 ** 16

/** The digests of the pieces in a torrent's `info`; null if there are too many. */
function renderPieces(info: Uint8Array): Xml | null {
  const { value } = readBencode(info, { maxSize: info.length, maxDepth: 4 })
  if (!(value instanceof Map)) return null
  const [pieces, pieceLength] = [value.get('pieces'), value.get('piece length')]
  if (
    !isByteString(pieces) ||
    typeof pieceLength !== 'number' ||
    pieces.length > MOST_PIECES * SHA1
  )
    return null
  const hex = Buffer.from(pieces).toString('hex')
  const lines = [`\n    <pieces length="${pieceLength}" type="sha-1">`]
  for (let at = 0; at < hex.length; at += 2 * SHA1) {
    lines.push(`\n      <hash>${hex.slice(at, at + 2 * SHA1)}</hash>`)
  }
  return new Xml(`${lines.join('')}\n    </pieces>`)
}

/**
 * The lists beside a file that name it, on a page from which `root` leads to the root; those of
 * which its checksum is known come first.
 */
async function statedOf(
  file: ScannedFile,
  root: string,
  { digests, options }: Pick<ViewSources, 'digests' | 'options'>,
): Promise<StatedList[]> {
  const directory = directoryAddress(`${root}.`, file.path.slice(0, -1))
  const lists = await readStated(file.path, CHECKSUM_NAMES, options.mirror)
  const all = lists.map(({ checksum, list, digests: stated }): StatedList => {
    const known = digests.known(file, checksum)
    const own = known && Buffer.from(known.digest).toString('hex')
    const isOwn = own === null ? null : stated.includes(own)
    return {
      list,
      address: directory + encodeName(list),
      program: checksum === 'blake2b' ? 'b2sum' : `${checksum}sum`,
      isOfAll: list === CHECKSUMS[checksum].ofAll,
      digest: (isOwn === true ? own : stated[0]) ?? '',
      isOwn,
      readAt: known?.readAt ?? null,
    }
  })
  return all.sort((a, b) => Number(a.isOwn === null) - Number(b.isOwn === null))
}
