import { parentPort, workerData } from 'node:worker_threads'
import type { CacheTrust } from '../core/digests/cache-trust.js'
import { BtkitError, type ErrorCode } from '../errors.js'
import { openCache } from '../library/cache.js'
import type { Progress } from '../library/task.js'
import { checkFiles } from './check.js'
import { completeDirectory } from './complete.js'
import { editTorrents, openTorrents } from './edit.js'
import { describePlan, makeAndDescribe, makeBytes } from './make.js'
import type { WorkContext } from './work-context.js'

/** The work that takes long, by name. Requests and results are plain data, and small. */
const WORK = {
  check: checkFiles,
  complete: completeDirectory,
  edit: editTorrents,
  make: makeAndDescribe,
  makeBytes,
  open: openTorrents,
  plan: describePlan,
}

/** The work that takes long, by name. */
export type WorkTable = typeof WORK
export type WorkRequest<Name extends keyof WorkTable> = Parameters<WorkTable[Name]>[0]
export type WorkResult<Name extends keyof WorkTable> = Awaited<ReturnType<WorkTable[Name]>>

/** The cache that all work shares. */
export interface ThreadSetup {
  /** The directory of the piece cache; null for none. */
  readonly cacheDirectory: string | null
  readonly cacheTrust: CacheTrust
}

/** A message to the thread: work, that it is cancelled, or the end. */
export type Order =
  | { readonly id: number; readonly name: keyof WorkTable; readonly request: unknown }
  | { readonly cancelled: number }
  | 'end'

/** A message from the thread. `fault` is a BtkitError, which no thread can send as it is. */
export type Told =
  | { readonly id: number; readonly progress: Progress }
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: unknown }
  | { readonly id: number; readonly fault: { readonly code: ErrorCode; readonly message: string } }
  | { readonly warning: string }
  | 'ended'

const tell = (message: Told) => parentPort?.postMessage(message)
const { cacheDirectory, cacheTrust } = workerData as ThreadSetup
const opening =
  cacheDirectory === null
    ? undefined
    : openCache(cacheDirectory, {
        trust: cacheTrust,
        onWarning: (warning) => tell({ warning }),
      })
const running = new Map<number, AbortController>()

parentPort?.on('message', (order: Order) => {
  if (order === 'end') void end()
  else if ('cancelled' in order) running.get(order.cancelled)?.abort()
  else void work(order)
})

async function work({ id, name, request }: Exclude<Order, 'end' | { cancelled: number }>) {
  const controller = new AbortController()
  running.set(id, controller)
  const act = WORK[name] as (request: unknown, context: WorkContext) => Promise<unknown>
  try {
    const result = await act(request, {
      cache: await opening,
      signal: controller.signal,
      tell: (progress) => tell({ id, progress }),
    })
    tell({ id, result })
  } catch (error) {
    const { message } = error as Error
    tell(error instanceof BtkitError ? { id, fault: { code: error.code, message } } : { id, error })
  } finally {
    running.delete(id)
  }
}

async function end() {
  await (await opening)?.close()
  tell('ended')
}
