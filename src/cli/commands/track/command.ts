import { once } from 'node:events'
import type { TrackerSettings } from '../../../tracker/app/settings.js'
import { boundHeapGrowth } from '../../../base/heap-growth.js'
import type { CommandContext, CommandRecord } from '../../context.js'
import type { Io } from '../../io.js'
import { Report } from '../../output/report.js'
import { serviceManager } from '../../open/service-manager.js'
import { BoundedOutput } from '../../output/bounded-output.js'
import {
  socketsPassed,
  warnOfIgnored,
  openTls,
  reloadOnHangup,
  serverContext,
  OTHER_PORT,
} from '../../open/server.js'
import { announceOf, machineHost } from '../../output/addresses.js'
import { runWithAdmin, type OpenTracker, prepareAdmin } from '../../open/tracker-admin.js'
import { declareTrackOptions, trackPort, type TrackOptions } from './options.js'
import { requireTorrents, sharedStore, trackerSettings } from './settings.js'
import { count } from '../../../base/text/quantity.js'

const EXAMPLES = `
Examples:
  btkit track --allowed-dir /srv/torrents
  btkit track --open --no-udp`

export const command: CommandRecord = {
  group: 'Serve and seed',
  order: 20,
  summary: 'Run a tracker for HTTP and UDP',
  example: '--allowed-dir /srv/torrents',
  isService: true,
  basics:
    'port host tls-cert tls-key allowed-dir archive-dir open banned-ips interval trust-proxy public-url state-dir admin-users store allow-get log-file',
  define: defineTrack,
}

function defineTrack({ io, typed, isLegacy, finish, ...context }: CommandContext) {
  return declareTrackOptions(isLegacy)
    .description('Track torrents over HTTP and UDP, and show who shares them.')
    .addHelpText('after', EXAMPLES)
    .action(async (options) => {
      const stderr = new BoundedOutput(io.stderr)
      const { warn } = new Report({}, io)
      requireTorrents(options, isLegacy, warn)
      const store = sharedStore(options, typed(), io)
      await track(options, store, { ...io, ...context, stderr, isLegacy })
      finish(0)
    })
}

/** Tracks until a signal stops the command. */
async function track(
  options: TrackOptions,
  store: TrackerSettings['store'],
  io: Io & Pick<CommandContext, 'reloadConfiguration' | 'configFile' | 'isLegacy'>,
): Promise<void> {
  const { isLegacy } = io
  boundHeapGrowth()
  const admin = prepareAdmin(options, io)
  const keys = await openTls(options, io)
  const sockets = socketsPassed(io)
  if (sockets) warnOfIgnored(sockets, options, trackPort(isLegacy), io)
  const { readSiteLook } = await import('../../../page-parts/site-look.js')
  const look = await readSiteLook(options, io.cwd)
  const settings = { ...trackerSettings(options, io, sockets), store, tls: keys, look }
  const context = serverContext(io)
  const manager = serviceManager(io.env, context.warn)
  const logTo = options.logFile === '-' ? io.stdout : io.stderr
  const writeLog = (lines: string) => {
    logTo.write(lines)
  }
  const world = { ...context, writeLog }
  const run = { settings, admin, tls: keys, announce: null, advice: OTHER_PORT, world }
  const tracker = await runWithAdmin(run)
  try {
    io.onReopen(() => void tracker.reopenLog())
    reloadOnHangup(manager, io, () => {
      return Promise.all([tracker.reopenLog(), tracker.refresh(), keys?.reload()])
    })
    const host = machineHost()
    new Report({}, io).text(greeting(tracker, settings, host, isLegacy))
    manager.ready(`tracking at ${tracker.addresses.join(', ')}`)
    if (!io.signal.aborted) await once(io.signal, 'abort')
  } finally {
    manager.stopping()
    await tracker.stop()
  }
}

/**
 * The lines printed when the tracker has started.
 * `host` is the name or address printed for all addresses of this machine. `isLegacy` says whether
 * the command is bttrack, which warns of what the line would hint at.
 */
function greeting(
  tracker: Pick<OpenTracker, 'addresses' | 'torrentCount' | 'pages'>,
  settings: Pick<TrackerSettings, 'stateFile' | 'store'>,
  host: string,
  isLegacy: boolean,
): string[] {
  const torrents = tracker.torrentCount()
  const anyTorrent = isLegacy ? 'any torrent' : `any torrent; ${HOW_TO_LIMIT}`
  const listed = count(torrents ?? 0, 'info hash', 'info hashes')
  return [
    `tracking: ${torrents === null ? anyTorrent : listed}`,
    ...tracker.addresses.map((each) => `address:  ${announceOf(each, host)}`),
    ...(settings.store ? [`store:    ${settings.store.address.label}`] : []),
    ...(tracker.pages ? [`admin:    ${tracker.pages.address}`] : []),
    `state:    ${settings.stateFile}`,
  ]
}

const HOW_TO_LIMIT = 'everybody may use this tracker (to limit it: --allowed-dir DIR)'
