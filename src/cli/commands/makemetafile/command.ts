import { join } from '../../../metainfo/bencode/encode.js'
import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import pLimit, { type LimitFunction } from 'p-limit'
import { writeAtomically } from '../../../disk/write/atomically.js'
import { Writer } from '../../../disk/write/many.js'
import { loadNameFilter } from '../../../disk/scan/entry.js'
import type { CommandContext, CommandRecord } from '../../context.js'
import { closeCache, openCacheAccess } from '../../open/cache.js'
import { openWorkers, shareRequest } from '../../open/share.js'
import { readFileList } from '../../open/torrent-input.js'
import { noteInfoKeys, trackerlessNote, warnOfTracker } from '../../options/torrent-request.js'
import { engineFor } from '../../open/engine.js'
import { openReport, type Report } from '../../output/report.js'
import { lostTorrent } from '../../output/torrent-json.js'
import { asBtkitError, BtkitError } from '../../../base/errors.js'
import type { Io } from '../../io.js'
import {
  type MakeGroup,
  type MakemetafileOptions,
  STDIN,
  declareMakemetafile,
  makeRequests,
} from './request.js'
import { sortOperands } from '../../line/operands.js'
import {
  type Write,
  type WrittenTorrent,
  type TorrentPlan,
  checkOutput,
  makeTorrent,
  hashTorrent,
  type HashedTorrent,
  makeVariant,
  measureTorrent,
  sizeBeyond,
  planOf,
  planTorrent,
  planVariant,
  writeTorrent,
} from '../../../core/make/make-torrent.js'
import { readStreams } from '../../../core/checksums/make-from-streams.js'
import {
  type ChecksumList,
  checkLists,
  listsBeside,
  writeLists,
} from '../../../core/checksums/lists.js'
import { makeWithLists } from '../../../core/checksums/obtain.js'
import { backslashedPaths, planContent } from '../../../core/digests/content.js'
import type { HashContext } from '../../../core/digests/hash-content.js'
import { findSeedsWithoutSlash } from '../../../metainfo/lint/trackers.js'
import { HUGE_TORRENT } from '../../../metainfo/lint/pieces.js'
import { backslashWarning } from '../../output/piece-length.js'
import {
  type MakeResult,
  checkValue,
  checkLines,
  makeValue,
  notes,
  removedValues,
  textLines,
} from './makemetafile-output.js'
import { compareWithTarget } from '../../../core/make/compare-with-target.js'
import { ReplacedTorrent } from '../../../core/replaced-torrent.js'
import { optimizeLater } from '../../../base/heap-growth.js'
import { type NamePatterns, UnmatchedPatterns } from '../../line/name-patterns.js'

export const command: CommandRecord = {
  group: 'Make torrents',
  order: 10,
  spellings: ['create', 'make'],
  summary: 'Create the torrent of a file or directory',
  example: 'image.iso http://tracker.example/announce',
  isJob: true,
  define: defineMakemetafile,
}

function defineMakemetafile({ io, isLegacy, finish }: CommandContext) {
  return declareMakemetafile({ isLegacy }).action(async (args, options, command) => {
    const operands = sortOperands(args)
    const isStdin = operands.sources.includes(STDIN)
    const chosen = isStdin ? undefined : await readChosen(options, io)
    const out = openReport(options, io)
    const groups = makeRequests({ ...operands, chosen, isLegacy }, options, io)
    for (const [request] of groups.slice(0, 1)) {
      warnOfTracker(request, options, io)
      const note = trackerlessNote(request.parts, options)
      if (note !== null) out.note(note)
    }
    noteInfoKeys(options, io)
    // Bad patterns are refused before any work
    await loadNameFilter(options)
    const engine = engineFor(options, io)
    const shareWith = shareRequest(options, command, io)
    const elsewhere = await openWorkers(options, command, io)
    const cacheAccess = await openCacheAccess(
      { ...options, shareWith, cache: options.cache && !options.dryRun },
      io,
    )
    const hashContext = { engine, cacheAccess, elsewhere }
    const lastSource = groups.at(-1)?.[0].source ?? ''
    const unmatched = isStdin ? null : new UnmatchedPatterns(typedPatterns(options, command), io)
    const reported = new Set<string | null>()
    // Few torrents, and those with lists of checksums, are made one after the other
    const isMany = groups.length >= MANY && options.checksums.length === 0 && !options.check
    const writer = new Writer({ inFlight: AHEAD })
    const write: Write = async (target, bytes, rules) => {
      if (isMany && bytes instanceof Uint8Array) await writer.write(target, bytes, rules)
      else await writeAtomically(target, bytes, rules)
    }
    const turn = pLimit(1)
    const run = { options, hashContext, out, io, unmatched, lastSource, reported, write, turn }
    optimizeLater()
    try {
      const makeGroup = isStdin ? makeStreamed : makeAll
      const unchanged: boolean[] = []
      const make = async (group: MakeGroup, before: Promise<void>) => {
        if (!options.check) return makeGroup(group, run, before)
        unchanged.push(await checkAll(group, run))
      }
      // A torrent that failed may have been reported already
      const lost = (group: MakeGroup, error: unknown) => {
        const missing = group.flatMap(({ torrent }) => torrent ?? [])
        const left = missing.filter((each) => !reported.has(each))
        return left.flatMap((each) => lostTorrent(each, error))
      }
      const status = await out.each(
        groups,
        (group, before) => make(group, before).catch(throwAdvised),
        lost,
        isMany ? AHEAD : 1,
      )
      finish(unchanged.every(Boolean) ? status : 1)
    } finally {
      await writer.close()
      await elsewhere?.close()
      await closeCache(cacheAccess, io)
    }
  })
}

