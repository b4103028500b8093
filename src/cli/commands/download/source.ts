import { fetchExactSource } from '../../../core/download/exact-source.js'
import { fetchTorrent } from '../../../core/download/fetch-torrent.js'
import { BtkitError } from '../../../errors.js'
import type { Metainfo } from '../../../metainfo/metainfo.js'
import { looksLikeMagnet, parseMagnet, type MagnetLink } from '../../../metainfo/parse/magnet.js'
import { looksLikeUrl } from '../../../metainfo/trackers.js'
import { readTorrentInput } from '../../arguments/torrent-input.js'
import type { Io } from '../../io.js'
import { reportWarning } from '../../output/messages.js'
import type { DownloadOptions } from './options.js'

/** What a command line names: a torrent, or a magnet link whose torrent only peers may have. */
export type Source =
  | { readonly metainfo: Metainfo; readonly magnet: null }
  | { readonly metainfo: null; readonly magnet: MagnetLink }

/** How to read it. */
export interface SourceContext {
  readonly options: DownloadOptions
  /** Whether a client that runs already is to do the work: it may know more peers. */
  readonly isNamed: boolean
  readonly io: Io
}

/**
 * The torrent that a command line names, by its file, its URL or a magnet link.
 * @throws BtkitError `usage` for other URLs and for links that name no torrent, `client` for a link
 * by which nobody can be asked, and those of fetchTorrent and readTorrentInput
 */
export async function readSource(source: string, context: SourceContext): Promise<Source> {
  if (looksLikeMagnet(source)) return readMagnet(parseMagnet(source), context)
  return { metainfo: await readTorrent(source, context), magnet: null }
}

function readTorrent(source: string, { options, io }: SourceContext): Promise<Metainfo> {
  const { maxTorrentSize } = options
  if (/^https?:\/\//i.test(source)) return fetchTorrent(source, maxTorrentSize, io.signal)
  if (!looksLikeUrl(source)) return readTorrentInput(source, maxTorrentSize, io)
  throw new BtkitError('usage', `${source}: only http, https and magnet addresses are known`)
}

async function readMagnet(magnet: MagnetLink, context: SourceContext): Promise<Source> {
  const { options, isNamed, io } = context
  if (magnet.selectsFiles)
    reportWarning('magnet link: all files are downloaded, whatever so= is', io)
  if (magnet.namesPeers) reportWarning('magnet link: the peers that x.pe= names are not asked', io)
  const limits = { maxSize: options.maxTorrentSize, signal: io.signal }
  const { metainfo, failures } = await fetchExactSource(magnet, limits)
  const [last] = failures.slice(-1)
  const isEnd = !metainfo && !isNamed && magnet.trackers.length === 0
  for (const failure of isEnd ? failures.slice(0, -1) : failures) reportWarning(failure.message, io)
  if (metainfo) return { metainfo, magnet: null }
  if (isEnd) throw last ?? nobodyToAsk()
  return { metainfo: null, magnet }
}

function nobodyToAsk(): BtkitError {
  const what = 'names no tracker and no address of its torrent (tr=, xs=)'
  const how = 'only a client that runs may know others to ask: --client'
  return new BtkitError('client', `magnet link: ${what}; ${how}`)
}
