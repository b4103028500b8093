import { completeDirectories } from '../../../core/complete/complete-directories.js'
import type { CompleteReport } from '../../../core/complete/report.js'
import type { CompleteRequest, CompleteWatch } from '../../../core/complete/request.js'
import { BtkitError } from '../../../errors.js'
import { findOwner } from '../../../files/write/find-owner.js'
import { checkPatterns } from '../../../files/scan/scan-tree.js'
import type { HashProgress } from '../../../hash/jobs/job.js'
import { WorkerPool } from '../../../hash/jobs/worker-pool.js'
import { stateDirectory } from '../../../state/directory.js'
import { escapeText } from '../../../text/escape.js'
import { openCacheAccess } from '../../arguments/cache-options.js'
import { commonRequest, warnOfTracker } from '../../arguments/torrent-request.js'
import { completeJson, completeText, failuresOf } from './report.js'
import { declareCompletedir, type CompleteOptions } from './options.js'
import type { CommandContext } from '../../context.js'
import { engineFor } from '../../arguments/engine-options.js'
import { reportError, reportWarning } from '../../output/messages.js'
import type { Io } from '../../io.js'
import { sortOperands, type Operands } from '../../arguments/operands.js'
import { openProgress, type ProgressBar } from '../../output/progress.js'

/** The command `completedir`. */
export function defineCompletedir({ io, finish }: CommandContext) {
  return declareCompletedir().action(async (args, options) => {
    const request = completeRequest(sortOperands(args), options, io)
    await checkPatterns(options)
    warnOfTracker(request.common, options, io)
    const started = io.now()
    const report = await complete(request, options, io)
    printReport(report, { options, seconds: (io.now() - started) / 1000 }, io)
    if (report.isInterrupted) throw new BtkitError('interrupted', 'interrupted')
    finish(failuresOf(report).length > 0 ? 1 : 0)
  })
}

function completeRequest(
  { tracker, sources }: Operands,
  options: CompleteOptions,
  io: Io,
): CompleteRequest {
  const common = commonRequest(tracker, options, io)
  if (options.owner !== undefined && !io.isRoot) {
    throw new BtkitError('usage', '--owner: only root can give files away')
  }
  const owner = options.owner === undefined ? undefined : findOwner(options.owner)
  return {
    directories: sources,
    target: options.target ?? null,
    common: { ...common, write: { ...common.write, owner } },
    prune: options.pruneAll ? 'always' : options.prune ? 'careful' : 'never',
    force: options.force,
    dryRun: options.dryRun,
    waitSeconds: options.wait,
    minAgeSeconds: options.minAge,
  }
}

async function complete(
  request: CompleteRequest,
  options: CompleteOptions,
  io: Io,
): Promise<CompleteReport> {
  const pool = new WorkerPool()
  const engine = { ...engineFor(options, io), pool }
  const cacheAccess = await openCacheAccess(options, io)
  const watch = watchOnTerminal(options, io)
  const state = {
    directory: stateDirectory({ option: options.stateDir, env: io.env, isRoot: io.isRoot }),
    warn: (message: string) => {
      reportWarning(message, io)
    },
  }
  try {
    return await completeDirectories(request, { engine, cacheAccess, state }, watch)
  } finally {
    watch.stop()
    await pool.close()
    await cacheAccess.cache.close()
  }
}

function watchOnTerminal({ quiet }: CompleteOptions, io: Io): CompleteWatch & { stop: () => void } {
  let bar: ProgressBar<HashProgress> | null = null
  return {
    isSeen: !quiet && io.stderr.isTTY === true,
    begin: async (totalBytes) => {
      bar = await openProgress(io, totalBytes)
    },
    progress: (progress) => bar?.update(progress),
    stop: () => bar?.stop(),
  }
}

interface Outcome {
  readonly options: CompleteOptions
  readonly seconds: number
}

function printReport(report: CompleteReport, { options, seconds }: Outcome, io: Io): void {
  const { json, quiet, dryRun } = options
  for (const failure of failuresOf(report)) reportError(failure, io)
  if (json) io.stdout.write(completeJson(report, { seconds, dryRun }))
  if (json || quiet) return
  for (const line of completeText(report, { seconds, dryRun }))
    io.stdout.write(`${escapeText(line)}\n`)
}
