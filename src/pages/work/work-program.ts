import { fingerprintOf } from '../../disk/file-lists/fingerprint.js'
import { stampOf } from '../../disk/look/stat-files.js'
import { statSync } from 'node:fs'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { LRUCache } from 'lru-cache'
import { torrentsAt } from '../../core/find-torrents.js'
import { BtkitError } from '../../base/errors.js'
import { openCache } from '../../library/cache.js'
import { editFiles } from '../../library/edit.js'
import { type TorrentChanges } from '../../library/changes.js'
import { makeTorrent, planTorrent } from '../../library/make.js'
import { readTorrent } from '../../library/read.js'
import type { Progress } from '../../library/task.js'
import { describeUploads } from './describe-uploads.js'
import { checkFiles, completeDirectory, lookAtTorrent, makeAndDescribe } from './gui-work.js'
import { type Edited, editedOf, type Opened, openTorrent } from './opened.js'
import {
  excerptOf,
  type SourceRequest,
  MOST_FINDINGS,
  type Plan,
  type WorkContext,
} from './results.js'
import { type SeedRequest, seedTorrent } from './seed-torrent.js'

/** The work that takes long, by name. Requests and results are plain data, and small. */
const WORK = {
  check: checkFiles,
  closeCache: async (_: null, { cache }: WorkContext) => cache?.close(),
  complete: completeDirectory,
  describeUploads,
  edit: editTorrents,
  look: lookAtTorrent,
  make: makeAndDescribe,
  makeBytes,
  open: openTorrents,
  plan: describePlan,
  seed: (request: SeedRequest, { cache, signal, tell }: WorkContext) => {
    return seedTorrent(request, { cache, signal, onProgress: tell })
  },
  /** The torrents directly in directories, and other paths as they are. */
  torrentsAt: (paths: readonly string[]) => torrentsAt(paths, ''),
}

/** The work that takes long, by name. */
export type WorkTable = typeof WORK
export type ThreadRequest<Name extends keyof WorkTable> = Parameters<WorkTable[Name]>[0]
export type WorkResult<Name extends keyof WorkTable> = Awaited<ReturnType<WorkTable[Name]>>

/** The fields that errors of some work are about if they name no other one. */
const FIELDS: Partial<Record<keyof WorkTable, string>> = {
  check: 'data',
  complete: 'path',
  look: 'torrent',
  make: 'path',
  makeBytes: 'path',
  plan: 'path',
}

/** Work for the thread. Any message to `port` cancels it. */
export interface Order {
  readonly name: keyof WorkTable
  readonly request: unknown
  readonly port: MessagePort
}

/** A message from work. `fault` is a BtkitError, which no thread can send as it is. */
export type WorkMessage =
  | { readonly progress: Progress }
  | { readonly result: unknown }
  | { readonly error: Error }
  | { readonly fault: Pick<BtkitError, 'code' | 'field' | 'message'> }

// The cache that all work shares
const cacheDirectory = workerData as string | null
const opening =
  cacheDirectory === null
    ? undefined
    : openCache(cacheDirectory, { onWarning: (warning) => parentPort?.postMessage(warning) })

parentPort?.on('message', (order: Order) => void work(order))

async function work({ name, request, port }: Order): Promise<void> {
  const answer = (message: WorkMessage) => {
    port.postMessage(message)
  }
  const controller = new AbortController()
  port.on('message', () => {
    controller.abort()
  })
  const act = WORK[name] as (request: unknown, context: WorkContext) => Promise<unknown>
  try {
    const result = await act(request, {
      cache: await opening,
      signal: controller.signal,
      tell: (progress) => {
        answer({ progress })
      },
    })
    answer({ result })
  } catch (error) {
    if (!(error instanceof BtkitError)) answer({ error: error as Error })
    else {
      const { code, field = FIELDS[name], message } = error
      answer({ fault: { code, field, message } })
    }
  }
}

/** Torrents above this size in bytes are remembered: one of 100,000 files takes 0.6 s to read. */
const LARGE = 1024 * 1024

/** The most torrents that are remembered. */
const MOST_LARGE = 100

const large = new LRUCache<string, { readonly state: string; readonly opened: Opened }>({
  max: MOST_LARGE,
})

/**
 * Reads the values of torrents for a form.
 * @throws BtkitError as readTorrent, and `too-large`
 */
export async function openTorrents(files: readonly string[]): Promise<Opened[]> {
  const opened: Opened[] = []
  // One at a time, because each may take much memory while it is read
  for (const file of files) opened.push(await open(file))
  return opened
}

/** Opens a torrent; a large one is not read again until it changes. */
async function open(file: string): Promise<Opened> {
  const stats = statSync(file, { bigint: true, throwIfNoEntry: false })
  const state = stats ? stampOf(fingerprintOf(stats)) : ''
  const known = large.get(file)
  if (known?.state === state) return known.opened
  const metainfo = await readTorrent(file)
  const opened = openTorrent(file, metainfo)
  if (metainfo.bytes.length > LARGE) large.set(file, { state, opened })
  return opened
}

/**
 * Edits torrents, or writes nothing if `isDry`. Returns those that changed or failed.
 * @throws BtkitError `usage` for bad changes
 */
export async function editTorrents(
  { files, changes, isDry }: { files: readonly string[]; changes: TorrentChanges; isDry: boolean },
  { signal }: WorkContext,
): Promise<Edited[]> {
  const edited: Edited[] = []
  for await (const outcome of editFiles(files, changes, { dryRun: isDry, signal }))
    edited.push(...editedOf(outcome))
  return edited
}

/**
 * Makes a torrent and returns its bytes.
 * @throws BtkitError as makeTorrent
 */
export async function makeBytes(
  { source, options }: SourceRequest,
  { cache, signal, tell }: WorkContext,
): Promise<Uint8Array> {
  const { bytes } = await makeTorrent(source, { ...options, cache, signal, onProgress: tell })
  return bytes
}

/**
 * Describes a torrent without making it.
 * @throws BtkitError as planTorrent
 */
async function describePlan(
  { source, options }: SourceRequest,
  { signal }: WorkContext,
): Promise<Plan> {
  const plan = await planTorrent(source, { ...options, signal })
  return { ...plan, skipped: excerptOf(plan.skipped, MOST_FINDINGS) }
}
