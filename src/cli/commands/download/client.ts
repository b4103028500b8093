import { mkdirSync, symlinkSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { hasTracker } from '../../../core/download/magnet-torrent.js'
import { makeScratchDirectory } from '../../../core/download/scratch-directory.js'
import type { DownloadTarget } from '../../../core/download/target.js'
import type { TorrentClient } from '../../../core/publish/client.js'
import { BtkitError } from '../../../errors.js'
import type { Metainfo } from '../../../metainfo/metainfo.js'
import { openClients, remoteDirectory } from '../../arguments/open-clients.js'
import { withOwnClient } from '../../arguments/own-client.js'
import type { Io } from '../../io.js'
import type { DownloadOptions } from './options.js'

/** A directory, as the client sees it and as it is seen here. */
export interface Scratch {
  readonly directory: string
  readonly localDirectory: string
  readonly remove: () => void
}

/** What to download by. */
export interface DownloaderSetup {
  readonly options: DownloadOptions
  readonly isNamed: boolean
  /** Whether metadata is to be had from peers first. */
  readonly asksMetadata: boolean
  readonly opensHybrids: boolean
  readonly takesWebSeeds: boolean
  readonly io: Io
}

/** A client that downloads. */
export interface Downloader {
  readonly client: TorrentClient
  /** Its signal aborts when the client ends, too. */
  readonly io: Io
  /** Throws where nothing could come of the torrent with this client. */
  readonly requireSource: (metainfo: Metainfo) => void
  /** The directory in which the client finds a target under the torrent's name. */
  readonly directoryOf: (target: DownloadTarget, metainfo: Metainfo) => string
  /** Makes a directory for what is of no use afterwards. */
  readonly makeScratch: () => Scratch
  /** Has a client that runs on let go of a torrent; its data stays. */
  readonly release: (infoHash: string) => Promise<void>
}

/**
 * Works with the client that is named, or with one that is started for it.
 * @throws BtkitError `usage` for several clients, and those of withOwnClient
 */
export function withDownloader<T>(
  { options, isNamed, io, ...wish }: DownloaderSetup,
  act: (downloader: Downloader) => Promise<T>,
): Promise<T> {
  if (isNamed) return act(namedDownloader(options, io))
  return withOwnClient({ ...options, ...wish }, io, ({ own, named: { client }, io: ownIo }) => {
    const { directory, program } = own
    const requireSource = (metainfo: Metainfo) => {
      if (!own.takesWebSeeds) requireTracker(metainfo, program)
    }
    const directoryOf = (target: DownloadTarget, metainfo: Metainfo) => {
      requireVersion1(metainfo, program)
      return linkTarget(directory, target, metainfo)
    }
    // All of it goes with the client
    const release = () => Promise.resolve()
    const makeScratch = () => {
      const scratch = makeScratchDirectory(directory)
      return { ...scratch, directory: scratch.localDirectory }
    }
    return act({ client, io: ownIo, requireSource, directoryOf, makeScratch, release })
  })
}

/** The programs that are started know nothing of version 2. */
function requireVersion1({ version, name }: Metainfo, program: string): void {
  if (version !== 'v2') return
  const what = 'is of version 2 alone, which it does not know'
  throw new BtkitError('client', `${program}: ${name}: ${what} (--client names another)`)
}

/** No peer is known without a tracker: it would wait for ever. */
function requireTracker(metainfo: Metainfo, program: string): void {
  if (hasTracker(metainfo) || (metainfo.webSeeds ?? []).length === 0) return
  const what = `${program}: ${metainfo.name}: names no tracker, and ${program} takes no web seeds`
  const others = 'install Transmission 4 or later, or name another client by --client'
  throw new BtkitError('client', `${what}; ${others}`)
}

/** A link under the torrent's name, so that the content may have another, beside no other file. */
function linkTarget(directory: string, { path }: DownloadTarget, { name }: Metainfo): string {
  const content = join(directory, 'content')
  mkdirSync(content)
  symlinkSync(path, join(content, name))
  return content
}

function namedDownloader(options: DownloadOptions, io: Io): Downloader {
  const [named, ...others] = openClients(options.client, options.clientTimeout, io)
  if (!named || others.length > 0) throw new BtkitError('usage', '--client: only one can download')
  const directoryOf = ({ path }: DownloadTarget, { name }: Metainfo) => {
    if (basename(path) === name) return remoteDirectory(dirname(path), options.dataPrefix)
    const what = `a client that runs already knows it as ${name} only`
    throw new BtkitError('usage', `--saveas ${options.saveas ?? path}: ${what}`)
  }
  const release = (infoHash: string) => named.lastCalls.remove([infoHash])
  const makeScratch = () => {
    const { saveas, saveTo = '.' } = options
    const scratch = makeScratchDirectory(
      saveas === undefined ? resolve(io.cwd, saveTo) : dirname(resolve(io.cwd, saveas)),
    )
    const directory = remoteDirectory(scratch.localDirectory, options.dataPrefix)
    return { ...scratch, directory }
  }
  // One that runs already may know peers by other ways
  const requireSource = () => undefined
  return { client: named.client, io, requireSource, directoryOf, makeScratch, release }
}
