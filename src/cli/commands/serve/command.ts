import { once } from 'node:events'
import { resolve } from 'node:path'
import { findExample } from '../../../mirror/tree/example-file.js'
import { boundHeapGrowth } from '../../../heap-growth.js'
import { runService, type ServiceSettings } from '../../../mirror/app/run-service.js'
import { cachePathIfAny } from '../../arguments/cache-options.js'
import { shareRequest } from '../../arguments/share-options.js'
import type { CommandContext } from '../../context.js'
import { engineFor } from '../../arguments/engine-options.js'
import { requireNames } from '../../arguments/operands.js'
import { openTls } from '../../arguments/server-options.js'
import { machineHost } from '../../output/reachable-address.js'
import { reportError, reportNotes, warningsTo } from '../../output/messages.js'
import type { Io } from '../../io.js'
import { serviceManager } from '../../service-manager/service-manager.js'
import { BoundedOutput } from '../../output/bounded-output.js'
import { greeting } from './greeting.js'
import { declareServeOptions, type ServeOptions } from './options.js'
import { listenPlaces, serviceOptions, nameTrackerOptions, trackersWanted } from './request.js'
import { startTracker } from './tracker.js'

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
      const share = await shareRequest(options, command, io)
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
