import { namesOf, requireChecksums, type ListedChecksum } from './streamed-file.js'
import pLimit from 'p-limit'
import { BtkitError, usageError } from '../../base/errors.js'
import { claimTarget, writeAtomically } from '../../disk/write/atomically.js'
import { Writer } from '../../disk/write/many.js'
import { join } from '../../metainfo/bencode/encode.js'
import type { ChecksumName } from '../checksums/list.js'
import {
  checkLists,
  listsBeside,
  writeLists,
  type ChecksumList,
  type ListedFile,
} from '../checksums/lists.js'
import { obtainChecksums } from '../checksums/obtain.js'
import type { HashContext } from '../digests/hash-content.js'
import { ReplacedTorrent } from '../replaced-torrent.js'
import { compareWithTarget, type TargetDifference } from './compare-with-target.js'
import { planStreams, readStreams, type Arrival, type NamedRequest } from './from-streams.js'
import {
  checkOutput,
  hashTorrent,
  makeVariant,
  measureTorrent,
  planTorrent,
  planVariant,
  writeTorrent,
  type HashedTorrent,
  type TorrentPlan,
  type Write,
  type WrittenTorrent,
} from './make-torrent.js'

/** The torrents of one content. They differ in source tags, trackers and other keys. */
export interface MakeGroup {
  readonly torrents: readonly [NamedRequest, ...NamedRequest[]]
  /** The lists of checksums to write beside the first torrent. */
  readonly checksums: readonly ChecksumName[]
  /** By their paths in the torrent, the checksums that files on a disk must have. */
  readonly stated?: ReadonlyMap<string, readonly ListedChecksum[]> | undefined
  /** The content, if it is on no disk. Without a length it has no dry run. */
  readonly arrival?: Arrival | undefined
  /** To write nothing, but compare the torrents with the files in their places. */
  readonly comparison?: { readonly isDated: boolean } | undefined
}

/** Does work that hashes `total` bytes, or any number for null. */
export type Reading = <T>(
  total: number | null,
  work: (context: HashContext) => Promise<T>,
) => Promise<T>

/** How a group is made, and what receives its plan and reports. */
interface Making {
  /** Null for a dry run: then files are listed, and nothing is read or written. */
  readonly reading: Reading | null
  /** The turns of several groups. */
  readonly turns?: MakeTurns
  /** Receives the first torrent before its files are hashed, or when a stream has been read. */
  readonly onPlan?: ((plan: TorrentPlan) => Promise<void>) | undefined
  /** Receives each torrent when it is written. */
  readonly onMade?: (made: MakeReport) => Promise<void>
}

/** A torrent that was made. */
export interface MakeReport {
  readonly plan: TorrentPlan
  /** Null in a dry run. */
  readonly written: WrittenTorrent | null
  /** Size of the .torrent in bytes. */
  readonly torrentSize: number
  /** The checksum lists beside the torrent. */
  readonly lists: readonly ChecksumList[]
  /** Null if nothing was to be compared. */
  readonly difference: TargetDifference | null
}

/**
 * Makes the torrents of one content, which is read once, with lists of its checksums. Returns the
 * first torrent.
 * @throws BtkitError as planTorrent, readStreams, hashTorrent, obtainChecksums and writeAtomically
 */
export async function makeGroup(group: MakeGroup, making: Making): Promise<MakeReport> {
  const { comparison } = group
  const { turns, onMade } = making
  const read = () =>
    group.arrival ? readArrival(group, group.arrival, making) : readDisk(group, making)
  const { plan, variants, lists, hashed } = await (turns ? turns.run(read) : read())
  const write = comparison ? () => Promise.resolve() : turns?.write
  const report = async (each: TorrentPlan, written: WrittenTorrent | null) => {
    const difference =
      comparison && written
        ? compareWithTarget(each.request.torrent ?? '', join(written.parts), comparison.isDated)
        : null
    const { torrent, write: options } = each.request
    if (written === null && torrent !== null) claimTarget(torrent, options)
    const torrentSize = written?.size ?? measureTorrent(each)
    const made = { plan: each, written, torrentSize, lists: each === plan ? lists : [], difference }
    await onMade?.(made)
    return made
  }
  const main = hashed?.parts ? hashed : hashed && (await writeTorrent(plan, hashed, write))
  const first = await report(plan, main)
  for (const each of variants)
    await report(each, hashed && (await makeVariant(each, hashed, write)))
  return first
}

/** A torrent that was hashed, or with its lists also written. */
type Hashed = (HashedTorrent & { readonly parts?: undefined }) | WrittenTorrent

/** Returns the first torrent of a group, the others, and their lists. */
function wantedOf({ torrents: [main, ...others], checksums, comparison }: MakeGroup) {
  const beside = listsBeside(main.torrent ?? '', main.name, checksums)
  const outputs = [...others.map(({ torrent }) => torrent), ...beside.map(({ path }) => path)]
  const request = { ...main, otherOutputs: outputs.filter((path) => path !== null) }
  const check = comparison ? () => new ReplacedTorrent() : checkOutput
  return { request, others, lists: comparison ? [] : beside, check }
}

