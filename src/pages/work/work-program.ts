import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { LRUCache } from 'lru-cache'
import type { Change, Failure, Skip } from '../../core/complete/report.js'
import type { CacheTrust } from '../../core/digests/cache-trust.js'
import { torrentsAt } from '../../core/find-torrents.js'
import type { VerifiedFile, VerifyReport } from '../../core/verify/verify-report.js'
import { BtkitError, type ErrorCode } from '../../base/errors.js'
import { type Cache, openCache } from '../../library/cache.js'
import { editFiles } from '../../library/edit.js'
import { type TorrentChanges } from '../../library/changes.js'
import { completeDirectories, type CompleteOptions } from '../../library/complete.js'
import { makeTorrent, planTorrent } from '../../library/make.js'
import { lintTorrent, readTorrent } from '../../library/read.js'
import type { Progress, TellProgress } from '../../library/task.js'
import type { MakeOptions } from '../../library/torrent-options.js'
import { verifyTorrent } from '../../library/verify.js'
import type { Finding } from '../../metainfo/lint/metainfo.js'
import { magnetLink } from '../../metainfo/magnet.js'
import { labelledTexts } from '../../metainfo/fields.js'
import { contentSize, type MetainfoFile } from '../../metainfo/metainfo.js'
import { announceUrls } from '../../metainfo/trackers.js'
import { type Edited, editedOf, type Opened, openTorrent } from './opened.js'
import { type Excerpt, excerptOf, type Plan } from './results.js'
import { describeUploads } from './describe-uploads.js'
import { mapPieces, type PieceMap } from './piece-map.js'
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

/** The cache that all work shares. */
export interface ThreadSetup {
  /** The directory of the piece cache; null for none. */
  readonly cacheDirectory: string | null
  readonly cacheTrust: CacheTrust
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
  | { readonly fault: { readonly code: ErrorCode; readonly message: string } }

const { cacheDirectory, cacheTrust } = workerData as ThreadSetup
const opening =
  cacheDirectory === null
    ? undefined
    : openCache(cacheDirectory, {
        trust: cacheTrust,
        onWarning: (warning) => parentPort?.postMessage(warning),
      })

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
    const { message } = error as Error
    answer(
      error instanceof BtkitError
        ? { fault: { code: error.code, message } }
        : { error: error as Error },
    )
  }
}

/** The parts that all work of the thread shares. */
interface WorkContext {
  /** The piece cache; undefined for none. */
  readonly cache: Cache | undefined
  readonly signal: AbortSignal
  readonly tell: TellProgress
}

/** A torrent, and where its files are. */
interface CheckRequest {
  readonly torrent: string
  readonly data: string
  readonly threads: number | undefined
}

/** The result of a check, as its page shows it. */
export interface Checked {
  readonly report: Pick<VerifyReport, 'place' | 'ok' | 'pieces' | 'badPieces' | 'uncheckedPieces'>
  /** Number of all files. */
  readonly files: number
  /** The files that are listed: bad ones first. */
  readonly listed: readonly VerifiedFile[]
  readonly map: PieceMap
  /** The states that any file is in. */
  readonly states: ReadonlySet<VerifiedFile['status']>
}

/** The most files that are listed. */
const MOST_FILES = 1000

/**
 * Compares files with their torrent.
 * @throws BtkitError as readTorrent and verifyTorrent
 */
async function checkFiles(
  { torrent, data, threads }: CheckRequest,
  { cache, signal, tell }: WorkContext,
): Promise<Checked> {
  const metainfo = await readTorrent(torrent, { signal })
  const options = { cache, threads, signal, onProgress: tell }
  const { files, ...report } = await verifyTorrent(metainfo, data, options)
  const unsure = files.filter(({ status }) => status === 'unchecked')
  const good = files.filter(({ status }) => status === 'ok')
  const bad = files.filter(({ status }) => status !== 'ok' && status !== 'unchecked')
  const { place, ok, pieces, badPieces, uncheckedPieces } = report
  return {
    report: { place, ok, pieces, badPieces, uncheckedPieces },
    files: files.length,
    listed: [...bad, ...unsure, ...good].slice(0, MOST_FILES),
    map: mapPieces(metainfo, files),
    states: new Set(files.map(({ status }) => status)),
  }
}

