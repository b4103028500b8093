import { once } from 'node:events'
import { resolve } from 'node:path'
import { findExample } from '../../../service/mirror/example-file.js'
import { runService, type ServiceSettings } from '../../../service/server/run.js'
import { cachePath } from '../../arguments/cache-options.js'
import type { CommandContext } from '../../context.js'
import { engineFor } from '../../arguments/engine-options.js'
import { reportError, reportWarning } from '../../output/messages.js'
import type { Io } from '../../io.js'
import { BoundedOutput } from '../../output/bounded-output.js'
import { greeting } from './greeting.js'
import { declareServeOptions, type ServeOptions } from './options.js'
import { listenPlaces, serviceOptions } from './request.js'
import { nameTrackerOptions, trackersWanted } from './trackers.js'

/** The command `serve`. */
export function defineServe({ io, finish }: CommandContext) {
  return declareServeOptions()
    .description('Serve a mirror over HTTP, with torrents of its files on demand.')
    .argument('<root>', "the mirror's root directory")
    .action(async (root, options) => {
      const stderr = new BoundedOutput(io.stderr)
      await serve(root, options, { ...io, stderr })
      finish(0)
    })
}

/** The service writes to standard error for years: it must not wait there for a reader. */
type ServeIo = Io & { readonly stderr: BoundedOutput }

/** Serves until a signal asks to stop. */
async function serve(root: string, options: ServeOptions, io: ServeIo): Promise<void> {
  const settings = serviceSettings(root, options, io)
  const onError = (error: unknown) => {
    reportError(error, io)
  }
  const service = await runService(settings, {
    now: io.now,
    monotonic: io.monotonic,
    writeLog: (lines) => {
      io.stderr.write(lines)
    },
    droppedLines: () => io.stderr.dropped,
    warn: (message) => {
      reportWarning(message, io)
    },
    onError,
  }).catch((error: unknown) => {
    throw nameTrackerOptions(error)
  })
  try {
    const { trackers } = service
    io.onReopen(() => void service.reopenLog())
    io.onHangup(() => void trackers.refresh(true).catch(onError))
    const request = settings.options
    const example = await findExample(request.mirror)
    io.stdout.write(greeting({ service, request, example, trackers: trackers.current().urls }))
    if (!io.signal.aborted) await once(io.signal, 'abort')
  } finally {
    await service.stop()
  }
}

function serviceSettings(root: string, options: ServeOptions, io: Io): ServiceSettings {
  return {
    options: serviceOptions(root, options, io),
    places: listenPlaces(options, io),
    trackers: trackersWanted(options, io),
    engine: engineFor(options, io),
    cacheDirectory: cachePath(options.cacheDir, io),
    cacheTrust: options.cacheTrust,
    unusedFor: options.unusedFor,
    cacheMaxSize: options.cacheMaxSize ?? null,
    logFormat: options.log,
    logFile: options.logFile === undefined ? null : resolve(io.cwd, options.logFile),
  }
}
