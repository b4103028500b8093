import { dirname } from 'node:path'
import { statIfThere } from '../../disk/look/stat-files.js'
import { DEFAULT_MAX_SIZE } from '../../metainfo/bencode/check.js'
import type { MagnetLink } from '../../metainfo/magnet.js'
import type { Metainfo } from '../../metainfo/metainfo.js'
import type { InfoHash } from '../../metainfo/values.js'
import type { HashContext } from '../digests/hash-content.js'
import { clientInfoHash, type TorrentClient } from '../publish/client.js'
import { dataProblem } from '../publish/local-data.js'
import { waitingFor, type Waiting } from '../publish/wait-for.js'
import { metadataFromPeers } from './fetch.js'
import { beginDownload, seedUntil, whenWhole, type DownloadWatch } from './follow.js'
import {
  checkContent,
  chooseTarget,
  lookForContent,
  makeRoom,
  makeScratchDirectory,
  noteBegun,
  noteWhole,
  type DownloadTarget,
  type FoundContent,
} from './target.js'

/** A torrent to download, or a magnet link whose torrent must be fetched from peers. */
export type DownloadSource =
  | { readonly metainfo: Metainfo; readonly magnet: null }
  | { readonly metainfo: null; readonly magnet: MagnetLink }

/** Milliseconds that peers may take to send the torrent of a magnet link; tests have less. */
export const magnetPatience = { ms: 300_000 }

/** A download, and what receives its notes and progress. Times are in milliseconds. */
interface DownloadRequest {
  readonly source: DownloadSource
  /** Where to, as chooseTarget takes it. */
  readonly place: { readonly saveAs: string | null; readonly saveTo: string }
  /** Whether to read existing files of the right size. */
  readonly checkHashes: boolean
  /** Whether to overwrite files that do not belong to the torrent. */
  readonly force?: boolean
  /** Whether to seed, and until when, as seedUntil takes it. */
  readonly seed?: boolean
  readonly seedRatio?: number
  readonly seedTime?: number
  readonly hashContext: HashContext
  /** Runs work with a client that can download from the source. */
  readonly withClient: (act: Act) => Promise<void>
  /**
   * Receives events beside the progress: peers are asked for a torrent, and why they send none; a
   * directory that was created; a download ends early, and its data is kept.
   */
  readonly onNote: (note: 'searching' | 'unanswered' | 'created' | 'kept', detail: string) => void
  /** Opens the progress in a client of this label. */
  readonly openProgress: (metainfo: Metainfo, client: string) => Promise<DownloadProgress>
  /** Receives the place of complete content. If that was not read, only its size was checked. */
  readonly onWhole: (metainfo: Metainfo, path: string, isRead: boolean) => void
}

type Act = (downloader: Downloader) => Promise<void>

/** A client that downloads. */
export interface Downloader {
  readonly client: TorrentClient
  /** Advice for the case that no peer is connected; null if there is none. */
  readonly advice: string | null
  /** Its signal aborts when the client exits, too. */
  readonly io: Pick<Waiting, 'monotonic' | 'signal'>
  /**
   * Returns the directory in which the client finds the content at `path` under the torrent's name.
   * Throws if the client could not download what is missing.
   */
  readonly directoryOf: (path: string, metainfo: Metainfo, isWhole: boolean) => string
  /** The directory for temporary ones; null for that of the content. */
  readonly scratchParent: string | null
  /** The client's path of a directory of this machine. */
  readonly remotePath: (path: string) => string
  /** Removes the torrent from a client that continues to run. Its data stays. */
  readonly release: (infoHash: InfoHash) => Promise<void>
}

/** Shows the progress of a download. */
export interface DownloadProgress {
  /** Shows the torrent's current state. */
  readonly look: DownloadWatch['onLook']
  /** Removes the bar when the download ends. */
  readonly endBar: () => void
  /** Removes everything that is shown only temporarily. */
  readonly clear: () => void
}

/**
 * Downloads the missing content of a torrent, checks it, and seeds it if requested. Starts a client
 * only if one is needed. Resolves when all is done.
 * @throws BtkitError `interrupted` before the content is complete, `changed` if the client reports
 *   wrong content as complete, and as metadataFromPeers, chooseTarget and lookForContent
 */
