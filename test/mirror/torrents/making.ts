import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { openCache } from '../../../src/disk/cache/open.js'
import type { Content } from '../../../src/core/digests/content.js'
import type { Throttle } from '../../../src/disk/hash/jobs/job.js'
import { WorkerPool } from '../../../src/disk/hash/jobs/worker-pool.js'
import { openAdmission } from '../../../src/mirror/app/admission.js'
import { MemoryPool } from '../../../src/server/admission/memory.js'
import { Queue } from '../../../src/server/admission/queue.js'
import { FIXED_LIMITS } from '../../../src/mirror/options.js'
import { Maker, type MirrorSource, type TorrentWork } from '../../../src/mirror/torrents/make.js'
import { NotReady } from '../../../src/server/headers/refusal.js'
import { hashContext } from '../../core/requests.js'
import { aheadOfFiles } from '../../support/mirror.js'
import { makeScratch } from '../../support/scratch.js'

interface Limits {
  readonly limit: number
  readonly maxPerClient: number
  readonly small?: number
}

/** A maker of torrents with a cache of its own, and the queue in which it hashes. */
export async function openMaking(t: TestContext, limits: Limits) {
  const cache = await openCache({ directory: makeScratch(t), now: Date.now, warn: assert.ifError })
  t.after(() => cache.close())
  const pool = new WorkerPool()
  t.after(() => pool.close())
  const cacheAccess = { cache, trust: 'full' as const, now: aheadOfFiles }
  const { engine } = hashContext({ pool, isOffloaded: true })
  const hashing = new Queue({ maxWaiting: 10, small: 64 * 2 ** 20, ...limits })
  const rest = { maxFiles: 100, maxHashing: 1, maxReads: 1, wait: 1000 }
  const { planner } = openAdmission({ ...FIXED_LIMITS, ...rest })
  const context = { engine, cacheAccess }
  const world = { monotonic: () => 0, warn: assert.ifError }
  const maker = new Maker(planner, hashing, context, { minAge: 0 }, world)
  return { maker, hashing, context }
}

/** The source of a torrent whose content is known. */
export function sourceOf(content: Content): MirrorSource {
  const found = {
    content,
    options: { private: false, sourceTag: null },
    state: null,
    directory: null,
    omitted: [],
  }
  return { key: content.name, effort: null, look: () => Promise.resolve(found) }
}

/** Work that is wanted until it is ended; that of nobody if it has a throttle. */
export function workFor(throttle?: Throttle): TorrentWork & { readonly end: () => void } {
  const memory = new MemoryPool({ bytes: 1000, bytesPerClient: 1000 }).open(null)
  const working = new AbortController()
  return {
    client: null,
    first: { client: null, ...(throttle && { ahead: { throttle } }) },
    signal: working.signal,
    memory,
    progress: null,
    end: () => {
      working.abort(new NotReady('gone', 1))
    },
  }
}

/** Waits for a condition that other work of this process brings about. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await setImmediate()
}
