import { lookup } from 'node:dns/promises'
import { dirname } from 'node:path'
import { isLoopback } from '../../../tracker/admin/access/listen-place.js'
import { callWithin } from '../../../base/bounded-call.js'
import type { HashContext } from '../../../core/digests/hash-content.js'
import {
  beginDownload,
  seedUntil,
  stallNote,
  stallReason,
  whenWhole,
  type Stall,
} from '../../../core/download/download.js'
import { metadataFromPeers, fetchExactSource, fetchTorrent } from '../../../core/download/fetch.js'
import {
  checkContent,
  chooseTarget,
  lookForContent,
  makeRoom,
  noteBegun,
  noteWhole,
  type DownloadTarget,
  type FoundContent,
} from '../../../core/download/target.js'
import { clientInfoHash, type ClientTorrent } from '../../../core/publish/client.js'
import { dataProblem } from '../../../core/publish/local-data.js'
import { waitingFor } from '../../../core/publish/wait-for.js'
import { BtkitError, usageError } from '../../../base/errors.js'
import { statIfThere } from '../../../disk/look/stat-files.js'
import { contentSize, type Metainfo } from '../../../metainfo/metainfo.js'
import { count, formatBytes } from '../../../base/text/quantity.js'
import type { Io } from '../../io.js'
import { bareHost } from '../../open/server.js'
import { openReport, type Report } from '../../output/report.js'
import { torrentValue } from '../../output/torrent-json.js'
import { withDownloader, type Downloader } from './client.js'
import { placeOf, type DownloadOptions } from './options.js'
import { type MagnetLink, looksLikeMagnet, parseMagnet } from '../../../metainfo/magnet.js'
import { openDisplay, type DisplayOptions } from '../../output/torrent-display.js'
import { announceUrls, looksLikeUrl } from '../../../metainfo/trackers.js'
import type { InfoHash } from '../../../metainfo/values.js'
import { readTorrentInput } from '../../open/torrent-input.js'

/** One run of the command. */
interface DownloadRun {
  readonly source: string
  /** Whether a client that is already running does the work; it may know more peers. */
  readonly isNamed: boolean
  /** Whether a terminal shows a table instead of a bar. */
  readonly isTable: boolean
  readonly options: DownloadOptions
  readonly hashContext: HashContext
  readonly out: Report
  readonly io: Io
}

/** A torrent, with its content found on disk. */
interface Job {
  readonly metainfo: Metainfo
  readonly target: DownloadTarget
  readonly found: FoundContent
}

/**
 * Downloads the missing content of a torrent, checks it, and seeds it if requested. Returns when
 * all is done.
 * @throws BtkitError `interrupted` before the content is complete, `changed` if the client reports
 * wrong content as complete, and the errors of withDownloader
 */
export async function runDownload(run: DownloadRun): Promise<void> {
  const { metainfo, magnet } = await readSource(run)
  if (magnet) {
    await withDownloader(
      {
        ...run,
        asksMetadata: true,
        opensHybrids: false,
        takesWebSeeds: false,
        isLocal: await areLocal(magnet.trackers, run),
      },
      async (downloader) => {
        const job = await look(await torrentFromPeers(magnet, downloader, run), run)
        await complete(job, run, (act) => act(downloader))
      },
    )
  } else {
    const opensHybrids = metainfo.version === 'hybrid'
    const takesWebSeeds = (metainfo.webSeeds ?? []).length > 0
    const isLocal = await areLocal(announceUrls(metainfo), run)
    const setup = { ...run, asksMetadata: false, opensHybrids, takesWebSeeds, isLocal }
    await complete(await look(metainfo, run), run, (act) => withDownloader(setup, act))
  }
}

/** Milliseconds to look up trackers, before one counts as on another machine. */
const LOOKUP_MS = 2000

/**
 * Whether trackers are all on this machine, as when somebody tries them. Names are looked up, because
 * Debian gives a machine's own name the address 127.0.1.1. For a running client it does not matter.
 */