export async function download(request: DownloadRequest): Promise<void> {
  const { source, withClient } = request
  const { metainfo, magnet } = source
  if (metainfo) return complete(metainfo, request, withClient)
  await withClient(async (downloader) => {
    const fetched = await torrentFromPeers(magnet, downloader, request)
    await complete(fetched, request, (act) => act(downloader))
  })
}

async function torrentFromPeers(
  magnet: MagnetLink,
  { client, advice, io, scratchParent, remotePath, release }: Downloader,
  { place: { saveAs, saveTo }, onNote }: DownloadRequest,
): Promise<Metainfo> {
  onNote('searching', '')
  const beside = saveAs === null ? saveTo : dirname(saveAs)
  const { localDirectory, remove } = makeScratchDirectory(scratchParent ?? beside)
  try {
    return await metadataFromPeers(client, magnet, {
      directory: remotePath(localDirectory),
      localDirectory,
      maxSize: DEFAULT_MAX_SIZE,
      waiting: waitingFor(magnetPatience.ms, io),
      onStall: (note) => {
        onNote('unanswered', note)
      },
      advice,
      release,
    })
  } finally {
    remove()
  }
}

/** A torrent, with its content found on disk. */
interface Job {
  readonly metainfo: Metainfo
  readonly target: DownloadTarget
  readonly found: FoundContent
}

async function complete(
  metainfo: Metainfo,
  request: DownloadRequest,
  withClient: (act: Act) => Promise<void>,
): Promise<void> {
  const { place, checkHashes, force = false, hashContext, onWhole } = request
  const target = chooseTarget(metainfo, place)
  const found = await lookForContent(target, { checkHashes, force }, hashContext)
  const job = { metainfo, target, found }
  if (found.isWhole && !wantsSeeding(request)) onWhole(metainfo, target.path, found.isChecked)
  else await withClient((downloader) => transfer(job, downloader, request))
}

function wantsSeeding({ seed, seedRatio, seedTime = 0 }: DownloadRequest): boolean {
  return seed === true || seedRatio !== undefined || seedTime > 0
}

async function transfer(job: Job, downloader: Downloader, request: DownloadRequest): Promise<void> {
  const { metainfo, target, found } = job
  const { client, advice, io } = downloader
  const { seedRatio = null, seedTime = null, hashContext } = request
  const { signal } = hashContext.engine
  const infoHash = clientInfoHash(metainfo)
  const { fileTimes, isWhole } = found
  const directory = downloader.directoryOf(target.path, metainfo, isWhole)
  const beforeStart = () => {
    if (!isWhole) begin(target, request)
  }
  const waiting = waitingFor(0, io)
  const torrent = { metainfo, directory, fileTimes, downloads: !isWhole }
  await beginDownload(client, torrent, { ...waiting, beforeStart })
  const progress = await request.openProgress(metainfo, client.label)
  const watch = { waiting, onLook: progress.look }
  try {
    await whenWhole(client, metainfo, { ...watch, advice })
    progress.endBar()
    if (!isWhole) await finish(target, hashContext)
    progress.clear()
    request.onWhole(metainfo, target.path, found.isChecked)
    if (!wantsSeeding(request)) return
    const goal = { ...watch, ratio: seedRatio, timeMs: seedTime }
    await seedUntil(client, infoHash, goal).catch((error: unknown) => {
      // An interruption ends seeding normally
      if (!signal.aborted) throw error
    })
  } catch (error) {
    progress.clear()
    if (signal.aborted) request.onNote('kept', '')
    throw error
  } finally {
    progress.clear()
    await downloader.release(infoHash)
  }
}

/** Prepares the place of the content. */
function begin(target: DownloadTarget, { onNote }: DownloadRequest): void {
  const parent = dirname(target.path)
  const isMissing = statIfThere(parent) === null
  makeRoom(target)
  if (isMissing) onNote('created', parent)
  noteBegun(target)
}

/** Checks the content itself and does not rely on the client. */
async function finish(target: DownloadTarget, hashContext: HashContext): Promise<void> {
  const report = await checkContent(target, hashContext)
  const problem = dataProblem({ torrent: target.path, metainfo: target.metainfo }, report)
  if (problem) throw problem
  noteWhole(target)
}
