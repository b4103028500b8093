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

/** A torrent, or a magnet link whose torrent must be fetched from peers. */
export type Source =
  | { readonly metainfo: Metainfo; readonly magnet: null }
  | { readonly metainfo: null; readonly magnet: MagnetLink }

/** How to read the source. */
export interface SourceContext {
  readonly options: DownloadOptions
  /** Whether a client that is already running does the work; it may know more peers. */
  readonly isNamed: boolean
  readonly io: Io
}

/**
 * Reads the torrent named on the command line by a file, a URL or a magnet link.
 * @throws BtkitError `usage` for other URLs and links that name no torrent, `client` for a link
 * without any source to ask, and the errors of fetchTorrent and readTorrentInput
 */
export async function readSource(source: string, context: SourceContext): Promise<Source> {
  if (looksLikeMagnet(source)) return readMagnet(parseMagnet(source), context)
  return { metainfo: await readTorrent(source, context), magnet: null }
}

function readTorrent(source: string, { options, io }: SourceContext): Promise<Metainfo> {
  const { maxTorrentSize } = options
  if (/^https?:\/\//i.test(source)) return fetchTorrent(source, maxTorrentSize, io.signal)
  if (!looksLikeUrl(source)) return readTorrentInput(source, maxTorrentSize, io)
  throw new BtkitError('usage', `${source}: not supported; use an http, https or magnet URL`)
}

async function readMagnet(magnet: MagnetLink, context: SourceContext): Promise<Source> {
  const { options, isNamed, io } = context
  if (magnet.selectsFiles)
    reportWarning('magnet link: so= is ignored; all files are downloaded', io)
  if (magnet.namesPeers) reportWarning('magnet link: the peers in x.pe= are ignored', io)
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
  const what = 'has no tracker (tr=) and no torrent URL (xs=)'
  const how = 'name a running client with --client, which may find peers'
  return new BtkitError('client', `magnet link: ${what}; ${how}`)
}
