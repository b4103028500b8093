import {
  makeVariant,
  measureTorrent,
  planTorrent,
  planVariant,
  type MadeTorrent,
  type TorrentPlan,
} from '../../../core/make/make-torrent.js'
import { checkLists, listsBeside, type ChecksumList } from '../../../core/checksums/lists.js'
import { makeWithLists } from '../../../core/checksums/make-with-lists.js'
import { backslashedPaths } from '../../../core/digests/content.js'
import type { HashContext } from '../../../core/digests/hash-content.js'
import { checkPatterns } from '../../../files/scan/load-name-filter.js'
import { escapeText } from '../../../text/escape.js'
import type { CommandContext } from '../../context.js'
import { openCacheAccess } from '../../arguments/cache-options.js'
import { readFileList } from '../../arguments/file-list.js'
import { noteInfoKeys, warnOfTracker } from '../../arguments/torrent-request.js'
import { engineFor } from '../../arguments/engine-options.js'
import { backslashWarning } from '../../output/piece-length.js'
import { reportNote, reportWarning, tryEach } from '../../output/messages.js'
import type { Io } from '../../io.js'
import { makeJson, notes, textLines, type MakeResult } from './makemetafile-output.js'
import { makeRequests, type MakeGroup } from './request.js'
import { declareMakemetafile, type MakeOptions } from './options.js'
import { trackerlessNote } from '../../arguments/tracker-options.js'
import { sortOperands } from '../../arguments/operands.js'
import { openProgress } from '../../output/progress.js'

/** One run of the command, for all its torrents. */
interface Run {
  readonly options: MakeOptions
  readonly hashContext: HashContext
  readonly io: Io
}

/** Defines the command `makemetafile`. */
export function defineMakemetafile({ io, isLegacy, finish }: CommandContext) {
  return declareMakemetafile({ isLegacy }).action(async (args, options) => {
    const chosen = await readChosen(options, io)
    const groups = makeRequests({ ...sortOperands(args), chosen, isLegacy }, options, io)
    for (const [request] of groups.slice(0, 1)) tellOfTrackers(request, options, io)
    noteInfoKeys(options, io)
    await checkPatterns(options)
    const engine = engineFor(options, io)
    const cacheAccess = await openCacheAccess(
      { ...options, cache: options.cache && !options.dryRun },
      io,
    )
    const run = { options, hashContext: { engine, cacheAccess }, io }
    try {
      finish(await tryEach(groups, io, (group) => makeAll(group, run)))
    } finally {
      await cacheAccess.cache.close()
    }
  })
}

function tellOfTrackers(request: MakeGroup[0], options: MakeOptions, io: Io): void {
  warnOfTracker(request, options, io)
  const note = options.quiet ? null : trackerlessNote(request.parts, options)
  if (note !== null) reportNote(note, io)
}

/** The paths that a list names; undefined when there is none. */
async function readChosen({ filesFrom }: MakeOptions, io: Io) {
  if (filesFrom === undefined) return undefined
  const { files, refused } = await readFileList(filesFrom, io)
  for (const { error } of refused) throw error
  return files
}

/** Makes the torrents of one source, which is read once for all. */
async function makeAll([request, ...others]: MakeGroup, run: Run): Promise<void> {
  const started = run.io.now()
  const plan = await planTorrent(request)
  const plans = [plan, ...others.map((other) => planVariant(plan, other))]
  const lists = listsOf(plan, run.options)
  checkLists(lists, plan)
  // Reported before hashing, which may take hours
  for (const note of run.options.quiet ? [] : notes(plan, run.options)) {
    reportNote(`${request.source}: ${note}`, run.io)
  }
  warnOfBackslashes(plan, run)
  let first: MadeTorrent | null = null
  for (const each of plans) {
    const made: MadeTorrent | null = run.options.dryRun ? null : await make(each, first, run)
    const torrentSize = made?.bytes.length ?? measureTorrent(each)
    const seconds = (run.io.now() - started) / 1000
    const isFirst = each === plan
    report({ hashes: made, torrentSize, plan: each, lists: isFirst ? lists : [], seconds }, run)
    first ??= made
  }
}

function warnOfBackslashes({ content }: TorrentPlan, { options, io }: Run): void {
  const paths = backslashedPaths(content)
  const warning = backslashWarning({ count: paths.length, first: paths[0] ?? null })
  if (warning !== null && !options.quiet) reportWarning(warning, io)
}

function listsOf({ request, content }: TorrentPlan, { checksums }: MakeOptions): ChecksumList[] {
  return listsBeside(request.torrent ?? '', content.name, checksums)
}

/** Makes a torrent. `first` is an earlier one with the same content, or null. */
async function make(plan: TorrentPlan, first: MadeTorrent | null, run: Run): Promise<MadeTorrent> {
  const made = await (first ? makeVariant(plan, first) : makeWithProgress(plan, run))
  if (plan.request.torrent === null) run.io.stdout.write(made.bytes)
  return made
}

async function makeWithProgress(plan: TorrentPlan, { options, hashContext, io }: Run) {
  const bar = options.quiet ? null : await openProgress(io, plan.content.size)
  try {
    const engine = { ...hashContext.engine, onProgress: bar?.update }
    return await makeWithLists(plan, listsOf(plan, options), { ...hashContext, engine })
  } finally {
    bar?.stop()
  }
}

/** Prints the result. If the torrent goes to standard output, the result goes to standard error. */
function report(result: MakeResult, { options, io }: Run): void {
  if (options.json) io.stdout.write(makeJson(result))
  if (options.json || options.quiet) return
  const isOutput = result.plan.request.torrent === null && !options.dryRun
  // A torrent that was not written has already been reported
  if (isOutput && io.stdout.errored) return
  const output = isOutput ? io.stderr : io.stdout
  for (const line of textLines(result, io.cwd)) output.write(`${escapeText(line)}\n`)
}