/** The typed globs. The globs of a configuration need not match something each time. */
function typedPatterns(
  { include, exclude }: MakemetafileOptions,
  command: CommandUnknownOpts,
): NamePatterns {
  const isTyped = (name: 'include' | 'exclude') => command.getOptionValueSource(name) === 'cli'
  return { include: isTyped('include') ? include : [], exclude: isTyped('exclude') ? exclude : [] }
}

/** Throws an error again. If no torrent can have a name, it adds what to do about it. */
function throwAdvised(error: unknown): never {
  const isBadName = error instanceof BtkitError && error.code === 'bad-name'
  if (!isBadName || error.message.includes('--') || !error.message.endsWith('UTF-8')) throw error
  const advice = 'rename it, or skip it with --exclude'
  throw new BtkitError('bad-name', `${error.message}; ${advice}`, { cause: error })
}

/** The paths that a list names; undefined when there is none. */
async function readChosen({ filesFrom }: MakemetafileOptions, io: Io) {
  if (filesFrom === undefined) return undefined
  const { files, refused } = await readFileList(filesFrom, io)
  for (const { error } of refused) throw error
  return files
}

/** One run of the command, for all its torrents. */
interface Run {
  readonly options: MakemetafileOptions
  readonly hashContext: HashContext
  readonly out: Report
  readonly io: Io
  /** The globs that match nothing so far; null if there is nothing to match. */
  readonly unmatched: UnmatchedPatterns | null
  /** The source that is read last. */
  readonly lastSource: string
  /** The torrents that have been reported. */
  readonly reported: Set<string | null>
  readonly write: Write
  /** Sources are read one after the other. */
  readonly turn: LimitFunction
}

/** The number of torrents from which some are written while the next are made, and how many at most. */
const MANY = 16
const AHEAD = 256

/**
 * Makes the torrents of one source, which is read once for all. They are reported after those
 * `before`.
 */
async function makeAll(group: MakeGroup, run: Run, before: Promise<void>): Promise<void> {
  const started = run.io.monotonic()
  const { plans, lists, hashed } = await run.turn(() => hashAll(group, run))
  for (const plan of plans) {
    const isFirst = plan === plans[0]
    const made = hashed && (await (isFirst ? writeFirst : makeVariant)(plan, hashed, run.write))
    await before
    if (made && plan.request.torrent === null) writeOut(made, run)
    report(plan, isFirst ? lists : [], made, started, run)
  }
}

/** Plans the torrents of one source, and reads it, unless this is a dry run. */
async function hashAll([request, ...others]: MakeGroup, run: Run) {
  const plan = await planTorrent(request)
  const plans = [plan, ...others.map((other) => planVariant(plan, other))]
  const lists = listsOf(plan, run.options)
  checkLists(lists, plan)
  // Reported before hashing, which may take hours
  await tellOfPlan(plan, run)
  const hash = (context: HashContext): Promise<HashedTorrent | WrittenTorrent> =>
    lists.length > 0 ? makeWithLists(plan, lists, context) : hashTorrent(plan, context)
  const hashed = run.options.dryRun ? null : await withProgress(run, plan.content.size, hash)
  return { plans, lists, hashed }
}

/** Writes a torrent, unless it was written with its lists. */
async function writeFirst(
  plan: TorrentPlan,
  hashed: HashedTorrent | WrittenTorrent,
  write: Write,
): Promise<WrittenTorrent> {
  return 'parts' in hashed ? hashed : writeTorrent(plan, hashed, write)
}

/** Does the same for content from standard input. */
async function makeStreamed(group: MakeGroup, run: Run): Promise<void> {
  const started = run.io.monotonic()
  const [request, ...others] = group
  const lists = listsBeside(request.torrent ?? '', request.name, run.options.checksums)
  for (const each of others) checkOutput(each)
  checkLists(lists, { request })
  const { plan, core, checksums } = await withProgress(run, null, ({ engine }) => {
    const files = [{ path: request.name, content: namedInput(run.io) }]
    const { checksums } = run.options
    return readStreams(request, { place: INPUT, isDirectory: false, files, engine, checksums })
  })
  await tellOfPlan(plan, run)
  const made = await writeTorrent(plan, { core, bytesHashed: plan.content.size })
  await writeLists(lists, checksums, plan)
  for (const each of [plan, ...others.map((other) => planVariant(plan, other))]) {
    const own = each === plan ? made : await makeVariant(each, made)
    if (each.request.torrent === null) writeOut(own, run)
    report(each, each === plan ? lists : [], own, started, run)
  }
}

