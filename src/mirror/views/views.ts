import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import type { MetainfoVersion } from '../../metainfo/metainfo.js'
import { MirrorView } from '../tree/mirror.js'
import { IsDirectory, Refusal } from '../../server/answers/refusal.js'
import { askedVersion } from '../torrents/asked-version.js'
import type { CurrentTorrent } from '../torrents/on-demand.js'
import type { TorrentSender } from '../torrents/send.js'
import type { ViewName } from '../requests/asked-view.js'
import type { Requester, Requesters } from '../requests/requester.js'
import { DigestViews, type DigestViewsParts } from './digest-views.js'
import type { DirectoryTorrents } from './directory-torrents.js'
import { pageLinks, wantsPage } from '../requests/page-wish.js'
import { renderSiteHeader } from '../requests/site-header.js'
import type { Html } from '../../text/html.js'
import { formOf, magnetPage } from './forms.js'
import { isTorrentNameTaken } from './place.js'

export interface ViewsParts extends DigestViewsParts {
  readonly directories: DirectoryTorrents
  readonly sender: TorrentSender
  readonly requesters: Requesters
}

/** A view of the file or directory at a path of the mirror. */
export interface WantedView {
  readonly view: ViewName
  readonly components: readonly string[]
}

/** Answers with the views of the mirror's files and directories. */
export class Views {
  readonly #digestViews: DigestViews

  constructor(private readonly parts: ViewsParts) {
    this.#digestViews = new DigestViews(parts)
  }

  /**
   * Sends a view.
   * @throws Refusal; BtkitError if the files cannot be read
   */
  async send(
    request: FastifyRequest,
    reply: FastifyReply,
    { view, components }: WantedView,
  ): Promise<FastifyReply> {
    const { requesters, options } = this.parts
    const requester = requesters.of(request, reply)
    const file = components.length === 0 ? null : await this.#fileUnlessDirectory(components)
    if (view === 'sha256' || view === 'meta4') {
      if (file) return this.#digestViews.send(request, reply, { view, file, requester })
      throw new Refusal('incompatible', `a directory has no .${view}; ask for those of its files`)
    }
    const version = askedVersion(request.raw.url ?? '')
    const checked = await this.#torrentOf({ components, file, version }, requester)
    // Only a magnet link contains the torrent's URL
    const isTaken = view === 'magnet' && (await isTorrentNameTaken(components, options.mirror))
    const place = { components, version, isTaken }
    const isPage = view === 'magnet' && wantsPage(request.raw)
    const form = isPage ? magnetPage(place, this.#header(request)) : formOf(view, place)
    return this.parts.sender.send(request, reply, { checked, form })
  }

  #header({ raw }: FastifyRequest): Html {
    return renderSiteHeader(this.parts.options, pageLinks(raw.url ?? '').root, null)
  }

  #torrentOf({ components, file, version }: Wanted, requester: Requester): Promise<CurrentTorrent> {
    const { files, directories } = this.parts
    if (file === null) return directories.obtain(components, version, requester)
    return files.obtain(file, version, requester)
  }

  /**
   * The file that a path leads to; null for a directory. A missing name must not be treated as a
   * pattern.
   * @throws Refusal if it leads to nothing
   */
  async #fileUnlessDirectory(components: readonly string[]): Promise<ScannedFile | null> {
    try {
      return await new MirrorView(this.parts.options.mirror).file(components)
    } catch (error) {
      if (error instanceof IsDirectory) return null
      throw error
    }
  }
}

/** The subject of a torrent: a directory if `file` is null. */
interface Wanted {
  readonly components: readonly string[]
  readonly file: ScannedFile | null
  readonly version: MetainfoVersion
}
