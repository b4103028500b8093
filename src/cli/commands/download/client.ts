import { lookup } from 'node:dns/promises'
import { mkdirSync, symlinkSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { announceUrls, hasTracker } from '../../../metainfo/trackers.js'
import type { Downloader, DownloadSource } from '../../../core/download/download.js'
import { remoteDirectory } from '../../../core/publish/local-data.js'
import { BtkitError, usageError } from '../../../base/errors.js'
import type { Metainfo } from '../../../metainfo/metainfo.js'
import type { InfoHash } from '../../../metainfo/values.js'
import { callWithin } from '../../../base/bounded-call.js'
import { isLoopback } from '../../../core/remote/address-reach.js'
import { bareHost } from '../../open/server.js'
import { openClients } from '../../open/clients.js'
import { withOwnClient } from '../../open/own-client.js'
import type { Io } from '../../io.js'
import type { Report } from '../../output/report.js'
import type { DownloadOptions, DownloadRun } from './options.js'

/**
 * Runs `act` with the client that is named, or with one that is started for it.
 * @throws BtkitError `usage` for several clients, and the errors of withOwnClient
 */
export async function withDownloader<T>(
  { metainfo, magnet }: DownloadSource,
  { options, isNamed, io, out }: DownloadRun,
  act: (downloader: Downloader) => Promise<T>,
): Promise<T> {
  if (isNamed) return act(namedDownloader(options, io))
  const setup = {
    ...options,
    asksMetadata: magnet !== null,
    opensHybrids: metainfo?.version === 'hybrid',
    takesWebSeeds: (metainfo?.webSeeds ?? []).length > 0,
    isLocal: await areLocal(metainfo ? announceUrls(metainfo) : magnet.trackers, io),
  }
  return withOwnClient(setup, io, (own, { client }, ownIo) => {
    const { directory, program, advice } = own
    const directoryOf = (path: string, metainfo: Metainfo, isWhole: boolean) => {
      if (!isWhole && !own.takesWebSeeds) requireTracker(metainfo, program, out)
      requireVersion1(metainfo, program)
      return linkTarget(directory, path, metainfo)
    }
    // Nothing to do, because the client itself ends
    const release = () => Promise.resolve()
    const scratch = { scratchParent: directory, remotePath: (path: string) => path }
    return act({ client, advice, io: ownIo, directoryOf, ...scratch, release })
  })
}

/** Milliseconds to look up trackers, before one counts as on another machine. */
const LOOKUP_MS = 2000

/**
 * Whether trackers are all on this machine, as when somebody tries them. Names are looked up, because
 * Debian gives a machine's own name the address 127.0.1.1. For a running client it does not matter.
 */
async function areLocal(trackers: readonly string[], { signal }: Io): Promise<boolean> {
  if (trackers.length === 0) return false
  const areAll = async () => {
    for (const tracker of trackers) {
      const addresses = await lookup(bareHost(new URL(tracker).hostname), { all: true })
      if (!addresses.every(({ address }) => isLoopback(address))) return false
    }
    return true
  }
  return callWithin({ timeoutMs: LOOKUP_MS, signal }, areAll).catch(() => false)
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
function linkTarget(directory: string, path: string, { name }: Metainfo): string {
  const content = join(directory, 'content')
  mkdirSync(content)
  symlinkSync(path, join(content, name))
  return content
}

function namedDownloader(options: DownloadOptions, io: Io): Downloader {
  const [named, ...others] = openClients(options.client, io)
  if (!named || others.length > 0)
    throw usageError('--client: only one client can download; name one')
  const remotePath = (path: string) => remoteDirectory(path, options.dataPrefix)
  const directoryOf = (path: string, { name }: Metainfo) => {
    if (basename(path) === name) return remotePath(dirname(path))
    const what = `a running client cannot rename ${name}; use --output DIR/`
    throw usageError(`--output ${options.output ?? path}: ${what}`)
  }
  const release = (infoHash: InfoHash) => named.lastCalls.remove([infoHash])
  const scratch = { scratchParent: null, remotePath }
  return { client: named.client, advice: null, io, directoryOf, ...scratch, release }
}
