import {
  download,
  magnetPatience,
  type DownloadProgress,
  type DownloadSource,
} from '../../../core/download/download.js'
import { fetchExactSource, fetchTorrent } from '../../../core/download/fetch.js'
import { clientInfoHash } from '../../../core/publish/client.js'
import { BtkitError, usageError } from '../../../base/errors.js'
import { contentSize, type Metainfo } from '../../../metainfo/metainfo.js'
import { count, formatBytes } from '../../../base/text/quantity.js'
import type { Io } from '../../io.js'
import { Report } from '../../output/report.js'
import { torrentValue } from '../../output/torrent-json.js'
import { withDownloader } from './client.js'
import { placeOf, type DownloadRun } from './options.js'
import { type MagnetLink, looksLikeMagnet, parseMagnet } from '../../../metainfo/magnet.js'
import { displayPauses, openDisplay, type DisplayOptions } from '../../output/torrent-display.js'
import { looksLikeUrl } from '../../../metainfo/trackers.js'
import { readTorrentInput } from '../../open/torrent-input.js'

/**
 * Downloads the missing content of a torrent, checks it, and seeds it if requested. Returns when
 * all is done.
 * @throws BtkitError as download does, and the errors of withDownloader
 */
export async function runDownload(run: DownloadRun): Promise<void> {
  const { source: torrent, isTable, options, hashContext, out, io } = run
  const source = await readSource(run)
  const wait = count(magnetPatience.ms / 1000, 'second')
  await download({
    ...options,
    source,
    place: placeOf(options, io),
    hashContext,
    withClient: (act) => withDownloader(source, run, act),
    onNote: (note, detail) => {
      const words = {
        searching: 'looking for peers that have the torrent of the magnet link',
        unanswered: `${detail}; btkit waits ${wait}`,
        created: `created the directory ${detail}`,
        kept: 'downloaded data is kept; run the same command again to continue',
      }
      out.note(words[note])
    },
    openProgress: (metainfo, client) =>
      openDownloadProgress(metainfo, torrent, client, { ...options, isTable }, io),
    onWhole: (metainfo, path, isRead) => {
      const size = contentSize(metainfo)
      const hashes = { infoHash: clientInfoHash(metainfo), infoHashV2: metainfo.infoHashV2 }
      const what = isRead ? 'whole' : 'the right size, not read (--no-check-hashes)'
      out.line(
        torrentValue(torrent, hashes, { path, size, whole: isRead ? true : null }),
        `${path}: ${what}, ${formatBytes(size)}`,
      )
    },
  })
}

/**
 * Shows a bar on a terminal, or a table with `isTable`. Without a terminal it prints a line at
 * intervals, and when the state changes. A stalled download is reported, too. `source` is the torrent as it
 * was named, and `client` the client's label.
 */
export async function openDownloadProgress(
  metainfo: Metainfo,
  source: string,
  client: string,
  { isTable, ...options }: DisplayOptions & { readonly isTable: boolean },
  io: Io,
): Promise<DownloadProgress> {
  const display = openDisplay(options, io, displayPauses.download)
  const { note, isJson } = display.report
  const { progress } = new Report(options, io)
  let bar = isTable || isJson ? null : await progress(contentSize(metainfo))
  // Bytes that were there at the start
  let first: number | null = null
  let shownAt = -Infinity
  let shown = ''
  const endBar = () => {
    bar?.stop()
    bar = null
  }
  return {
    look: (torrent, stall) => {
      first ??= torrent.bytesDone
      if (stall?.isToTell) {
        bar?.pause()
        note(stall.note)
      }
      if (bar) {
        const { bytesDone, size, name } = torrent
        const trouble = stall && stall.reason
        const bytesRead = Math.max(0, bytesDone - first)
        bar.update({ bytesDone, bytesRead, size, currentPath: name, trouble })
        return
      }
      if (torrent.state === shown && io.monotonic() - shownAt < display.interval) return
      shown = torrent.state
      shownAt = io.monotonic()
      display.show([{ client, torrent: source, ...torrent }])
    },
    endBar,
    clear: () => {
      endBar()
      display.clear()
    },
  }
}

/**
 * Reads the torrent named on the command line by a file, a URL or a magnet link.
 * @throws BtkitError `usage` for other URLs and links that name no torrent, `client` for a link
 * without any source to ask, and the errors of fetchTorrent and readTorrentInput
 */
async function readSource(run: DownloadRun): Promise<DownloadSource> {
  if (looksLikeMagnet(run.source)) return readMagnet(parseMagnet(run.source), run)
  return { metainfo: await readTorrent(run), magnet: null }
}

function readTorrent({ source, io }: DownloadRun): Promise<Metainfo> {
  if (/^https?:\/\//i.test(source)) return fetchTorrent(source, io.signal)
  if (!looksLikeUrl(source)) return readTorrentInput(source, io)
  throw usageError(`${source}: not supported; use an http, https or magnet URL`)
}

async function readMagnet(
  magnet: MagnetLink,
  { source, isNamed, out, io }: DownloadRun,
): Promise<DownloadSource> {
  if (magnet.selectsFiles) out.alert('magnet link: so= is ignored; all files are downloaded')
  const { metainfo, failures } = await fetchExactSource(magnet, io.signal)
  if (magnet.namesPeers && !metainfo) out.alert('magnet link: the peers in x.pe= are ignored')
  const [last] = failures.slice(-1)
  const isEnd = !metainfo && !isNamed && magnet.trackers.length === 0
  for (const failure of isEnd ? failures.slice(0, -1) : failures) out.alert(failure.message)
  if (metainfo) return { metainfo, magnet: null }
  if (isEnd) throw last ?? nobodyToAsk(source)
  return { metainfo: null, magnet }
}

function nobodyToAsk(link: string): BtkitError {
  const isCut = !link.includes('&')
  const cut = "ends before its first &; if a shell cut it, type it in quotes: 'magnet:?xt=…&tr=…'"
  const what = 'no tracker (tr=) and no torrent URL (xs=), and btkit does not look in the DHT'
  const how = 'open the link in your client, or name a running client with --client'
  return new BtkitError(
    'client',
    `magnet link: ${isCut ? `${cut}; it has` : 'has'} ${what}; ${how}`,
  )
}