/** The names of the entries that get torrents: only some, or all except some. */
export interface EntryChoice {
  readonly only?: readonly string[]
  readonly except?: readonly string[]
}

/** A directory, and how its torrents are made. */
interface CompleteRequest extends EntryChoice {
  readonly path: string
  readonly options: CompleteOptions
}

/** The most entries of a kind that are listed. */
const MOST_CHANGES = 2000

/** A torrent that is written or removed, as a page lists it. */
export interface ListedChange extends Pick<
  Change,
  'source' | 'torrent' | 'infoHash' | 'infoHashV2'
> {
  /** Bytes of its content; null if that was not measured. */
  readonly size: number | null
}

/** The result of a run, as its page shows it. */
export interface Completed {
  readonly created: Excerpt<ListedChange>
  readonly updated: Excerpt<ListedChange>
  readonly adopted: Excerpt<ListedChange>
  readonly removed: Excerpt<ListedChange>
  readonly skipped: Excerpt<Pick<Skip, 'source' | 'reason'>>
  readonly failed: Excerpt<Pick<Failure, 'source' | 'message'>>
  readonly unchanged: number
  readonly bytesHashed: number
  readonly bytesReused: number
}

/**
 * Makes and updates the torrents of a directory's entries.
 * @throws BtkitError as completeDirectories
 */
async function completeDirectory(
  { path, options, only, except }: CompleteRequest,
  { cache, signal, tell }: WorkContext,
): Promise<Completed> {
  const left = except && new Set(except)
  const entries = left ? readdirSync(path).filter((name) => !left.has(name)) : only
  const running = { cache, signal, onProgress: tell }
  const report = await completeDirectories(path, { ...options, ...running, entries })
  const { created, updated, adopted, removed, skipped, failed } = report
  const { unchanged, bytesHashed, bytesReused } = report
  return {
    created: listChanges(created),
    updated: listChanges(updated),
    adopted: listChanges(adopted),
    removed: listChanges(removed),
    skipped: list(skipped, ({ source, path = '', reason }) => ({
      source: join(source, path),
      reason,
    })),
    failed: list(failed, ({ source, message }) => ({ source, message: inWords(message) })),
    unchanged,
    bytesHashed,
    bytesReused,
  }
}

/** Pages have a box where commands have an option. */
function inWords(message: string): string {
  return message.replace(/ \(--force replaces it\)/, '; a box of the form allows to replace it')
}

function listChanges(changes: readonly Change[]): Excerpt<ListedChange> {
  return list(changes, ({ source, torrent, infoHash, infoHashV2, pieces }) => {
    return { source, torrent, infoHash, infoHashV2, size: pieces?.size ?? null }
  })
}

/** Some properties of the first elements: a thread can't send those that are computed. */
function list<T, Listed>(all: readonly T[], propertiesOf: (each: T) => Listed): Excerpt<Listed> {
  const { first, count } = excerptOf(all, MOST_CHANGES)
  return { first: first.map(propertiesOf), count }
}

/** Torrents above this size in bytes are remembered, because reading them takes a while. */
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
  const state = stateOf(file)
  const known = large.get(file)
  if (known?.state === state) return known.opened
  const metainfo = await readTorrent(file)
  const opened = openTorrent(file, metainfo)
  if (metainfo.bytes.length > LARGE) large.set(file, { state, opened })
  return opened
}