async function areLocal(
  trackers: readonly string[],
  { isNamed, io: { signal } }: DownloadRun,
): Promise<boolean> {
  if (isNamed || trackers.length === 0) return false
  const areAll = async () => {
    for (const tracker of trackers) {
      const addresses = await lookup(bareHost(new URL(tracker).hostname), { all: true })
      if (!addresses.every(({ address }) => isLoopback(address))) return false
    }
    return true
  }
  return callWithin({ timeoutMs: LOOKUP_MS, signal }, areAll).catch(() => false)
}

/** Downloads what is missing. Starts a client only if one is needed. */
async function complete(
  job: Job,
  run: DownloadRun,
  withClient: (act: (downloader: Downloader) => Promise<void>) => Promise<void>,
): Promise<void> {
  if (job.found.isWhole && !wantsSeeding(run.options)) tellWhole(job, run)
  else await withClient((downloader) => transfer(job, downloader, run))
}

function wantsSeeding({ seed, seedRatio, seedTime }: DownloadOptions): boolean {
  return seed === true || seedRatio !== undefined || (seedTime ?? 0) > 0
}

async function look(metainfo: Metainfo, { options, hashContext, io }: DownloadRun): Promise<Job> {
  const { checkHashes, force = false } = options
  const target = chooseTarget(metainfo, placeOf(options, io))
  const how = { checkHashes, force }
  return { metainfo, target, found: await lookForContent(target, how, hashContext) }
}

async function transfer(job: Job, downloader: Downloader, run: DownloadRun): Promise<void> {
  const { metainfo, target, found } = job
  const { client, advice, io } = downloader
  const infoHash = clientInfoHash(metainfo)
  const directory = downloader.directoryOf(target, metainfo, found.isWhole)
  const beforeStart = () => {
    if (found.isWhole) return
    const parent = dirname(target.path)
    const isMissing = statIfThere(parent) === null
    makeRoom(target)
    if (isMissing) run.out.note(`created the directory ${parent}`)
    noteBegun(target)
  }
  const { fileTimes, isWhole } = found
  const waiting = waitingFor(0, io)
  const torrent = { metainfo, directory, fileTimes, downloads: !isWhole }
  await beginDownload(client, torrent, { ...waiting, beforeStart })
  const progress = await openDownloadProgress(
    metainfo,
    { ...run.options, isTable: run.isTable, torrent: run.source, client: client.label, advice },
    io,
  )
  try {
    const stallTimeoutMs = run.options.stallTimeout ?? null
    const watch = { waiting, onLook: progress.look, stallTimeoutMs, advice }
    await whenWhole(client, metainfo, watch)
    progress.endBar()
    await finish(job, run)
    progress.clear()
    tellWhole(job, run)
    await seed(infoHash, downloader, run, progress)
  } catch (error) {
    progress.clear()
    const isStall = error instanceof BtkitError && error.code === 'stalled'
    if (run.io.signal.aborted || isStall)
      run.out.note('downloaded data is kept; run the same command again to continue')
    throw error
  } finally {
    progress.clear()
    await downloader.release(infoHash)
  }
}

/** Checks the content itself and does not rely on the client. */
async function finish({ target, found }: Job, { hashContext }: DownloadRun): Promise<void> {
  if (found.isWhole) return
  const report = await checkContent(target, hashContext)
  const problem = dataProblem({ torrent: target.path, metainfo: target.metainfo }, report)
  if (problem) throw problem
  noteWhole(target)
}

/** Reports that the content is complete. If nothing was read, only its size was checked. */
function tellWhole({ metainfo, target, found }: Job, { source, out }: DownloadRun): void {
  const { path } = target
  const size = contentSize(metainfo)
  const hashes = { infoHash: clientInfoHash(metainfo), infoHashV2: metainfo.infoHashV2 }
  const whole = found.isChecked ? true : null
  const what = found.isChecked ? 'whole' : 'the right size, not read (--no-check-hashes)'
  out.line(
    torrentValue(source, hashes, { path, size, whole }),
    `${path}: ${what}, ${formatBytes(size)}`,
  )
}

/** Seeds as long as requested. An interruption ends it normally. */
async function seed(
  infoHash: InfoHash,
  { client, io: clientIo }: Downloader,
  run: DownloadRun,
  progress: DownloadProgress,
): Promise<void> {
  const { options, io } = run
  if (!wantsSeeding(options)) return
  const { seedRatio: ratio = null, seedTime: timeMs = null } = options
  const watch = { waiting: waitingFor(0, clientIo), onLook: progress.look }
  try {
    await seedUntil(client, infoHash, { ...watch, ratio, timeMs })
  } catch (error) {
    if (!io.signal.aborted) throw error
  }
}

