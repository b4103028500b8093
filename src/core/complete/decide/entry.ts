import { lstatSync, readlinkSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { latin1 } from '../../../base/bytes.js'
import { BtkitError } from '../../../base/errors.js'
import { trace } from '../../../base/text/trace.js'
import { childPath, isWithin } from '../../../disk/look/inside.js'
import { openEntry, loadNameFilter, type OpenedDirectory } from '../../../disk/scan/entry.js'
import { isSuspect } from '../../../disk/look/read-names.js'
import { fingerprintAt } from '../../../disk/write/directory.js'
import { scanTree } from '../../../disk/scan/scan-tree.js'
import { isUnfinishedName, mayHaveUnfinished } from '../../../disk/scan/unfinished.js'
import { FileColumns } from '../../../disk/file-lists/columns.js'
import type { Fingerprint } from '../../../disk/file-lists/fingerprint.js'
import {
  bytesOf,
  backslashedPaths,
  contentOfTree,
  cutIntoPieces,
  excludeOutput,
  type Content,
  type Tree,
  type UncutContent,
} from '../../digests/content.js'
import { timesOf } from '../../../disk/cache/trust.js'
import type { Skipped } from '../../digests/skipped.js'
import { infoInput, InfoRequest } from '../../digests/info.js'
import { decideLists, findUndecided, type ListDecisions } from './lists.js'
import { decideTorrent } from './torrent.js'
import { pathsOf, torrentName, type DirectoryEntry } from '../target/directories.js'
import { readExisting } from './existing.js'
import { planStated } from '../../make/from-streams.js'
import {
  type CommonRequest,
  measureTorrent,
  refusalsOf,
  refuseHuge,
} from '../../make/make-torrent.js'
import {
  choosePieces,
  pieceFacts,
  type PieceChoice,
  type PieceFacts,
} from '../../make/piece-choice.js'
import type { SkipReason } from '../report.js'
import type { CompleteRun, WritingRun } from '../request.js'
import type { RemotePlace } from '../target/remote-place.js'
import type { FileDecision, FileSkip } from '../target/own-file.js'
import { isUntouched, torrentInput, whyTouched, type UnchangedEntries } from './unchanged.js'

/** The decision about an entry. */
export interface EntryDecision extends ListDecisions {
  readonly torrent: FileSkip<SkipReason> | FileDecision
  /** Bytes of the content, and how many of them were hashed for the torrent. */
  readonly size: number
  readonly bytesHashed: number
  /** The piece length and its reason; null if not needed. */
  readonly pieces: PieceFacts | null
  /** The paths in it that its torrent lacks, if that is to be written. */
  readonly leftOut: readonly Skipped[]
  /** Whether the file at a path in it changed since the torrent that is there was written. */
  readonly isNewer: (path: string) => boolean
  /** Why clients will refuse its torrent, if that is to be written. */
  readonly refusals: readonly string[]
}

/** The longest file name that file systems accept, in bytes. */
const LONGEST_NAME = 255

const UNREAD = {
  size: 0,
  bytesHashed: 0,
  lists: [],
  bytesRead: 0,
  pieces: null,
  leftOut: [],
  isNewer: () => false,
  refusals: [],
}

/** So few files and pieces make no torrent that clients refuse, unless the pieces are too long. */
const FEW = 10_000
const USUAL_PIECE = 2 ** 24

/**
 * Decides about one entry of a directory, and computes the digests for that.
 *
 * 1. The input, a digest of the files' states and of the options, is compared with that of the
 *    record. If it is the same, and nobody changed the torrent, the entry is done: only metadata
 *    was read.
 * 2. A file that changed a moment ago waits for another run.
 * 3. Otherwise the torrent that is there is read, and `decideTorrent` says whether it is kept,
 *    edited, replaced or left to whoever made it. For that it hashes what the cache does not know.
 * 4. Lists of checksums are decided at the same time, from the same reading.
 *
 * @throws BtkitError if the entry cannot be read or its torrent could not be written
 */
export async function decideEntry(
  entry: DirectoryEntry,
  opened: OpenedContent,
  run: WritingRun,
): Promise<EntryDecision> {
  const { name, directory } = entry
  const { request } = run
  if ('kind' in opened) return { ...UNREAD, torrent: opened }
  const { content, pieces: choice } = opened
  const target = directory.targetDirectory
  const file = torrentName(name)
  const { source: shown } = pathsOf(name, directory)
  const source = directory.place + name
  if (Buffer.byteLength(file) > LONGEST_NAME) {
    const why = `with .torrent the name would be longer than ${LONGEST_NAME} bytes`
    throw new BtkitError('bad-name', `${shown}: ${why}`)
  }
  const infoRequest = new InfoRequest(content, request.common, run.hashContext.cacheAccess.trust)
  const input = torrentInput(content, () => infoRequest.input, run)
  const record = target.log.get(file)
  const place = { directory: target.directory, name: file }
  const own = { target, file, place, source, record, input, run }
  const found = fingerprintAt(place)
  const isDone = !request.force && isUntouched(own, found)
  trace(
    () =>
      `${shown}: ${isDone ? 'unchanged' : request.force ? '--force' : whyTouched(own, content.isDirectory)}`,
  )
  const lists = findUndecided(name, own)
  const size = bytesOf(content)
  const done: EntryDecision = { ...UNREAD, torrent: { kind: 'keep' }, size }
  if (isDone && lists.length === 0) return done
  if (isTooNew(content.files, run)) {
    return isDone ? done : { ...UNREAD, torrent: { kind: 'skip', reason: 'too new' } }
  }
  const { backslashed } = run.report
  const told = backslashedPaths(content)
  backslashed.count += told.length
  backslashed.first ??= told[0] ?? null
  const { cache } = run.hashContext.cacheAccess
  if (!cache.keepsAnything) await cache.wake()
  if (isDone) return { ...done, ...(await decideLists(lists, content)) }
  const existing = readExisting(place, found)
  const undecided = { own: { ...own, existing }, infoRequest, bytesHashed: 0 }
  const deciding = decideTorrent(undecided)
  const pieces = request.dryRun ? pieceFacts(content, choice) : null
  // Both read the files at the same time, so that data read by one is in memory for the other; from
  // a server, a file is read once for both
  const listing = directory.remote
    ? deciding.then(() => decideLists(lists, content))
    : decideLists(lists, content)
  await Promise.allSettled([deciding, listing])
  const torrent = await deciding
  const { bytesHashed } = undecided
  const isUsual = content.files.length + content.pieceCount <= FEW
  const isWritten = torrent.kind === 'write' && torrent.isAdopted !== true
  const mayBeRefused = isWritten && !(isUsual && content.pieceLength <= USUAL_PIECE)
  const refusals = mayBeRefused ? refusalsOf({ request: request.common, content }) : []
  const leftOut = content.skipped
  const isNewer = (path: string) => found !== null && isNewerFile(content.files, path, found)
  return { torrent, size, bytesHashed, ...(await listing), pieces, leftOut, isNewer, refusals }
}

/**
 * Returns the bytes of an entry that is no plain file if neither it nor any file that is made of it
 * changed, else null. Only metadata is read.
 */
export async function unchangedDirectory(
  entry: DirectoryEntry,
  unchanged: UnchangedEntries,
  run: CompleteRun,
): Promise<number | null> {
  if (!unchanged.hasTorrent(entry.name)) return null
  if (entry.directory.remote?.isKnown(entry.name) === false) return null
  try {
    const content = await findContent(entry, run, unchanged.isDirectory(entry.name))
    if ('kind' in content) return null
    const { common } = run.request
    const { pieceLength } = choose(content, common)
    const { trust } = run.hashContext.cacheAccess
    const input = () => infoInput({ ...content, pieceLength }, common, trust)
    return unchanged.hasInput(entry.name, torrentInput(content, input, run))
      ? content.files.size
      : null
  } catch (error) {
    // Reported when the entry is completed
    if (!(error instanceof BtkitError)) throw error
    return null
  }
}

/** The content of an entry, or why it has none. */
export type OpenedContent =
  | { readonly content: Content; readonly pieces: PieceChoice }
  | FileSkip<SkipReason>

/**
 * Returns the content of an entry's torrent, or why there is none.
 * @throws BtkitError if the entry cannot be read, or its torrent would be too large
 */
export async function openContent(entry: DirectoryEntry, run: CompleteRun): Promise<OpenedContent> {
  const found = await findContent(entry, run)
  if ('kind' in found) return found
  const { common } = run.request
  const pieces = choose(found, common)
  const content = cutIntoPieces(found, pieces.pieceLength)
  // A server may claim any length
  const { remote } = entry.directory
  if (remote) refuseHuge({ request: common, content }, remote.arrivalOf(entry.name).place)
  return { content, pieces }
}

function choose(content: UncutContent, common: CommonRequest): PieceChoice {
  return choosePieces(content, common, (cut) => measureTorrent({ request: common, content: cut }))
}

/**
 * Returns the content of an entry's torrent before it is divided, or why there is none. An entry
 * that was listed as a directory just now needs no look.
 * @throws BtkitError if the entry cannot be read
 */
async function findContent(
  { name, directory }: DirectoryEntry,
  run: CompleteRun,
  isListedDirectory = false,
): Promise<UncutContent | FileSkip<SkipReason>> {
  const { common, prune } = run.request
  const { scan, version, isAligned, order } = common
  const { realDirectory, targetDirectory, remote } = directory
  if (remote) return findRemote(name, remote.arrivalOf(name), common)
  const root = childPath(realDirectory, name)
  const entry = isListedDirectory
    ? ({ kind: 'directory', absolutePath: root } as const)
    : openEntry(name, { policy: scan.links, realRoot: realDirectory })
  if (entry.kind === 'skipped') {
    const isEmptied = entry.reason === 'broken link' && isNeighbourGone(root)
    return { kind: 'skip', reason: entry.reason, isEmptied }
  }
  const { absolutePath } = entry
  if (absolutePath === targetDirectory.directory.path) return { kind: 'skip', reason: 'the target' }
  let tree: Tree
  if (entry.kind === 'directory') {
    const { path: target } = targetDirectory.directory
    const output = isWithin(target, absolutePath) ? target : null
    tree = excludeOutput(await scanDirectory(root, entry, run), output)
  } else {
    const { fingerprint, attributes } = entry
    const file = { path: [name], absolutePath, fingerprint }
    const files = FileColumns.of([scan.attributes ? { ...file, attributes } : file])
    tree = { root, isDirectory: false, files, skipped: [] }
  }
  const { files, skipped } = tree
  if (entry.kind === 'directory' && !scan.all && hasUnfinished(files))
    return { kind: 'skip', reason: 'unfinished' }
  if (files.findIndex((i) => files.sizeAt(i) > 0) >= 0)
    return contentOfTree(tree, { version, name, isAligned, order })
  if (isTooNew(files, run)) return { kind: 'skip', reason: 'too new' }
  const isAnySkipped = (why: Skipped['reason']) =>
    files.length === 0 && skipped.some(({ reason }) => reason === why)
  if (isAnySkipped('not included')) return { kind: 'skip', reason: 'not included' }
  const reason = isAnySkipped('hidden') ? 'hidden' : 'empty'
  // A directory without any files may be an unmounted disk
  return { kind: 'skip', reason, isEmptied: files.length > 0 || prune === 'always' }
}

/**
 * Returns the content of an entry of a list.
 * @throws BtkitError as planStreams
 */
function findRemote(
  name: string,
  arrival: ReturnType<RemotePlace['arrivalOf']>,
  common: CommonRequest,
): UncutContent | FileSkip<SkipReason> {
  if (arrival.files.every(({ length }) => length === 0))
    return { kind: 'skip', reason: 'empty', isEmptied: true }
  return planStated(arrival, { ...common, name })
}

/**
 * Whether a broken link leads, perhaps by other links, to a name in its own directory that is gone.
 * No unmounted disk can hide that.
 */
function isNeighbourGone(link: string): boolean {
  const target = readlinkSync(link)
  if (target !== basename(target)) return false
  const path = childPath(dirname(link), target)
  const stats = lstatSync(path, { throwIfNoEntry: false })
  return stats === undefined || (stats.isSymbolicLink() && isNeighbourGone(path))
}

/**
 * Scans the files of a directory, except btkit's own. One whose own name is included is included
 * completely.
 */
async function scanDirectory(
  root: string,
  { absolutePath: path, stats }: OpenedDirectory,
  { request, isOwnFile }: CompleteRun,
): Promise<Tree> {
  const { scan } = request.common
  const name = basename(root)
  const filter = scan.include.length > 0 ? await loadNameFilter(scan) : undefined
  const isIncluded = [name, `${name}/`].some((each) => filter?.includes(each))
  const options = isIncluded ? { ...scan, include: [] } : scan
  // A real path that Node mangled leads nowhere
  const scanned = await scanTree(root, options, isSuspect(path) ? undefined : { path, stats })
  const { files } = scanned
  return { ...scanned, files: files.filter((i) => !isOwnFile(files.absolutePathAt(i))) }
}

/** Whether any file is a part of an unfinished download, as clients have them in its directory. */
function hasUnfinished(files: FileColumns): boolean {
  const { names } = files.store
  if (!mayHaveUnfinished(latin1(names.used))) return false
  return files.findIndex((i) => isUnfinishedName(names.textAt(files.rowAt(i)))) >= 0
}

function isNewerFile(files: FileColumns, path: string, { mtimeNs }: Fingerprint): boolean {
  const number = files.findIndex((i) => files.pathAt(i).join('/') === path)
  return number >= 0 && timesOf(files.fingerprintAt(number), 'full').some((time) => time > mtimeNs)
}

/** Whether any file changed recently: its writer may not have finished. */
function isTooNew(files: FileColumns, { request, hashContext }: CompleteRun): boolean {
  if (request.minAgeSeconds === 0) return false
  const ageNs = BigInt(request.minAgeSeconds) * 1_000_000_000n
  const { now, trust } = hashContext.cacheAccess
  const nowNs = BigInt(Math.floor(now())) * 1_000_000n
  for (const { fingerprint } of files)
    for (const time of timesOf(fingerprint, trust))
      if (time > nowNs - ageNs && time < nowNs + ageNs) return true
  return false
}