/** The name of the content in messages. */
const INPUT = 'standard input'

/** The bytes of standard input, whose errors have its name. */
async function* namedInput({ stdin }: Io): AsyncGenerator<Uint8Array> {
  try {
    yield* stdin
  } catch (error) {
    throw asBtkitError(error, INPUT)
  }
}

/** Shows a bar while work hashes `total` bytes, or any number for null. */
async function withProgress<T>(
  { hashContext, out }: Run,
  total: number | null,
  work: (context: HashContext) => Promise<T>,
): Promise<T> {
  const bar = await out.progress(total)
  try {
    return await work({
      ...hashContext,
      engine: { ...hashContext.engine, onProgress: bar?.update },
    })
  } finally {
    bar?.stop()
  }
}

/** Reports skipped entries, and names and sizes that some clients refuse, before hashing. */
async function tellOfPlan(plan: TorrentPlan, run: Run): Promise<void> {
  const { options, out } = run
  if (out.isQuiet) return
  await run.unmatched?.note(plan.content, plan.request.source === run.lastSource)
  for (const note of notes(plan, options)) out.note(`${plan.request.source}: ${note}`)
  const paths = backslashedPaths(plan.content)
  const warning = backslashWarning({ count: paths.length, first: paths[0] ?? null })
  if (warning !== null) out.warn(warning)
  const torrentSize = sizeBeyond(HUGE_TORRENT, plan)
  if (torrentSize !== null) {
    const why = `libtorrent refuses .torrent files of more than ${HUGE_TORRENT} bytes`
    const advice = `use --max-torrent-size ${HUGE_TORRENT}, or fewer files`
    out.warn(`${plan.request.source}: ${torrentSize} bytes, and ${why}; ${advice}`)
  }
  const { webSeeds } = plan.request.parts
  const { isDirectory } = plan.content
  for (const fault of findSeedsWithoutSlash({ isDirectory, webSeeds })) out.warn(fault)
}

function listsOf(
  { request, content }: TorrentPlan,
  { checksums }: MakemetafileOptions,
): ChecksumList[] {
  return listsBeside(request.torrent ?? '', content.name, checksums)
}

function writeOut({ parts }: WrittenTorrent, { io }: Run): void {
  for (const part of parts) io.stdout.write(part)
}

/**
 * Prints the result. If the torrent goes to standard output, the result goes to standard error.
 * `made` is null in a dry run.
 */
function report(
  plan: MakeResult['plan'],
  lists: MakeResult['lists'],
  made: WrittenTorrent | null,
  started: number,
  run: Run,
): void {
  const { options, out, io } = run
  const torrentSize = made?.size ?? measureTorrent(plan)
  const seconds = (io.monotonic() - started) / 1000
  run.reported.add(plan.request.torrent)
  const result = { hashes: made, torrentSize, plan, lists, seconds }
  const removed = out.isQuiet ? [] : removedValues(plan, options)
  for (const each of removed) out.note(`${plan.request.torrent}: ${each}`)
  const isOutput = plan.request.torrent === null && !options.dryRun
  // A torrent that was not written has already been reported
  if (isOutput && io.stdout.errored) return
  const { line } = isOutput ? openReport(options, { ...io, stdout: io.stderr }) : out
  line(makeValue(result), textLines(result, io.cwd))
}

/**
 * Compares the torrents of one source with the files that they would replace. Writes nothing.
 * Returns whether all are unchanged.
 */
async function checkAll([request, ...others]: MakeGroup, run: Run): Promise<boolean> {
  const { options, out, io } = run
  const content = await planContent(request)
  const plans = [request, ...others].map((each) => planOf(content, each, new ReplacedTorrent()))
  if (plans[0]) await tellOfPlan(plans[0], run)
  // The current time is no difference
  const isDated =
    (options.date !== undefined && options.date !== 'now') || !!io.env['SOURCE_DATE_EPOCH']
  let first: WrittenTorrent | null = null
  let areUnchanged = true
  for (const plan of plans) {
    const unwritten = { ...plan, request: { ...plan.request, torrent: null } }
    const made: WrittenTorrent = first
      ? await makeVariant(unwritten, first)
      : await withProgress(run, content.size, (context) => makeTorrent(unwritten, context))
    const difference = compareWithTarget(plan.request.torrent ?? '', join(made.parts), isDated)
    run.reported.add(plan.request.torrent)
    const checked = { plan, hashes: made, difference }
    out.line(checkValue(checked), checkLines(checked))
    areUnchanged &&= difference.status === 'unchanged'
    first ??= made
  }
  return areUnchanged
}