/**
 * Fetches the torrent of a magnet link from peers that a client finds.
 * @throws BtkitError the errors of metadataFromPeers and makeScratchDirectory
 */
async function torrentFromPeers(
  magnet: MagnetLink,
  { client, advice, io, makeScratch, release }: Downloader,
  { options: { metadataTimeout, maxTorrentSize }, out }: DownloadRun,
): Promise<Metainfo> {
  out.note('looking for peers that have the torrent of the magnet link')
  const scratch = makeScratch()
  const waiting = waitingFor(metadataTimeout, io)
  try {
    const onStall = (note: string) => {
      const limit = `btkit waits ${count(metadataTimeout / 1000, 'second')} (--metadata-timeout)`
      out.note(`${note}; ${limit}`)
    }
    const maxSize = maxTorrentSize
    const request = { ...scratch, maxSize, waiting, onStall, advice, release }
    return await metadataFromPeers(client, magnet, request)
  } finally {
    scratch.remove()
  }
}

/** Shows the progress of a download. */
interface DownloadProgress {
  /** Shows the torrent's current state. */
  readonly look: (torrent: ClientTorrent, stall: Stall | null) => void
  /** Removes the bar when the download ends. */
  readonly endBar: () => void
  /** Removes everything that is shown only temporarily. */
  readonly clear: () => void
}

interface ProgressOptions extends DisplayOptions {
  readonly isTable: boolean
  /** The torrent as it was named. */
  readonly torrent: string
  /** The client's label. */
  readonly client: string
  /** Advice for the case that no peer is connected. */
  readonly advice: string | null
}

/** Milliseconds between two lines, if there is no terminal. */
const PAUSE = 30_000

/**
 * Shows a bar on a terminal, or a table with `isTable`. Without a terminal it prints a line at
 * intervals, and when the state changes. A stalled download is reported, too.
 */
export async function openDownloadProgress(
  metainfo: Metainfo,
  { isTable, torrent: source, client, advice, ...options }: ProgressOptions,
  io: Io,
): Promise<DownloadProgress> {
  const display = openDisplay(options, io, PAUSE)
  const { note, isJson } = display.report
  const { progress } = openReport(options, io)
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
        note(stallNote(torrent, metainfo, stall.forMs, advice))
      }
      if (bar) {
        const { bytesDone, size, name } = torrent
        const trouble = stall && stallReason(torrent, metainfo)
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

/** A torrent, or a magnet link whose torrent must be fetched from peers. */
type Source =
  | { readonly metainfo: Metainfo; readonly magnet: null }
  | { readonly metainfo: null; readonly magnet: MagnetLink }

/**
 * Reads the torrent named on the command line by a file, a URL or a magnet link.
 * @throws BtkitError `usage` for other URLs and links that name no torrent, `client` for a link
 * without any source to ask, and the errors of fetchTorrent and readTorrentInput
 */
async function readSource(run: DownloadRun): Promise<Source> {
  if (looksLikeMagnet(run.source)) return readMagnet(parseMagnet(run.source), run)
  return { metainfo: await readTorrent(run), magnet: null }
}

function readTorrent({ source, options, io }: DownloadRun): Promise<Metainfo> {
  const { maxTorrentSize } = options
  if (/^https?:\/\//i.test(source)) return fetchTorrent(source, maxTorrentSize, io.signal)
  if (!looksLikeUrl(source)) return readTorrentInput(source, maxTorrentSize, io)
  throw usageError(`${source}: not supported; use an http, https or magnet URL`)
}

async function readMagnet(
  magnet: MagnetLink,
  { source, options, isNamed, out, io }: DownloadRun,
): Promise<Source> {
  if (magnet.selectsFiles) out.alert('magnet link: so= is ignored; all files are downloaded')
  const { maxTorrentSize } = options
  const { metainfo, failures } = await fetchExactSource(magnet, maxTorrentSize, io.signal)
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
