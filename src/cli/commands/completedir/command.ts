import { completeDirectories, notePlace } from '../../../core/complete/complete-directories.js'
import { TorrentFeed, type FeedPlace } from '../../../core/complete/feed.js'
import type { InfoRule } from '../../../core/complete/info-rules.js'
import type { CompleteReport } from '../../../core/complete/complete-report.js'
import type {
  CompleteContext,
  CompleteRequest,
  CompleteWatch,
} from '../../../core/complete/request.js'
import type { SyncClient } from '../../../core/publish/sync.js'
import { existsSync, mkdirSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { BtkitError, asBtkitError, callSystem, usageError } from '../../../errors.js'
import { findOwner } from '../../../files/write/permissions.js'
import { loadNameFilter } from '../../../files/scan/entry.js'
import type { HashProgress } from '../../../hash/jobs/job.js'
import { WorkerPool } from '../../../hash/jobs/worker-pool.js'
import { stateDirectory } from '../../../directories.js'
import { readNote, writeNote } from '../../../state/notes.js'
import { directoryAddress } from '../../../metainfo/trackers.js'
import { escapeText } from '../../../text/escape.js'
import { closeCache, openLazyAccess, type CacheArguments } from '../../open/cache.js'
import { openWorkers, shareRequest } from '../../open/share.js'
import {
  commonRequest,
  namedTrackers,
  noteInfoKeys,
  warnOfTracker,
  checkOneDirectory,
} from '../../options/torrent-request.js'
import {
  completeJson,
  completeText,
  failuresOf,
  foreignOf,
  hasChanges,
  keptOf,
  orphansLine,
  writtenLine,
} from './completedir-output.js'
import { metricsFile, withMetrics } from './metrics-file.js'
import { askedRules, declareCompletedir, feedPlace, type CompletedirOptions } from './options.js'
import type { CommandContext, CommandRecord } from '../../context.js'
import { engineFor } from '../../open/engine.js'
import { reportError, reportNote, reportWarning, warningsTo } from '../../output/messages.js'
import type { Io } from '../../io.js'
import { sortOperands, type Operands } from '../../line/operands.js'
import { backslashWarning } from '../../output/piece-length.js'
import { countSkipped } from '../../../core/digests/skipped.js'
import { openProgress, type ProgressBar } from '../../output/bar.js'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { warnOfLists } from '../../line/name-patterns.js'

export const command: CommandRecord = {
  group: 'Make torrents',
  order: 20,
  summary: 'Create and update the torrents of all entries of a directory',
  example: 'http://tracker.example/announce /srv/files --output /srv/torrents',
  hasVariables: true,
  isJob: true,
  hasOwnStart: true,
  reportsContradictions: true,
  define: defineCompletedir,
}

function defineCompletedir({ io, isLegacy, checkTogether, finish }: CommandContext) {
  return declareCompletedir().action(async (args, options, command) => {
    const operands = sortOperands(args)
    const file = metricsFile(options, operands.sources, io)
    const { isSuccess } = await withMetrics(file, io, async () => {
      checkTogether()
      const asked = { ...operands, asked: askedRules(command) }
      const request = await completeRequest(asked, options, { io, isLegacy })
      const place = feedPlace(options, operands.sources, io)
      const shareWith = shareRequest(options, command, io)
      const elsewhere = await openWorkers(options, command, io)
      try {
        return await runAndReport(request, { ...options, place, shareWith, elsewhere }, io)
      } finally {
        await elsewhere?.close()
      }
    })
    finish(isSuccess ? 0 : 1)
  })
}

type RunOptions = CompletedirOptions &
  Pick<CacheArguments, 'shareWith'> &
  Pick<CompleteContext, 'elsewhere'> & { readonly place: FeedPlace | null }

async function runAndReport(request: CompleteRequest, options: RunOptions, io: Io) {
  // Bad patterns are refused before any work
  await loadNameFilter(options)
  warnOfLists(options, io)
  warnOfTracker(request.common, options, io)
  noteInfoKeys(options, io)
  if (options.output !== undefined) makeOutput(options.output, options, io)
  const feed = options.place && new TorrentFeed(options.place)
  if (!options.dryRun) feed?.requireWritable()
  const started = io.monotonic()
  const report = await complete({ ...request, feedPath: feed?.realPath }, { ...options, feed }, io)
  const isTrackerless = isWithoutTracker(request) && !options.trackerless
  printReport(report, { options, seconds: (io.monotonic() - started) / 1000, isTrackerless }, io)
  if (options.dryRun && !options.quiet) notePublishing(request.publish, io)
  // The command of --on-change may upload it
  const isFed = options.dryRun || (await succeeds(() => feed?.write(report), io))
  const seconds = (io.monotonic() - started) / 1000
  const isHooked = await runHook(report, { options, seconds, request }, io)
  if (report.isInterrupted) throw new BtkitError('interrupted', 'interrupted')
  const failures = failuresOf(report)
  return { report, isSuccess: failures.length === 0 && isFed && isHooked }
}

/**
 * Makes the directory of the torrents if only that is missing.
 * @throws BtkitError `not-found` with what to do, and as the system refuses
 */
function makeOutput(output: string, { dryRun, quiet }: CompletedirOptions, io: Io): void {
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
  if (!quiet) reportNote(`--output ${output}: ${done} this directory`, io)
}

function notePublishing(clients: readonly SyncClient[], io: Io): void {
  if (clients.length === 0) return
  const labels = clients.map(({ client }) => client.label).join(', ')
  reportNote(`dry run: torrents would be published to ${labels}; no client was asked`, io)
}

async function completeRequest(
  { tiers, sources, asked }: Operands & { readonly asked: readonly InfoRule[] },
  options: CompletedirOptions,
  { io, isLegacy }: Pick<CommandContext, 'io' | 'isLegacy'>,
): Promise<CompleteRequest> {
  const common = commonRequest(namedTrackers(tiers, options), options, { io, isLegacy })
  if (options.source.length > 1) {
    throw usageError('--source: completedir makes one torrent for each entry; give one tag')
  }
  if (options.sortBy === 'given') {
    throw usageError('--sort-by given: only makemetafile reads a list of files')
  }
  if (options.owner !== undefined && !io.isRoot) {
    throw usageError('--owner: only root can change owners; leave it out or run as root')
  }
  checkOneDirectory(options.webSeedBase, sources, io)
  const keepTrackers = common.parts.announce === null && !options.trackerless
  const owner = options.owner === undefined ? undefined : findOwner(options.owner)
  return {
    directories: sources,
    target: options.output ?? null,
    common: { ...common, write: { ...common.write, owner } },
    checksums: options.checksums,
    prune: options.pruneAll ? 'always' : options.prune ? 'careful' : 'never',
    existing: { asked, remake: options.remake, keepTrackers },
    adopt: options.adopt,
    force: options.force,
    dryRun: options.dryRun,
    waitSeconds: options.wait,
    minAgeSeconds: options.minAge,
    cacheMaxSize: options.cacheMaxSize ?? null,
    publish: await clientsOf(options, io),
  }
}

/** Milliseconds that a client may take to check data before the run continues. */
const LOOK_LIMIT_MS = 60_000

async function clientsOf(options: CompletedirOptions, io: Io): Promise<SyncClient[]> {
  if (options.publish.length === 0) return []
  // The code for clients takes a while to load and is rarely needed
  const { openClients, syncClient } = await import('../../open/clients.js')
  const { waitingFor } = await import('../../../core/publish/wait-for.js')
  const waiting = waitingFor(LOOK_LIMIT_MS, io)
  const clients = openClients(options.publish, options.clientTimeout, io)
  return clients.map((client) => syncClient(client, options, waiting))
}

async function complete(
  request: CompleteRequest,
  { feed, ...options }: Omit<RunOptions, 'feed'> & { readonly feed: TorrentFeed | null },
  io: Io,
): Promise<CompleteReport> {
  const pool = io.shared?.pool ?? new WorkerPool()
  const engine = { ...engineFor(options, io), pool }
  // A user such as nobody has none; cron would send mail of each run
  const mayBeHomeless = options.quiet
  const { cacheAccess, lazyCache } = openLazyAccess({ ...options, mayBeHomeless }, io)
  const newest = options.dryRun ? undefined : feed?.enter
  const watch = { ...watchOnTerminal(options, io), newest }
  const state = { directory: stateOf(options, io), warn: warningsTo(io) }
  try {
    const { elsewhere } = options
    const context = { engine, cacheAccess, lazyCache, state, elsewhere }
    if (!options.recursive) return await completeDirectories(request, context, watch)
    const { completeTrees } = await import('../../../core/complete/complete-tree.js')
    const seedsIn = (path: readonly string[]) => [
      ...options.webSeed,
      ...options.webSeedBase.map((base) => directoryAddress(base, path)),
    ]
    return await completeTrees({ ...request, seedsIn }, context, watch)
  } catch (error) {
    throw adviseWaiting(error, options)
  } finally {
    watch.stop()
    if (!io.shared) await pool.close()
    await closeCache(cacheAccess, io)
  }
}

/** Names --wait in the error of a run that did not wait for another. */
function adviseWaiting(error: unknown, { wait }: CompletedirOptions): unknown {
  const isRefused = error instanceof BtkitError && error.code === 'locked' && wait === 0
  if (!isRefused) return error
  return new BtkitError('locked', `${error.message}, or give --wait SECONDS`, { cause: error })
}

function stateOf({ stateDir }: CompletedirOptions, { env, isRoot }: Io): string {
  return stateDirectory({ option: stateDir, env, isRoot })
}

/** Shows the progress on a terminal, and prints each torrent when it is written. */
function watchOnTerminal(
  options: Pick<CompletedirOptions, 'quiet' | 'json' | 'dryRun'>,
  io: Io,
): CompleteWatch & { stop: () => void } {
  const { quiet, json, dryRun } = options
  let bar: ProgressBar<HashProgress> | null = null
  let orphans = 0
  const countOrphans = (count: number) => (orphans += count)
  return {
    orphans: quiet ? undefined : countOrphans,
    written: (kind, change, leftOut) => {
      if (quiet) return
      bar?.pause()
      if (!json) io.stdout.write(`${escapeText(writtenLine(kind, change, dryRun))}\n`)
      const skipped = countSkipped(leftOut)
      const verb = dryRun ? 'would skip' : 'skipped'
      if (skipped !== null) reportNote(`${change.source}: ${verb} ${skipped}`, io)
    },
    isSeen: !quiet && io.stderr.isTTY === true,
    begin: async (totalBytes) => {
      bar = await openProgress(io, totalBytes)
    },
    progress: (progress) => bar?.update(progress),
    stop: () => {
      bar?.stop()
      if (orphans > 0) reportNote(orphansLine(orphans), io)
    },
  }
}

interface Outcome {
  readonly options: CompletedirOptions
  readonly seconds: number
}

/** Whether new torrents name no tracker, no node and no seed. */
function isWithoutTracker({ common: { parts } }: CompleteRequest): boolean {
  const { announce, nodes, webSeeds, httpSeeds } = parts
  return announce === null && [nodes, webSeeds, httpSeeds].every(({ length }) => length === 0)
}

function printReport(
  report: CompleteReport,
  { options, seconds, isTrackerless }: Outcome & { readonly isTrackerless: boolean },
  io: Io,
): void {
  const { json, quiet, dryRun } = options
  for (const failure of failuresOf(report)) reportError(failure, io)
  for (const left of !quiet || report.hasNewForeign ? foreignOf(report) : []) {
    reportWarning(left, io)
  }
  for (const kept of keptOf(report)) reportNote(kept, io)
  if (isTrackerless && report.created.length > 0) tellTrackerless(options, io)
  const warning = backslashWarning(report.backslashed)
  if (warning !== null && !quiet) reportWarning(warning, io)
  if (json) io.stdout.write(completeJson(report, { seconds, dryRun }))
  if (json || quiet) return
  for (const line of completeText(report, { seconds, dryRun }))
    io.stdout.write(`${escapeText(line)}\n`)
}

function tellTrackerless({ private: isPrivate, quiet }: CompletedirOptions, io: Io): void {
  if (isPrivate)
    reportWarning('no tracker: nobody can download new private torrents; give a tracker', io)
  else if (!quiet)
    reportNote('no tracker: clients of new torrents find each other through the DHT', io)
}

/**
 * Runs the command of --on-change if anything changed, or if it did not succeed after the last
 * change. Returns whether all went well. An interrupted run does it, too, and never stops it: the
 * next run finds these changes made.
 */
async function runHook(
  report: CompleteReport,
  { options, seconds, request }: Outcome & { readonly request: CompleteRequest },
  io: Io,
): Promise<boolean> {
  const { onChange, dryRun } = options
  if (onChange === undefined || dryRun) return true
  const due = notePlace('due', request, { directory: stateOf(options, io) })
  if (!hasChanges(report) && readNote(due) === null) return true
  writeNote(due, true)
  const input = completeJson(report, { seconds, dryRun })
  const isDone = await succeeds(() => runCommand(onChange, input, io), io)
  if (isDone) writeNote(due, null)
  return isDone
}

/** Does the work after a run. Reports a failure, and returns whether there was none. */
async function succeeds(work: () => Promise<void> | undefined, io: Io): Promise<boolean> {
  try {
    await work()
    return true
  } catch (error) {
    if (!(error instanceof BtkitError)) throw error
    reportError(error, io)
    return false
  }
}

/**
 * Runs a user's command through the shell, with `input` as its standard input. Its output goes to
 * standard error, because standard output is for data.
 * @throws BtkitError `io` if it fails
 */
async function runCommand(command: string, input: string, io: Io): Promise<void> {
  const { env, cwd, stderr } = io
  const child = spawn(command, { shell: true, env: { ...env }, cwd, stdio: 'pipe' })
  // A command may end without reading all its input
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Uint8Array) => stderr.write(chunk))
  }
  try {
    const [status] = (await once(child, 'close')) as [number | null]
    if (status === 0) return
    const how = status === null ? 'was killed' : `ended with status ${status}`
    throw new BtkitError('io', `--on-change '${command}': ${how}`)
  } catch (error) {
    throw asBtkitError(error, `--on-change '${command}'`)
  }
}
