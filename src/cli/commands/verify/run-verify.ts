import type { VerifyContext } from '../../../core/verify/check-sides.js'
import {
  measureTorrents,
  verifyTorrents,
  type VerifiedTorrent,
  type VerifyOutcome,
  type VerifyRun,
} from '../../../core/verify/verify-torrents.js'
import { readTorrentInput } from '../../arguments/torrent-input.js'
import type { Io } from '../../io.js'
import { reportError, reportNote, reportWarning } from '../../output/messages.js'
import { openProgress } from '../../output/progress.js'
import { count } from '../../../text/quantity.js'
import {
  uncheckedJson,
  linesOfOne,
  linesOfSeveral,
  sumLine,
  verifyJson,
  type Tally,
} from './verify-output.js'
import type { VerifyTargets } from './request.js'

/** The options for checking and printing. */
export interface VerifyOptions {
  readonly checkHashes: boolean
  readonly followSymlinks: boolean
  readonly extra?: true | undefined
  readonly json?: true | undefined
  readonly quiet?: true | undefined
  /** In bytes. */
  readonly maxTorrentSize: number
}

/** One run of the command. */
export interface Run {
  readonly targets: VerifyTargets
  readonly options: VerifyOptions
  readonly hashContext: VerifyContext
  readonly io: Io
}

/**
 * Checks torrents and reports each result. Returns the exit status.
 * @throws BtkitError `interrupted`
 */
export async function runVerify(run: Run): Promise<number> {
  const { targets, io } = run
  const tally: Tally = { whole: 0, notWhole: 0, failed: 0 }
  let isComplete = true
  for (const { file, error } of targets.refused) {
    report({ torrent: file, report: null, error }, { run, tally, seconds: 0 })
  }
  try {
    let started = io.now()
    for await (const outcome of outcomesOf(run)) {
      report(outcome, { run, tally, seconds: (io.now() - started) / 1000 })
      if (outcome.error === null) isComplete &&= tellExtraError(outcome, io)
      started = io.now()
    }
  } catch (error) {
    if (io.signal.aborted) tellProgress(tally, run)
    throw error
  }
  const isWhole = tally.notWhole + tally.failed === 0
  if (wantsSum(run, isWhole)) io.stdout.write(sumLine(tally))
  return isWhole && isComplete ? 0 : 1
}

/** Yields the results, with a progress bar for all torrents. */
async function* outcomesOf({
  targets,
  options,
  hashContext,
  io,
}: Run): AsyncGenerator<VerifyOutcome> {
  const work: VerifyRun = {
    places: targets.places,
    checkHashes: options.checkHashes,
    extra: options.extra ?? false,
    followSymlinks: options.followSymlinks,
    read: (torrent) => readTorrentInput(torrent, options.maxTorrentSize, io),
  }
  const hasBar = !options.quiet && io.stderr.isTTY === true
  const { signal } = hashContext.engine
  const total = hasBar && !targets.isSingle ? await measureTorrents(work, signal) : null
  const shown: { bar: Awaited<ReturnType<typeof openProgress>> } = { bar: null }
  const engine = {
    ...hashContext.engine,
    onProgress: (progress: { bytesDone: number; currentPath: string }) =>
      shown.bar?.update(progress),
  }
  const onPlan = async (byteCount: number) => {
    if (hasBar) shown.bar ??= await openProgress(io, total ?? byteCount)
  }
  try {
    for await (const outcome of verifyTorrents(work, { ...hashContext, engine }, onPlan)) {
      shown.bar?.pause()
      yield outcome
    }
  } finally {
    shown.bar?.stop()
  }
}

/** The state of a run while one torrent is reported. */
interface Context {
  readonly run: Run
  readonly tally: Tally
  readonly seconds: number
}

function report(outcome: VerifyOutcome, { run, tally, seconds }: Context): void {
  const { options, targets, io } = run
  if (outcome.error !== null) {
    tally.failed++
    reportError(outcome.error, io)
    if (options.json) io.stdout.write(uncheckedJson(outcome, seconds))
    return
  }
  const { torrent, metainfo, report } = outcome
  for (const { message } of options.quiet ? [] : metainfo.warnings) {
    reportWarning(`${torrent}: ${message}`, io)
  }
  if (report.ok) tally.whole++
  else tally.notWhole++
  if (options.json) io.stdout.write(verifyJson(outcome, seconds))
  else if (!options.quiet || !report.ok) {
    const linesOf = targets.isSingle ? linesOfOne : linesOfSeveral
    const lines = linesOf(report, torrent, io.cwd)
    io.stdout.write(lines)
  }
}

/** Returns false if extra files were wanted and could not be searched for. */
function tellExtraError({ report: { extraError } }: VerifiedTorrent, io: Io): boolean {
  if (extraError !== null) reportError(extraError, io)
  return extraError === null
}

function tellProgress({ whole, notWhole, failed }: Tally, { targets, options, io }: Run): void {
  if (targets.isSingle || options.quiet) return
  const { places, refused } = targets
  const all = count(places.length + refused.length, 'torrent')
  reportNote(`stopped after ${whole + notWhole + failed} of ${all}`, io)
}

function wantsSum({ targets, options }: Run, isWhole: boolean): boolean {
  return !targets.isSingle && !options.json && !(options.quiet && isWhole)
}
