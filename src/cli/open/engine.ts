import { availableParallelism } from 'node:os'
import type { Decided } from '../configuration/parse.js'
import { cacheAccessFor, type CacheArguments, closeCache } from './cache.js'
import type { ShareArguments } from '../options/share.js'
import { openWorkers, shareRequest } from './share.js'
import { withWorkers } from '../../fleet/access.js'
import type { Engine, HashContext } from '../../core/digests/hash-content.js'
import { chooseKernel } from '../../disk/hash/kernels.js'
import { createThrottle } from '../../disk/hash/jobs/job.js'
import type { Io } from '../io.js'
import type { Reading } from '../../core/make/make-group.js'
import { Report } from '../output/report.js'
import { count } from '../../base/text/quantity.js'

export interface EngineOptions {
  /** Default: one for each processor. */
  readonly threads?: number | undefined
  /** In bytes per second. */
  readonly maxRate?: number | undefined
  /** Whether to omit warnings. */
  readonly quiet?: boolean | undefined
}

/** A lower rate, in bytes per second, probably lacks its unit. */
const SLOWEST_RATE = 64 * 1024

/**
 * Creates the hash engine for a command line. Warns about implausibly low rates.
 * @throws BtkitError `usage` if BTKIT_HASH is not a kernel, `kernel` if this machine cannot run it
 */
export function engineFor(
  { threads = availableParallelism(), maxRate, quiet }: EngineOptions,
  io: Io,
): Engine {
  const { env, signal } = io
  if (!quiet && maxRate !== undefined && maxRate < SLOWEST_RATE) {
    new Report({}, io).alert(
      `--max-rate: only ${count(maxRate, 'byte')} per second; write 20M for 20 MiB per second`,
    )
  }
  if (env['BTKIT_HASH']) chooseKernel(env['BTKIT_HASH'])
  const throttle = maxRate === undefined ? undefined : createThrottle(maxRate)
  return { threads, throttle, signal, pool: io.shared?.pool }
}

/** Does work that hashes files, with the engine and the open cache that its options choose. */
export async function withHashContext<T>(
  options: EngineOptions & CacheArguments,
  io: Io,
  work: (context: HashContext) => Promise<T>,
): Promise<T> {
  const engine = engineFor(options, io)
  const cacheAccess = cacheAccessFor(options, io)
  try {
    await cacheAccess.cache.wake()
    return await work({ engine, cacheAccess })
  } finally {
    await closeCache(cacheAccess, io)
  }
}

/**
 * Does the same together with the machines and workers that the options name. The work itself wakes
 * the cache.
 * @throws BtkitError `usage`, before the work begins, and as the work
 */
export async function withMachines<T>(
  options: EngineOptions & CacheArguments & ShareArguments,
  typed: readonly Decided[],
  io: Io,
  work: (context: HashContext) => Promise<T>,
): Promise<T> {
  const engine = engineFor(options, io)
  const shareWith = shareRequest(options, typed, io)
  const workers = await openWorkers(options, typed, io)
  const own = cacheAccessFor({ ...options, shareWith }, io)
  const cacheAccess = workers ? withWorkers(own, workers) : own
  try {
    return await work({ engine, cacheAccess })
  } finally {
    await workers?.close()
    await closeCache(cacheAccess, io)
  }
}

/** Shows a bar while work hashes with a context. */
export function readingWith(context: HashContext, { progress }: Pick<Report, 'progress'>): Reading {
  return async (total, work) => {
    const bar = await progress(total)
    try {
      return await work({ ...context, engine: { ...context.engine, onProgress: bar?.update } })
    } finally {
      bar?.stop()
    }
  }
}
