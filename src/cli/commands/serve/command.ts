import { once } from 'node:events'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { CACHE_FILE } from '../../../cache/open.js'
import { WorkerPool } from '../../../hash/jobs/worker-pool.js'
import { findExample } from '../../../service/mirror/example-file.js'
import { startService } from '../../../service/server/start.js'
import { AccessLog } from '../../../service/web/access-log.js'
import { cachePath, openMemory } from '../../arguments/cache-options.js'
import type { CommandContext } from '../../context.js'
import { engineFor } from '../../arguments/engine-options.js'
import { reportError } from '../../output/messages.js'
import type { Io } from '../../io.js'
import { greeting } from './greeting.js'
import { declareServeOptions, type ServeOptions } from './options.js'
import { listenPlaces, serviceOptions } from './request.js'
import { openTrackers } from './trackers.js'

/** How far threads that hash step back behind the one that answers requests. */
const NICENESS = 19

export function defineServe({ io, finish }: CommandContext) {
  return declareServeOptions()
    .description('Serve a mirror over HTTP, with torrents of its files on demand.')
    .argument('<root>', "the mirror's root directory")
    .action(async (root, options) => {
      await serve(root, options, io)
      finish(0)
    })
}

/** Serves until a signal asks to stop. */
async function serve(root: string, options: ServeOptions, io: Io): Promise<void> {
  const request = serviceOptions(root, options, io)
  const trackers = await openTrackers(options, io)
  const onError = (error: unknown) => {
    reportError(error, io)
  }
  const hashing = new AbortController()
  const pool = new WorkerPool(NICENESS)
  const cacheAccess = await openMemory({ ...options, cache: true }, io)
  const engine = { ...engineFor(options, { ...io, signal: hashing.signal }), pool }
  try {
    const service = await startService({
      options: request,
      places: listenPlaces(options, io),
      hashContext: { cacheAccess, engine: { ...engine, isOffloaded: true } },
      maxHashing: options.maxHashing,
      trackers,
      log: new AccessLog({
        format: options.log,
        write: (lines) => io.stderr.write(lines),
        now: io.now,
      }),
      unusedFor: options.unusedFor,
      interrupt: () => {
        hashing.abort()
      },
      cacheSize: () => sizeOf(join(cachePath(options.cacheDir, io), CACHE_FILE)),
      onError,
    })
    io.onHangup(() => void trackers.refresh(true).catch(onError))
    const example = await findExample(request.mirror)
    io.stdout.write(greeting({ service, request, example, trackers: trackers.current().urls }))
    if (!io.signal.aborted) await once(io.signal, 'abort')
    await service.stop()
  } finally {
    hashing.abort()
    await pool.close()
    await cacheAccess.cache.close()
  }
}

/** Bytes of a file; none when it can't be looked at. */
async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  )
}
