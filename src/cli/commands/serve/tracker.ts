import { resolve } from 'node:path'
import { isLoopback } from '../../../core/remote/address-reach.js'
import { refusePublic } from './refuse-public.js'
import type { TrackerSettings } from '../../../tracker/app/settings.js'
import type { TrackerWorld } from '../../../tracker/app/run-tracker.js'
import type { MirrorPlace } from '../../../tracker/pages/overview/site.js'
import type { OwnTracker } from '../../../mirror/options.js'
import { hasListings, siteOf } from '../../../mirror/pages/site-header.js'
import { announceUrlAt } from '../../../metainfo/trackers.js'
import { usageError } from '../../../base/errors.js'
import type { TlsKeys } from '../../../server/listen/tls-keys.js'
import type { SiteLook } from '../../../page-parts/layout.js'
import type { CommandContext } from '../../context.js'
import type { Io } from '../../io.js'
import { runWithAdmin, prepareAdmin, type OpenTracker } from '../../open/tracker-admin.js'
import { commonSettings, trackerPlaces } from '../../open/tracker.js'
import { TRACKER_PORT, type ServeOptions } from './options.js'
import { ownAnnounce, sharedSockets } from './request.js'

/** A running tracker with its state file. */
export interface StartedTracker extends OpenTracker, OwnTracker {
  readonly stateFile: string
  /** The mirror that its pages lead to; null if they lead to none. */
  readonly mirror: MirrorPlace | null
}

export interface TrackerParts {
  readonly io: Io & Pick<CommandContext, 'configFile'>
  readonly world: TrackerWorld
  /** The mirror's root, which is public. */
  readonly root: string
  /** TLS keys of the service; null for plain HTTP. */
  readonly tls: TlsKeys | null
  readonly look: SiteLook
}

/**
 * Starts the tracker of `--track` in this process, at the port of its announce URL or on the
 * sockets passed for it. It tracks the torrents that the service makes and those in allowed
 * directories. Returns null without `--track`.
 * @throws BtkitError if it cannot listen, or read or write its state
 */
export async function startTracker(
  options: ServeOptions,
  { io, world, root, tls, look }: TrackerParts,
): Promise<StartedTracker | null> {
  const own = ownAnnounce(options, io)
  if (!own) return null
  const { url, isSecure, announceAt } = own
  const { service, tracker: sockets } = sharedSockets(options, io)
  const port = options.trackPort ?? (own.isProxied ? TRACKER_PORT : portOf(url))
  if (!service && !sockets) requireOwnPort(options, port)
  const admin = prepareAdmin(options, io)
  if (admin) {
    const places = [
      ['--admin-users', admin.usersFile],
      ['--state-dir', admin.directory],
    ] as const
    refusePublic(places, resolve(io.cwd, root))
  }
  const page = announceAt ? null : pageOf(url)
  const isForAll = sockets !== null || !(announceAt || isLoopback(new URL(url).hostname))
  const host = options.host.filter((each) => !each.includes('/'))
  const common = commonSettings(options, io)
  const { publicUrl = null } = options
  const settings: TrackerSettings = {
    ...common,
    ...trackerPlaces({ host, port, udp: true }, io, sockets),
    allowed: { ...common.allowed, isFed: true },
    page: {
      ...common.page,
      siteName: siteOf({ siteName: common.page.siteName, publicUrl, look }).name,
      mirror: mirrorPlace(options, { isForAll, isPassed: service !== null }),
    },
    look,
    publicUrl: page?.replace(/\/$/, '') ?? null,
    tls: isSecure ? tls : null,
  }
  const announce = announceAt ? null : url
  const run = {
    settings,
    admin,
    tls,
    announce,
    advice: own.isProxied ? BEHIND_PROXY : OTHER_PORT,
    world,
  }
  const tracker = await runWithAdmin(run)
  const { mirror } = settings.page
  return { ...tracker, stateFile: settings.stateFile, page, url, announceAt, mirror }
}

const OTHER_PORT = 'choose the port of the tracker by --track http://HOST:PORT/announce'

/** Behind a proxy, the URL is that of the proxy. */
const BEHIND_PROXY = 'choose another port for the tracker with --track-port'

/** The port of an announce URL. */
function portOf(announce: string): number {
  const { protocol, port } = new URL(announce)
  return Number(port) || (protocol === 'https:' ? 443 : 80)
}

/** @throws BtkitError `usage` if the mirror would listen on the tracker's port */
function requireOwnPort({ host, port, track }: ServeOptions, trackerPort: number): void {
  const isOnlyUnix = host.length > 0 && host.every((each) => each.includes('/'))
  if (isOnlyUnix || port !== trackerPort) return
  const given = typeof track === 'string' ? track : null
  const way = given !== null && port !== TRACKER_PORT ? `--track ${atUsualPort(given)}, or ` : ''
  const other = `--port ${port === 8080 ? 8081 : 8080} for the files`
  const why = `port ${port} is the port of the files, too; write ${way}${other}`
  throw usageError(`--track${given === null ? '' : ` ${given}`}: ${why}`)
}

/** An announce URL at the usual port of trackers. */
function atUsualPort(announce: string): string {
  const url = new URL(announce)
  url.port = String(TRACKER_PORT)
  return url.href
}

/** URL of the tracker's page: beside the announce URL, over HTTP, which has the same port. */
function pageOf(announce: string): string {
  const { protocol, host, pathname } = new URL(announce)
  const scheme = protocol === 'https:' ? 'https' : 'http'
  return new URL('./', `${scheme}://${host}${pathname}`).href
}

/**
 * The way to the mirror from the tracker's pages: at the host of the request, without a public URL.
 * Null if nobody knows its port. Of a mirror on a loopback address, only visitors from there are
 * led to it.
 */
function mirrorPlace(
  options: ServeOptions,
  { isForAll, isPassed }: { readonly isForAll: boolean; readonly isPassed: boolean },
): MirrorPlace | null {
  const { publicUrl, host, port, tlsCert } = options
  const parts = { hasFiles: hasListings(options), search: { files: null } }
  if (publicUrl !== undefined) return { url: `${publicUrl}/`, ...parts }
  const names = host.filter((each) => !each.includes('/'))
  const isHidden = names.length === 0 && host.length > 0
  if (isPassed || port === 0 || isHidden) return null
  // Without a host, the mirror is on a loopback address, and the tracker on all
  const isHere = names.every(isLoopback) && (isForAll || names.length === 0)
  const scheme = tlsCert === undefined ? 'http' : 'https'
  const url = (address: string) => {
    if (isHere && !isLoopback(new URL(address).hostname)) return null
    return new URL('./', announceUrlAt(new URL(address), scheme, port)).href
  }
  return { url, ...parts }
}
