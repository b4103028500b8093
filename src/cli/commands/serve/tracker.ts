import {
  runTracker,
  type RunningTracker,
  type TrackerWorld,
} from '../../../tracker/app/run-tracker.js'
import type { OwnTracker } from '../../../mirror/options.js'
import { BtkitError } from '../../../errors.js'
import { ClientAddresses } from '../../../server/connections/client-address.js'
import type { TlsKeys } from '../../../server/listen/tls-keys.js'
import type { Io } from '../../io.js'
import { declareTrackOptions } from '../track/options.js'
import { trackerSettings } from '../track/request.js'
import type { ServeOptions } from './options.js'
import { sharedSockets } from './request.js'

/** A running tracker and its state file. */
export interface StartedTracker extends RunningTracker, OwnTracker {
  readonly stateFile: string
}

export interface TrackerParts {
  readonly io: Io
  readonly world: TrackerWorld
  /** TLS keys of the service; null for plain HTTP. */
  readonly tls: TlsKeys | null
}

/**
 * Starts the tracker of `--track` in this process, at the port of its announce URL or on the
 * sockets passed for it. It tracks the torrents that the service makes and those in allowed
 * directories. Returns null without `--track`.
 * @throws BtkitError if it cannot listen, or read or write its state
 */
export async function startTracker(
  serveOptions: ServeOptions,
  { io, world, tls }: TrackerParts,
): Promise<StartedTracker | null> {
  const { track, host, allowedDir, publicUrl, stateDir, trustProxy } = serveOptions
  if (track === undefined) return null
  const isSecure = track.startsWith('https:')
  if (isSecure && !tls) throw new BtkitError('usage', `--track ${track}: TLS needs --tls-cert`)
  const hosts = host.filter((each) => !each.includes('/')).flatMap((each) => ['--host', each])
  const directories = allowedDir.flatMap((each) => ['--allowed-dir', each])
  const state = stateDir === undefined ? [] : ['--state-dir', stateDir]
  const args = [
    ...hosts,
    ...directories,
    ...state,
    '--port',
    new URL(track).port || (isSecure ? '443' : '80'),
  ]
  const options = declareTrackOptions(false).parse(args, { from: 'user' }).opts()
  const settings = trackerSettings(options, io, sharedSockets(serveOptions, io).tracker)
  const address = track.startsWith('http') ? new URL(track).origin : (publicUrl ?? null)
  const allowed = { ...settings.allowed, isFed: true }
  const tracker = await runTracker(
    {
      ...settings,
      allowed,
      publicUrl: address,
      clientAddresses: new ClientAddresses(trustProxy),
      tls: isSecure ? tls : null,
    },
    world,
  )
  return { ...tracker, stateFile: settings.stateFile, page: pageOf(track) }
}

/** URL of the tracker's page: beside the announce URL, over HTTP. */
function pageOf(announce: string): string {
  const { protocol, host, pathname } = new URL(announce)
  const scheme = protocol === 'https:' ? 'https' : 'http'
  return new URL('./', `${scheme}://${host}${pathname}`).href
}
