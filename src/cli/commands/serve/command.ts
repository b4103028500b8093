import { once } from 'node:events'
import { resolve } from 'node:path'
import { findExample } from '../../../mirror/tree/example-file.js'
import { boundHeapGrowth } from '../../../heap-growth.js'
import { type Service, type ServiceSettings, runService } from '../../../mirror/app/run-service.js'
import { cachePathIfAny } from '../../arguments/cache-options.js'
import { shareRequest } from '../../arguments/share-options.js'
import type { CommandContext } from '../../context.js'
import { engineFor } from '../../arguments/reading-options.js'
import { requireNames } from '../../arguments/operands.js'
import {
  openTls,
  machineHost,
  reachableAddress,
  BoundedOutput,
} from '../../arguments/server-options.js'
import { reportError, reportNotes, warningsTo } from '../../output/messages.js'
import type { Io } from '../../io.js'
import { serviceManager } from '../../service-manager/service-manager.js'
import { type ServeOptions, declareServeOptions } from './options.js'
import { listenPlaces, nameTrackerOptions, serviceOptions, trackersWanted } from './request.js'
import { type StartedTracker, startTracker } from './tracker.js'
import { escapeText } from '../../../text/escape.js'
import type { ServiceOptions } from '../../../mirror/options.js'
import { count } from '../../../text/quantity.js'
import { announceOf } from '../track/greeting.js'

const EXAMPLES = `
Addresses:
  /-/status                   the work of the service (JSON: /-/status.json)
  /-/metrics                  metrics for Prometheus
  /-/health, /-/ready         whether it works

Examples:
  btkit serve /srv/mirror --tracker http://tracker.example/announce
  btkit serve /srv/mirror --host :: --track udp://mirror.example:6969
  btkit serve /srv/mirror --track http://mirror.example:6969/announce \\
      --allowed-dir /srv/torrents --admin-users /etc/btkit/users`

export function defineServe({ io, finish, reloadConfiguration }: CommandContext) {
  return declareServeOptions()
    .description('Serve a mirror over HTTP and make the torrents of its files on demand.')
    .argument('<root>', "the mirror's root directory")
    .addHelpText('after', EXAMPLES)
    .action(async (root, options, command) => {
      requireNames([root], 'directory')
      boundHeapGrowth()
      const stderr = new BoundedOutput(io.stderr)
      const share = shareRequest(options, command, io)
      await serve(root, { ...options, shareWith: share }, { ...io, stderr, reloadConfiguration })
      finish(0)
    })
}

/** The service writes to standard error for years, so it must not wait for a slow reader. */
type ServeIo = Io & { readonly stderr: BoundedOutput } & Pick<CommandContext, 'reloadConfiguration'>

type SharingOptions = ServeOptions & { readonly shareWith: ServiceSettings['share'] }

/** Serves until a signal stops the command. */
async function serve(root: string, options: SharingOptions, io: ServeIo): Promise<void> {
  const tls = await openTls(options, io)
  const settings = { ...serviceSettings(root, options, io), tls: tls?.keys ?? null }
  const onError = (error: unknown) => {
    reportError(error, io)
  }
  const world = {
    now: io.now,
    monotonic: io.monotonic,
    writeLog: (lines: string) => {
      io.stderr.write(lines)
    },
    droppedLines: () => io.stderr.dropped,
    warn: warningsTo(io),
    onError,
  }
  const manager = serviceManager({ env: io.env, warn: world.warn })
  const tracker = await startTracker(options, { io, world, root, tls: settings.tls })
  const told = { ...settings, options: { ...settings.options, tracker } }
  const service = await runService(told, world).catch(async (error: unknown) => {
    await tracker?.stop()
    throw nameTrackerOptions(error)
  })
  try {
    const { trackers } = service
    io.onReopen(() => void service.reopenLog())
    io.onHangup(() => {
      manager
        .reload(async () => {
          await reportNotes(io.reloadConfiguration(), io)
          await Promise.all([trackers.refresh(true), tracker?.refresh(), tls?.reload()])
        })
        .catch(onError)
    })
    const request = settings.options
    const example = await findExample(request.mirror)
    io.stdout.write(
      greeting({
        service,
        request,
        example,
        trackers: trackers.current(),
        host: machineHost(),
        tracker,
      }),
    )
    manager.ready(`serving ${root} at ${service.addresses.join(', ')}`)
    if (!io.signal.aborted) await once(io.signal, 'abort')
  } finally {
    manager.stopping()
    await Promise.all([service.stop(), tracker?.stop()])
  }
}

