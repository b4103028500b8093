import type { Decided } from '../../configuration/parse.js'
import { completeDirectories } from '../../../core/complete/loop/run.js'
import { withMetrics } from '../../../core/complete/tidy/metrics-file.js'
import type { CompleteReport } from '../../../core/complete/report.js'
import { openUndelivered, runOnChange } from '../../../core/complete/tidy/changes.js'
import type { Undelivered } from '../../../core/complete/tidy/undelivered.js'
import type {
  CompleteContext,
  CompleteRequest,
  CompleteWatch,
} from '../../../core/complete/request.js'
import type { SyncClient } from '../../../core/keep-seeded/client-target.js'
import { existsSync, mkdirSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { BtkitError, callSystem, failureOf } from '../../../base/errors.js'
import { loadNameFilter } from '../../../disk/scan/entry.js'
import { stateDirectory } from '../../../base/directories.js'
import { directoryAddress } from '../../../metainfo/trackers.js'
import { noteOdd } from '../../options/torrent-request.js'
import {
  completeText,
  completeValue,
  failuresOf,
  foreignOf,
  keptOf,
  orphansLine,
  type RunFacts,
  writtenLine,
} from './completedir-output.js'
import { declareCompletedir, type CompletedirOptions } from './options.js'
import { completeRequest, listsOf, metricsFile } from './request.js'
import type { CommandContext, CommandRecord } from '../../context.js'
import { withMachines } from '../../open/engine.js'
import { remoteAccess } from '../../open/remote-access.js'
import { warnOnce } from '../../../base/warn-once.js'
import { Report } from '../../output/report.js'
import type { Io } from '../../io.js'
import { sortOperands } from '../../line/operands.js'
import { backslashWarning } from '../../output/piece-length.js'
import { countSkipped, type Skipped } from '../../../core/digests/skipped.js'
import { warnOfLists } from '../../output/name-patterns.js'

export const command: CommandRecord = {
  group: 'Make and change torrents',
  order: 20,
  summary: 'Create and update torrents of a directory or of a list at a URL',
  example: 'http://t.example/announce /srv/files --output /srv/torrents',
  hasVariables: true,
  isJob: true,
  reportsContradictions: true,
  basics:
    'announce web-seed-base private exclude min-age output recursive prune adopt remake force publish on-change dry-run json quiet',
  define: defineCompletedir,
}

function defineCompletedir({ io, typed, isLegacy, checkTogether, finish }: CommandContext) {
  return declareCompletedir(isLegacy).action(async (args, options) => {
    const operands = sortOperands(args, true)
    const metrics = metricsFile(options, operands.sources, io)
    const work = async () => {
      checkTogether()
      const out = new Report(options, io)
      const lists = listsOf(operands.sources, options, { typed: typed(), out })
      const request = await completeRequest({ ...operands, typed: typed() }, options, {
        io,
        isLegacy,
      })
      return runAndReport({ request, lists, options, typed: typed(), out, io })
    }
    const { isSuccess } = await (metrics ? withMetrics(metrics, io, work) : work())
    finish(isSuccess ? 0 : 1)
  })
}

/** One run of the command. */
interface Run {
  readonly request: CompleteRequest
  /** The addresses of the lists in the place of directories; null for directories. */
  readonly lists: readonly string[] | null
  readonly typed: readonly Decided[]
  readonly options: CompletedirOptions
  readonly out: Report
  readonly io: Io
}

async function runAndReport(run: Run) {
  const { request, options, out, io } = run
  const { dryRun, onChange } = options
  // Bad patterns are refused before any work
  await loadNameFilter(options)
  if (!options.quiet) {
    warnOfLists(options, io)
    noteOdd(request.common.parts, options, io)
  }
  const started = io.monotonic()
  const undelivered = onChange === undefined ? null : openUndelivered(request, stateOf(run), io.now)
  const watch = {
    ...watchRun(run),
    planned: dryRun ? undefined : undelivered?.plan.bind(undelivered),
  }
  const report = await complete(run, watch)
  printReport(report, { dryRun, seconds: (io.monotonic() - started) / 1000 }, run)
  if (dryRun) noteDue(request.publish, undelivered, out)
  const succeeds = async (work: () => Promise<void> | undefined) => {
    const failure = await failureOf(work)
    // Entries may have failed for the same reason, such as a full disk
    if (failure && !report.failed.some(({ message }) => message === failure.message))
      out.fail(failure)
    return failure === null
  }
  // The command of --on-change may upload it
  const { feed } = request
  const isFed = dryRun || !feed || (await succeeds(() => feed.write(report)))
  const seconds = (io.monotonic() - started) / 1000
  const { env, cwd, stderr } = io
  // Standard output is for data
  const world = { env, cwd, write: (chunk: Uint8Array) => stderr.write(chunk) }
  const hear = (all: CompleteReport) =>
    runOnChange(onChange ?? '', completeValue(all, { seconds, dryRun }), world)
  const isDone = dryRun || !undelivered || (await succeeds(() => undelivered.deliver(report, hear)))
  if (report.isInterrupted || io.signal.aborted) throw new BtkitError('interrupted', 'interrupted')
  return { report, isSuccess: failuresOf(report).length === 0 && isFed && isDone }
}

/** Whether one of the directories is there, or may be, as that of a list at a URL. */
function isAnyThere({ request, lists, io }: Run): boolean {
  return lists !== null || request.directories.some((each) => existsSync(resolve(io.cwd, each)))
}

/**
 * Makes the directory of the torrents if only that is missing.
 * @throws BtkitError `not-found` with what to do, and as the system refuses
 */
function makeOutput(output: string, { options: { dryRun }, out, io }: Run): void {
  const place = resolve(io.cwd, output)
  if (existsSync(place)) return
  const missing = `--output ${output}: no such directory`
  if (!existsSync(dirname(place)))
    throw new BtkitError('not-found', `${missing} (mkdir -p creates it)`)
  if (!dryRun)
    callSystem(`--output ${output}`, () => {
      mkdirSync(place)
    })
  const done = dryRun ? 'would create' : 'created'
  out.note(`--output ${output}: ${done} this directory`)
}

/** Says what a run would do after its changes. */
function noteDue(clients: readonly SyncClient[], undelivered: Undelivered | null, out: Report) {
  const labels = clients.map(({ client }) => client.label).join(', ')
  if (labels !== '')
    out.note(`dry run: torrents would be published to ${labels}; no client was asked`)
  if (undelivered?.isDue() === true)
    out.note('dry run: --on-change would run its command, which is due from an earlier run')
}

async function complete(run: Run, watch: ReturnType<typeof watchRun>): Promise<CompleteReport> {
  const { request, lists, options, typed, io } = run
  const { output, dryRun, recursive, webSeed, webSeedBase } = options
  // A user such as nobody has none; cron would send mail of each run
  const mayBeHomeless = options.quiet
  try {
    return await withMachines({ ...options, mayBeHomeless }, typed, io, async (hashing) => {
      const isAny = isAnyThere(run)
      if (output !== undefined && isAny) makeOutput(output, run)
      if (!dryRun && isAny) request.feed?.requireWritable()
      const context = { ...hashing, state: stateOf(run) }
      const seedsIn = (path: readonly string[]) => [
        ...webSeed,
        ...webSeedBase.map((base) => directoryAddress(base, path)),
      ]
      if (lists) return completeUrls(run, { context, watch, seedsIn })
      if (!recursive) return completeDirectories(request, context, watch)
      const { completeTrees } = await import('../../../core/complete/loop/trees.js')
      const hasOwnSeeds = webSeedBase.length > 0
      return completeTrees({ ...request, seedsIn: hasOwnSeeds ? seedsIn : null }, context, watch)
    })
  } catch (error) {
    throw adviseWaiting(error, options)
  } finally {
    watch.stop()
  }
}

/** Completes lists at URLs. The code for servers takes a while to load. */
async function completeUrls(
  { request, lists, options, out, io }: Run,
  {
    context,
    watch,
    seedsIn,
  }: {
    readonly context: CompleteContext
    readonly watch: CompleteWatch
    readonly seedsIn: (path: readonly string[]) => readonly string[]
  },
): Promise<CompleteReport> {
  const { completeLists } = await import('../../../core/complete/loop/lists.js')
  const { webSeed, webSeedBase, together = null } = options
  const { signal } = io
  const list = {
    ...request,
    target: request.target ?? '.',
    lists: lists ?? [],
    together,
    access: remoteAccess(options, { signal, onRetry: warnOnce(out.note, 99) }),
    seedsIn: webSeed.length + webSeedBase.length > 0 ? seedsIn : null,
  }
  return completeLists(list, context, watch)
}

/** Names --wait in the error of a run that did not wait for another. */
function adviseWaiting(error: unknown, { wait }: CompletedirOptions): unknown {
  const isRefused = error instanceof BtkitError && error.code === 'locked' && wait === 0
  if (!isRefused) return error
  return new BtkitError('locked', `${error.message}, or give --wait SECONDS`, { cause: error })
}

function stateOf({ options, out, io: { env, isRoot } }: Run): CompleteContext['state'] {
  const directory = stateDirectory({ option: options.stateDir, env, isRoot })
  return { directory, warn: out.alert }
}

/** Shows the progress on a terminal, and prints each torrent when it is written. */
function watchRun({ options: { dryRun }, out }: Run): CompleteWatch & { stop: () => void } {
  let bar: Awaited<ReturnType<Report['progress']>> = null
  let orphans = 0
  const countOrphans = (count: number) => (orphans += count)
  const noteSkipped = (source: string, leftOut: readonly Skipped[]) => {
    const skipped = countSkipped(leftOut)
    const verb = dryRun ? 'would skip' : 'skipped'
    if (skipped !== null) out.note(`${source}: ${verb} ${skipped}`)
  }
  return {
    orphans: out.isQuiet ? undefined : countOrphans,
    leftovers: out.isQuiet ? undefined : noteSkipped,
    written: (kind, change, leftOut) => {
      if (out.isQuiet) return
      out.text([writtenLine(kind, change, dryRun)])
      noteSkipped(change.source, leftOut)
      for (const why of change.refusals ?? []) out.warn(`${change.source}: ${why}`)
    },
    isSeen: out.hasScreen,
    begin: async (totalBytes) => {
      bar = await out.progress(totalBytes)
    },
    progress: (progress) => bar?.update(progress),
    stop: () => {
      bar?.stop()
      if (orphans > 0) out.note(orphansLine(orphans))
    },
  }
}

function printReport(report: CompleteReport, facts: RunFacts, run: Run): void {
  const { out } = run
  for (const failure of failuresOf(report)) out.fail(failure)
  for (const left of foreignOf(report)) (report.hasNewForeign ? out.alert : out.warn)(left)
  for (const kept of keptOf(report)) out.note(kept, 'always')
  if (report.created.length > 0) tellTrackerless(run)
  const { count, first } = report.backslashed
  if (first !== null) out.warn(backslashWarning(count, first))
  out.line(
    () => completeValue(report, facts),
    () => completeText(report, facts),
  )
}

/** Says that new torrents name no tracker, no node and no seed. */
function tellTrackerless({ request, options, out }: Run): void {
  const { announce, nodes, webSeeds, httpSeeds } = request.common.parts
  const isNamed = announce !== null || [nodes, webSeeds, httpSeeds].some(({ length }) => length > 0)
  if (isNamed || options.trackerless) return
  if (options.private)
    out.alert('no tracker: nobody can download new private torrents; give a tracker')
  else out.note('no tracker: clients of new torrents find each other through the DHT')
}