/** Distinguishes the states of a file; empty if there is none. */
function stateOf(file: string): string {
  const stats = statSync(file, { bigint: true, throwIfNoEntry: false })
  return stats ? [stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(' ') : ''
}

/** Torrents, and what is changed in them. */
interface EditRequest {
  readonly files: readonly string[]
  readonly changes: TorrentChanges
  /** Whether to write nothing. */
  readonly isDry: boolean
}

/**
 * Edits torrents. Returns those that changed or failed.
 * @throws BtkitError `usage` for bad changes
 */
export async function editTorrents(
  { files, changes, isDry }: EditRequest,
  { signal }: WorkContext,
): Promise<Edited[]> {
  const edited: Edited[] = []
  for await (const outcome of editFiles(files, changes, { dryRun: isDry, signal }))
    edited.push(...editedOf(outcome))
  return edited
}

/** A file or directory, and how its torrent is made. */
interface MakeRequest {
  readonly source: string
  readonly options: MakeOptions
}

/** A torrent that was made, as its page shows it. */
export interface DescribedTorrent {
  readonly infoHash: string | null
  readonly infoHashV2: string | null
  readonly bytesHashed: number
  readonly magnet: string
  readonly findings: Excerpt<Finding>
}

/** The most trackers, and web seeds, that are listed. */
const MOST_URLS = 100

/** The most findings, or entries that are left out, that are listed. */
const MOST_FINDINGS = 200

/**
 * Makes and describes a torrent.
 * @throws BtkitError as makeTorrent
 */
async function makeAndDescribe(
  { source, options }: MakeRequest,
  { cache, signal, tell }: WorkContext,
): Promise<DescribedTorrent> {
  const made = await makeTorrent(source, { ...options, cache, signal, onProgress: tell }).catch(
    (error: unknown) => {
      throw error instanceof BtkitError && error.code === 'exists' ? noTorrent(options) : error
    },
  )
  const { infoHash, infoHashV2, bytesHashed, bytes } = made
  const metainfo = await readTorrent(bytes, { maxSize: bytes.length })
  const findings = excerptOf(await lintTorrent(metainfo), MOST_FINDINGS)
  return { infoHash, infoHashV2, bytesHashed, magnet: magnetLink(metainfo), findings }
}

/** A torrent as its page shows it. */
export interface LookedAt extends Omit<DescribedTorrent, 'bytesHashed'> {
  readonly name: string
  readonly size: number
  readonly pieces: number
  readonly pieceLength: number
  readonly isPrivate: boolean
  readonly trackers: readonly string[]
  readonly webSeeds: readonly string[]
  /** Texts beside `info`, with their labels. */
  readonly texts: readonly (readonly [label: string, text: string])[]
  /** Milliseconds since 1970. */
  readonly createdMs: number | null
  readonly files: Excerpt<Pick<MetainfoFile, 'path' | 'length'>>
}

/**
 * Describes a torrent on disk.
 * @throws BtkitError as readTorrent
 */
async function lookAtTorrent(torrent: string, { signal }: WorkContext): Promise<LookedAt> {
  const metainfo = await readTorrent(torrent, { signal })
  const { name, infoHash, infoHashV2, creationDate } = metainfo
  const files = metainfo.files.filter(({ padding }) => !padding)
  return {
    name,
    infoHash,
    infoHashV2,
    texts: labelledTexts(metainfo),
    size: contentSize(metainfo),
    pieces: metainfo.pieceCount,
    pieceLength: metainfo.pieceLength,
    isPrivate: metainfo.private,
    trackers: announceUrls(metainfo).slice(0, MOST_URLS),
    webSeeds: [...(metainfo.webSeeds ?? []), ...(metainfo.httpSeeds ?? [])].slice(0, MOST_URLS),
    createdMs: creationDate === null ? null : 1000 * creationDate,
    magnet: magnetLink(metainfo),
    files: list(files, ({ path, length }) => ({ path, length })),
    findings: excerptOf(await lintTorrent(metainfo), MOST_FINDINGS),
  }
}

function noTorrent({ output }: MakeOptions): BtkitError {
  return new BtkitError(
    'exists',
    `${output ?? ''}: not a torrent, so it is kept; save under another name`,
  )
}

/**
 * Makes a torrent and returns its bytes.
 * @throws BtkitError as makeTorrent
 */
export async function makeBytes(
  { source, options }: MakeRequest,
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
  { source, options }: MakeRequest,
  { signal }: WorkContext,
): Promise<Plan> {
  const plan = await planTorrent(source, { ...options, signal })
  return { ...plan, skipped: excerptOf(plan.skipped, MOST_FINDINGS) }
}