function serviceSettings(
  root: string,
  options: SharingOptions,
  io: Io,
): Omit<ServiceSettings, 'tls'> {
  return {
    options: serviceOptions(root, options, io),
    places: listenPlaces(options, io),
    trackers: trackersWanted(options, io),
    engine: engineFor(options, io),
    cacheDirectory: cachePathIfAny(options.cacheDir, io),
    cacheTrust: options.cacheTrust,
    share: options.shareWith,
    unusedFor: options.unusedFor,
    cacheMaxSize: options.cacheMaxSize ?? null,
    logFormat: options.log,
    logFile: options.logFile === undefined ? null : resolve(io.cwd, options.logFile),
  }
}

export interface GreetingParts {
  readonly service: Service
  readonly request: ServiceOptions
  /** A file of the mirror for the example; null if none was found quickly. */
  readonly example: readonly string[] | null
  readonly trackers: readonly string[]
  /** The name or address that stands for all addresses of this machine. */
  readonly host: string
  /** The tracker in the same process; null for none. */
  readonly tracker: Pick<StartedTracker, 'addresses' | 'stateFile' | 'pages'> | null
}

/** The lines printed when the service has started. */
export function greeting(parts: GreetingParts): string {
  const { service, request, example, trackers, tracker, host } = parts
  const addresses = service.addresses.map((each) => reachableAddress(each, host))
  const first = addresses[0] ?? ''
  const lines = [
    `serving:  ${escapeText(request.mirror.root)}`,
    ...addresses.map((address) => `address:  ${escapeText(address)}`),
    `trackers: ${trackers.length === 0 ? NO_TRACKER : count(trackers.length, 'tracker')}`,
    ...(tracker?.addresses ?? []).map((each) => `tracking: ${escapeText(announceOf(each, host))}`),
    ...(tracker?.pages ? [`admin:    ${escapeText(tracker.pages.address)}`] : []),
    ...(tracker ? [`state:    ${escapeText(tracker.stateFile)}`] : []),
    ...pageLine(request, first),
    `try:      ${exampleCall(first, example)}`,
  ]
  return lines.map((line) => `${line}\n`).join('')
}

const NO_TRACKER = 'no tracker: clients use the web seed and the DHT'

/** The page to open in a browser: the listing of the root, or else the status. */
function pageLine({ publicUrl, listings }: ServiceOptions, address: string): string[] {
  const root = publicUrl ?? (address.startsWith('http') ? address : null)
  return root === null ? [] : [`open:     ${escapeText(root)}/${listings ? '' : '-/status'}`]
}

/**
 * A command that downloads the torrent of a file and saves it under the name that the server sends.
 * The torrent is the one that makemetafile makes.
 */
function exampleCall(address: string, example: readonly string[] | null): string {
  const rest = `/${example?.map(encodeURIComponent).join('/') ?? 'PATH/OF/A/FILE'}.torrent`
  // encodeURIComponent does not escape apostrophes
  const quote = (text: string) => `'${text.replaceAll("'", '%27')}'`
  if (address.startsWith('http')) return `curl -fOJ ${quote(address + rest)}`
  return `curl -fOJ --unix-socket ${quote(address)} ${quote(`http://localhost${rest}`)}`
}