/** Plans the torrents of files, and reads these unless this is a dry run. */
async function readDisk(group: MakeGroup, making: Making) {
  const { request, others, lists, check } = wantedOf(group)
  const plan = await planTorrent(request, check)
  const variants = others.map((other) => planVariant(plan, other, check))
  checkLists(lists, request)
  // Reported before hashing, which may take hours
  await making.onPlan?.(plan)
  const { stated } = group
  const hash = (context: HashContext): Promise<Hashed> =>
    lists.length > 0 || stated
      ? makeWithLists(plan, lists, { ...context, stated })
      : hashTorrent(plan, context)
  const hashed = making.reading && (await making.reading(plan.content.size, hash))
  return { plan, variants, lists, hashed }
}

/**
 * The same of streams. If the length of one is unknown, the torrents are planned when it was read.
 */
async function readArrival(group: MakeGroup, arrival: Arrival, making: Making) {
  const { request, others, lists, check } = wantedOf(group)
  const planned = planStreams(request, arrival, check)
  const variantsOf = (plan: TorrentPlan) => others.map((other) => planVariant(plan, other, check))
  const ready = planned.plan && variantsOf(planned.plan)
  if (!ready) others.forEach(check)
  checkLists(lists, request)
  if (planned.plan) await making.onPlan?.(planned.plan)
  const { checksums } = group
  const read = (context: HashContext) => readStreams(planned, { ...context, checksums })
  const arrived = await making.reading?.(planned.plan?.content.size ?? null, read)
  const plan = arrived?.plan ?? planned.plan
  if (!plan) throw usageError(`${request.source}: a dry run must know its size`)
  if (!planned.plan) await making.onPlan?.(plan)
  const variants = ready ?? variantsOf(plan)
  const isListed = arrived && lists.length > 0
  const listed = isListed && (await writeWithLists(plan, arrived, lists, arrived.checksums))
  const hashed: Hashed | null = listed || arrived || null
  return { plan, variants, lists, hashed }
}

/**
 * Makes a torrent, and then lists of its files' checksums. Both read the files at the same time, so
 * that data read from the disk by one is in memory for the other. Stated checksums are compared
 * before anything is written.
 */
async function makeWithLists(
  plan: TorrentPlan,
  lists: readonly ChecksumList[],
  { stated, ...hashContext }: HashContext & Pick<MakeGroup, 'stated'>,
): Promise<Hashed> {
  const { engine } = hashContext
  const failed = new AbortController()
  const signal = AbortSignal.any([engine.signal, failed.signal])
  const own = namesOf([...(stated?.values() ?? [])].flat())
  const names = [...new Set([...lists.map(({ name }) => name), ...own])]
  const context = { ...hashContext, engine: { ...engine, signal } }
  const checksums = obtainChecksums(plan.content, names, context)
  // Awaited after the torrent is made
  checksums.catch(() => undefined)
  try {
    const hashed = await hashTorrent(plan, hashContext)
    if (stated) requireStated(stated, await checksums, names)
    return lists.length > 0 ? await writeWithLists(plan, hashed, lists, checksums) : hashed
  } finally {
    failed.abort()
  }
}

/** @throws BtkitError `changed` for a file with another checksum than was stated */
function requireStated(
  stated: NonNullable<MakeGroup['stated']>,
  checksums: readonly ListedFile[],
  names: readonly ChecksumName[],
): void {
  for (const { file, digests } of checksums) {
    const checksum = stated.get(file.path.join('/'))
    const digestOf = (name: ChecksumName) => digests[names.indexOf(name)] ?? new Uint8Array()
    requireChecksums({ path: file.absolutePath, checksum }, digestOf)
  }
}

/**
 * Writes a torrent, and then its lists. Their errors say that the torrent is written nevertheless.
 */
async function writeWithLists(
  plan: TorrentPlan,
  hashed: HashedTorrent,
  lists: readonly ChecksumList[],
  checksums: readonly ListedFile[] | Promise<readonly ListedFile[]>,
): Promise<WrittenTorrent> {
  const made = await writeTorrent(plan, hashed)
  try {
    await writeLists(lists, await checksums, plan)
  } catch (error) {
    const { torrent } = plan.request
    if (!(error instanceof BtkitError) || torrent === null) throw error
    const message = `${error.message}; the torrent ${torrent} is written, without its checksum lists`
    throw new BtkitError(error.code, message, { cause: error })
  }
  return made
}

/**
 * The number of groups from which some are written while the next are read, and how many at most.
 */
const MANY = 16
const AHEAD = 256

/** The turns of several groups. Their contents are read one after the other. */
export class MakeTurns {
  readonly run: <T>(work: () => Promise<T>) => Promise<T> = pLimit(1)
  /** The number of groups that may be under way. */
  readonly ahead: number
  /** Writes those of several groups; null if one is under way at a time. */
  readonly #writer: Writer | null

  constructor(groups: readonly MakeGroup[]) {
    const isSlow = groups.some(({ checksums, comparison }) => checksums.length > 0 || comparison)
    this.ahead = groups.length >= MANY && !isSlow ? AHEAD : 1
    this.#writer = this.ahead > 1 ? new Writer(AHEAD) : null
  }

  write: Write = async (target, bytes, rules) => {
    await (this.#writer && bytes instanceof Uint8Array
      ? this.#writer.write(target, bytes, rules)
      : writeAtomically(target, bytes, rules))
  }

  /** Resolves when nothing is being written. */
  async close(): Promise<void> {
    await this.#writer?.close()
  }
}
