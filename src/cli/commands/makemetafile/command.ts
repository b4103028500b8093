import { existsSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import type { Decided } from '../../configuration/parse.js'
import { loadNameFilter } from '../../../disk/scan/entry.js'
import type { CommandContext, CommandRecord } from '../../context.js'
import { fileListIn, readListBytes } from '../../open/torrent-input.js'
import { hasOtherSources, noteOdd } from '../../options/torrent-request.js'
import { readingWith, withMachines } from '../../open/engine.js'
import { Report } from '../../output/report.js'
import { lostTorrent, torrentValue } from '../../output/torrent-json.js'
import { warnOnce } from '../../../base/warn-once.js'
import { BtkitError } from '../../../base/errors.js'
import type { Io } from '../../io.js'
import { declareMakemetafile, type MakemetafileOptions } from './options.js'
import { makeRequests, STDIN } from './request.js'
import { notesOffDisk } from '../../options/off-disk.js'
import { looksLikeUrl } from '../../../metainfo/trackers.js'
import { RemoteFault } from '../../../core/remote/remote-file.js'
import { isChecksumLine, parseRemoteList } from '../../../core/remote/remote-list.js'
import type { ListedChecksum } from '../../../core/make/streamed-file.js'
import { isWithin } from '../../../disk/look/inside.js'
import { type Operands, sortOperands } from '../../line/operands.js'
import { isTorrentName } from '../../../metainfo/name.js'
import { askContents, type AskingTools, listsRemote } from './remote.js'
import {
  type MakeReport,
  type MakeGroup,
  type Reading,
  MakeTurns,
  makeGroup,
} from '../../../core/make/make-group.js'
import { backslashedPaths } from '../../../core/digests/content.js'
import { refusalsOf, type TorrentPlan } from '../../../core/make/make-torrent.js'
import { findSeedsWithoutSlash } from '../../../metainfo/lint/trackers.js'
import { backslashWarning } from '../../output/piece-length.js'
import { makeValue, notes, removedValues, textLines } from './makemetafile-output.js'
import { type NamePatterns, UnmatchedPatterns } from '../../output/name-patterns.js'

export const command: CommandRecord = {
  group: 'Make and change torrents',
  order: 10,
  spellings: ['create', 'make'],
  summary: 'Make the torrent of a file, directory or URL',
  example: 'image.iso http://tracker.example/announce',
  isJob: true,
  basics:
    'announce web-seed v2 hybrid piece-length comment private source name exclude files-from output force preset dry-run json quiet',
  define: defineMakemetafile,
}

function defineMakemetafile({ io, typed, isLegacy, finish }: CommandContext) {
  return declareMakemetafile({ isLegacy }).action(async (args, options) => {
    const isNamed = listsRemote(options)
    const onServer = ', or with --base-url the server of the list'
    const advice = options.filesFrom === undefined ? '' : onServer
    const operands = sortOperands(args, true, isNamed, advice)
    const isStdin = operands.sources.includes(STDIN)
    const out = new Report(options, io)
    const isOffDisk = isStdin || isNamed || operands.sources.some(looksLikeUrl)
    const keys = typed().map(({ entry }) => entry.key)
    for (const note of isOffDisk ? notesOffDisk(options, keys, isStdin) : []) out.note(note)
    const used = { ...options, cache: options.cache && !options.dryRun }
    await withMachines(used, typed(), io, async (context) => {
      const { cache } = context.cacheAccess
      const openCache = options.dryRun ? null : () => cache.wake().then(() => cache)
      const asked = { operands: { ...operands, isLegacy }, options, openCache }
      const { groups, withoutRanges } = await groupsOf(asked, out, io)
      // Bad patterns are refused before any work
      await loadNameFilter(options)
      const turns = new MakeTurns(groups)
      await cache.wake()
      const run: Run = {
        options,
        reading: options.dryRun ? null : readingWith(context, out),
        turns,
        out,
        io,
        unmatched:
          options.include.length + options.exclude.length === 0
            ? null
            : new UnmatchedPatterns(typedPatterns(options, typed()), io),
        lastSource: groups.at(-1)?.torrents[0].source ?? '',
        reported: new Set(),
        withoutRanges,
        differ: false,
      }
      // A torrent that failed may have been reported already
      const lost = (group: MakeGroup, error: unknown) => {
        const missing = group.torrents.flatMap(({ torrent }) => torrent ?? [])
        const left = missing.filter((each) => !run.reported.has(each))
        return left.flatMap((each) => lostTorrent(each, error))
      }
      const each = (group: MakeGroup, before: Promise<void>) =>
        make(group, run, before).catch(throwAdvised)
      try {
        const status = await out.each(groups, each, lost, turns.ahead)
        finish(run.differ ? 1 : status)
      } finally {
        await turns.close()
      }
    })
  })
}

/** The request of a command line. */
interface Asked {
  readonly operands: Operands & { readonly isLegacy: boolean }
  readonly options: MakemetafileOptions
  /** Null if no content will be read. */
  readonly openCache: AskingTools['openCache']
}

/** Finds the content that a command line names, and notes what is odd about the torrents of it. */
async function groupsOf({ operands, options, openCache }: Asked, out: Report, io: Io) {
  const isNamed = listsRemote(options)
  const isListed = !operands.sources.includes(STDIN) && !isNamed
  const tools = { signal: io.signal, stdin: io.stdin, onRetry: warnOnce(out.note, 99), openCache }
  const read = async () => ({
    listed: isListed ? await readChosen(options, operands.sources, io) : undefined,
    remote: await askContents(operands.sources, options, tools),
  })
  const { listed, remote } = await out.attempt(() => read().catch(throwAdvised), lostList)
  const isSeed = options.webSeed.length + options.webSeedBase.length === 0
  const lacking = [...remote.values()].filter(({ lacksRanges }) => isSeed && lacksRanges)
  const sources = isNamed ? [...remote.keys()] : operands.sources
  const groups = makeRequests({ ...operands, sources, remote, ...listed }, options, io)
  for (const {
    torrents: [{ parts }],
  } of groups.slice(0, 1)) {
    if (parts.announce === null && !options.trackerless && !hasOtherSources(options))
      out.note(TRACKERLESS)
    if (!options.quiet) noteOdd(parts, options, io)
  }
  const nested = sources.length > 1 ? sources.filter(isTorrentName) : []
  if (nested.length > 0) out.note(`makes torrents of torrents: ${nested.slice(0, 3).join(', ')}`)
  return { groups, withoutRanges: lacking.map(({ arrival }) => arrival.place) }
}

const TRACKERLESS =
  'no tracker: clients find each other through the DHT; give the URL of a tracker to use one'

/** The typed globs. The globs of a configuration need not match something each time. */
function typedPatterns(
  { include, exclude }: MakemetafileOptions,
  typed: readonly Decided[],
): NamePatterns {
  const isTyped = (name: string) => typed.some(({ entry }) => entry.key === name)
  return { include: isTyped('include') ? include : [], exclude: isTyped('exclude') ? exclude : [] }
}

/**
 * Throws an error again. If no torrent can have a name, or a server wants a log-in, it adds what to
 * do about it.
 */
function throwAdvised(error: unknown): never {
  if (!(error instanceof BtkitError) || error.message.includes('--')) throw error
  const isBadName = error.code === 'bad-name' && error.message.endsWith('UTF-8')
  const isLogIn = error instanceof RemoteFault && error.kind === 'log-in'
  if (!isBadName && !isLogIn) throw error
  const advice = isLogIn ? 'or a header of --header-file' : 'rename it, or skip it with --exclude'
  throw new BtkitError(error.code, `${error.message}; ${advice}`, { cause: error })
}

/** The report of content whose names cannot be read; wrong usage has none. */
function lostList(failure: unknown): object[] {
  const isUsage = failure instanceof BtkitError && failure.code === 'usage'
  return isUsage ? [] : [torrentValue(null, null, { failure })]
}

/** Lines of a list of which one shows whether it has checksums. */
const FIRST = 10

/**
 * The paths that a list names, below the directory, and the checksums beside them; undefined when
 * there is none.
 * @throws BtkitError as parseRemoteList for a list of checksums
 */
async function readChosen(
  { filesFrom }: MakemetafileOptions,
  [directory = '']: readonly string[],
  io: Io,
) {
  if (filesFrom === undefined) return undefined
  const bytes = await readListBytes(filesFrom, io)
  const { files: chosen, refused } = fileListIn(bytes)
  for (const { error } of refused) throw error
  // A signed list begins with lines about its signature
  if (!chosen.slice(0, FIRST).some(isChecksumLine)) return { chosen }
  const root = resolve(io.cwd, directory)
  const stated = new Map<string, readonly ListedChecksum[]>()
  for (const { path, checksum = [] } of parseRemoteList(bytes, filesFrom)) {
    // A list made above the directory has its name in front
    const above = resolve(io.cwd, dirname(filesFrom), path)
    const isAbove = isWithin(above, root) && !existsSync(resolve(root, path))
    stated.set(isAbove ? relative(root, above) : path, checksum)
  }
  return { chosen: [...stated.keys()], stated }
}

/** One run of the command, for all its torrents. */
interface Run {
  readonly options: MakemetafileOptions
  /** Reads with a progress bar. Null in a dry run. */
  readonly reading: Reading | null
  readonly turns: MakeTurns
  readonly out: Report
  readonly io: Io
  /** The globs that match nothing so far; null if there is nothing to match. */
  readonly unmatched: UnmatchedPatterns | null
  /** The source that is read last. */
  readonly lastSource: string
  /** The torrents that have been reported. */
  readonly reported: Set<string | null>
  /** Web seeds that offer no ranges. */
  readonly withoutRanges: readonly string[]
  /** Whether `--check` found that a torrent would change. */
  differ: boolean
}

/** Makes the torrents of one source. They are reported after those `before`. */
async function make(group: MakeGroup, run: Run, before: Promise<void>): Promise<void> {
  const { reading, turns, io } = run
  const started = io.monotonic()
  const onMade = async (made: MakeReport) => {
    await before
    report(made, (io.monotonic() - started) / 1000, run)
  }
  await makeGroup(group, { reading, turns, onMade, onPlan: tellOfPlan(run) })
}

/** Reports skipped entries, and names and sizes that some clients refuse, before hashing. */
function tellOfPlan({ options, out, unmatched, lastSource }: Run) {
  if (out.isQuiet) return undefined
  return async (plan: TorrentPlan): Promise<void> => {
    const { content, request } = plan
    await unmatched?.note(content, request.source === lastSource)
    for (const note of notes(plan, options)) out.note(`${request.source}: ${note}`)
    const backslashed = backslashedPaths(content)
    const [first] = backslashed
    if (first !== undefined) out.warn(backslashWarning(backslashed.length, first))
    for (const why of refusalsOf(plan)) out.warn(`${request.source}: ${why}`)
    const { webSeeds } = request.parts
    const { isDirectory } = content
    for (const fault of findSeedsWithoutSlash({ isDirectory, webSeeds })) out.warn(fault)
  }
}

/**
 * Prints a torrent that goes to standard output, and the result. The result then goes to standard
 * error.
 */
function report(made: MakeReport, seconds: number, run: Run): void {
  const { options, out, io } = run
  const { written, difference } = made
  const { torrent, source } = made.plan.request
  if (torrent === null) for (const part of written?.parts ?? []) io.stdout.write(part)
  run.reported.add(torrent)
  run.differ ||= difference !== null && difference.status !== 'unchanged'
  const removed = out.isQuiet ? [] : removedValues(made, options)
  for (const each of removed) out.note(`${torrent}: ${each}`)
  const why = 'its server offers no ranges, which clients ask web seeds for'
  if (run.withoutRanges.includes(source)) out.note(`${source}: ${why}`)
  const isOutput = torrent === null && !options.dryRun
  // A torrent that was not written has already been reported
  if (isOutput && io.stdout.errored) return
  const { line } = isOutput ? new Report(options, { ...io, stdout: io.stderr }) : out
  line(
    () => makeValue(made, seconds),
    () => textLines(made, io.cwd),
  )
}
