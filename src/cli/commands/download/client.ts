import { mkdirSync, symlinkSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { hasTracker } from '../../../metainfo/trackers.js'
import { makeScratchDirectory, type DownloadTarget } from '../../../core/download/target.js'
import type { TorrentClient } from '../../../core/publish/client.js'
import { remoteDirectory } from '../../../core/publish/local-data.js'
import { BtkitError, usageError } from '../../../base/errors.js'
import type { Metainfo } from '../../../metainfo/metainfo.js'
import type { InfoHash } from '../../../metainfo/values.js'
import { openClients } from '../../open/clients.js'
import { withOwnClient } from '../../open/own-client.js'
import type { Io } from '../../io.js'
import type { Report } from '../../output/report.js'
import { placeOf, type DownloadOptions } from './options.js'

/** A temporary directory, with its path for the client and its path here. */
interface Scratch {
  readonly directory: string
  readonly localDirectory: string
  readonly remove: () => void
}

/** How to choose and start a client. */
export interface DownloaderSetup {
  readonly options: DownloadOptions
  readonly isNamed: boolean
  readonly out: Report
  /** Whether metadata must be fetched from peers first. */
  readonly asksMetadata: boolean
  readonly opensHybrids: boolean
  readonly takesWebSeeds: boolean
  /** Whether all trackers are on this machine. */
  readonly isLocal: boolean
  readonly io: Io
}

/** A client that downloads. */
export interface Downloader {
  readonly client: TorrentClient
  /** Advice for the case that no peer is connected; null if there is none. */
  readonly advice: string | null
  /** Its signal aborts when the client exits, too. */
  readonly io: Io
  /**
   * Returns the directory in which the client finds the target under the torrent's name. Throws if
   * the client could not download what is missing.
   */
  readonly directoryOf: (target: DownloadTarget, metainfo: Metainfo, isWhole: boolean) => string
  /** Creates a temporary directory. */
  readonly makeScratch: () => Scratch
  /** Removes the torrent from a client that continues to run. Its data stays. */
  readonly release: (infoHash: InfoHash) => Promise<void>
}

/**
 * Runs `act` with the client that is named, or with one that is started for it.
 * @throws BtkitError `usage` for several clients, and the errors of withOwnClient
 */
export function withDownloader<T>(
  { options, isNamed, io, out, ...wish }: DownloaderSetup,
  act: (downloader: Downloader) => Promise<T>,
): Promise<T> {
  if (isNamed) return act(namedDownloader(options, io))
  return withOwnClient({ ...options, ...wish }, io, ({ own, named: { client }, io: ownIo }) => {
    const { directory, program, advice } = own
    const directoryOf = (target: DownloadTarget, metainfo: Metainfo, isWhole: boolean) => {
      if (!isWhole && !own.takesWebSeeds) requireTracker(metainfo, program, out)
      requireVersion1(metainfo, program)
      return linkTarget(directory, target, metainfo)
    }
    // Nothing to do, because the client itself ends
    const release = () => Promise.resolve()
    const makeScratch = () => {
      const scratch = makeScratchDirectory(directory)
      return { ...scratch, directory: scratch.localDirectory }
    }
    return act({ client, advice, io: ownIo, directoryOf, makeScratch, release })
  })
}

/** Refuses v2 torrents: the clients that btkit starts do not support them. */
function requireVersion1({ version, name }: Metainfo, program: string): void {
  if (version !== 'v2') return
  const what = 'v2 torrents are not supported'
  throw new BtkitError('client', `${program}: ${name}: ${what}; name another client with --client`)
}

/**
 * Refuses torrents with web seeds and without a tracker: the client would know no peers and wait
 * forever. With a tracker, a warning says that the web seeds are not used.
 */
function requireTracker(metainfo: Metainfo, program: string, { alert }: Report): void {
  if ((metainfo.webSeeds ?? []).length === 0) return
  const why = `${program} does not support web seeds`
  const others = 'install Transmission 4 or later, or name another client with --client'
  if (hasTracker(metainfo)) {
    alert(`${metainfo.name}: only peers are asked, because ${why}; ${others}`)
    return
  }
  const what = `${program}: ${metainfo.name}: has no tracker, and ${why}`
  throw new BtkitError('client', `${what}; ${others}`)
}

/**
 * Links the content under the torrent's name in a directory of its own, because the content may be
 * named differently.
 */
function linkTarget(directory: string, { path }: DownloadTarget, { name }: Metainfo): string {
  const content = join(directory, 'content')
  mkdirSync(content)
  symlinkSync(path, join(content, name))
  return content
}

function namedDownloader(options: DownloadOptions, io: Io): Downloader {
  const [named, ...others] = openClients(options.client, options.clientTimeout, io)
  if (!named || others.length > 0)
    throw usageError('--client: only one client can download; name one')
  const directoryOf = ({ path }: DownloadTarget, { name }: Metainfo) => {
    if (basename(path) === name) return remoteDirectory(dirname(path), options.dataPrefix)
    const what = `a running client cannot rename ${name}; use --output DIR/`
    throw usageError(`--output ${options.output ?? path}: ${what}`)
  }
  const release = (infoHash: InfoHash) => named.lastCalls.remove([infoHash])
  const makeScratch = () => {
    const { saveAs, saveTo } = placeOf(options, io)
    const scratch = makeScratchDirectory(saveAs === null ? saveTo : dirname(saveAs))
    const directory = remoteDirectory(scratch.localDirectory, options.dataPrefix)
    return { ...scratch, directory }
  }
  return { client: named.client, advice: null, io, directoryOf, makeScratch, release }
}
