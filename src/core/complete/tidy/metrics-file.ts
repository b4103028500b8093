import { BtkitError, nameErrors, valueOr } from '../../../base/errors.js'
import { readWhole } from '../../../disk/look/read-bounded.js'
import { statIfThere } from '../../../disk/look/stat-files.js'
import { checkTarget, writeAtomically, type WriteOptions } from '../../../disk/write/atomically.js'
import { formatMetrics, gauge, type Metric } from '../../../base/text/metrics.js'
import { skippedEntries, type CompleteReport } from '../report.js'

// Without this file nobody would hear of a run of cron that fails, or does not run at all.

/** A file that node_exporter's textfile collector reads. */
interface MetricsFile {
  readonly path: string
  /** The absolute path of the target, or of the directories. It distinguishes runs. */
  readonly target: string
  readonly claim?: WriteOptions['claim']
}

/** The result of a run, for its metrics. */
interface RunResult {
  /** Null if the run failed before it had one. */
  readonly report: CompleteReport | null
  readonly isSuccess: boolean
}

const LAST_SUCCESS = 'last_success_timestamp_seconds'

/** The largest file of metrics in bytes; btkit writes about two thousand. */
const MAX_FILE = 1024 * 1024

/**
 * Does the work of a run, and writes its metrics, also after a failure. If another run holds the
 * lock, the file is left to that one. The clocks are in milliseconds: since 1970, and one that
 * never jumps.
 * @throws BtkitError `exists` for a file of something else, and as checkTarget and `work`
 */
export async function withMetrics<T extends RunResult>(
  file: MetricsFile,
  { now, monotonic }: Record<'now' | 'monotonic', () => number>,
  work: () => Promise<T>,
): Promise<T> {
  nameErrors('--metrics-file', () => {
    checkTarget(file.path, { checkReplaceable: requireMetrics })
  })
  const started = monotonic()
  const write = async (result: RunResult) => {
    const seconds = Math.round(monotonic() - started) / 1000
    const text = formatMetrics(metricsOf(file, result, Math.floor(now() / 1000), seconds))
    const { path, claim } = file
    await writeAtomically(path, Buffer.from(text), { claim, checkReplaceable: requireMetrics })
  }
  try {
    const done = await work()
    await write(done)
    return done
  } catch (error) {
    const isLocked = error instanceof BtkitError && error.code === 'locked'
    if (!isLocked) await write({ report: null, isSuccess: false }).catch(() => undefined)
    throw error
  }
}

function requireMetrics(path: string): void {
  const text = readText(path)
  if (text === '' || text.includes('btkit_completedir_')) return
  throw new BtkitError('exists', `${path}: is not a file of metrics; name another`)
}

/**
 * The metrics of a run. After a failure the time of the last success stays. Times are in seconds.
 */
function metricsOf(
  { path, target }: MetricsFile,
  { report, isSuccess }: RunResult,
  now: number,
  seconds: number,
): Metric[] {
  const metric = (name: string, help: string, values: Readonly<Record<string, number>>) => {
    const samples = Object.entries(values).map(([outcome, value]) => {
      return { labels: outcome === '' ? { target } : { target, outcome }, value }
    })
    return gauge(`btkit_completedir_${name}`, help, samples)
  }
  const one = (name: string, help: string, value: number | null) =>
    value === null ? [] : [metric(name, help, { '': value })]
  const entries = 'Entries of the last run, by outcome.'
  const outcomes = report && {
    created: report.created.length,
    updated: report.updated.length,
    adopted: report.adopted.length,
    removed: report.removed.length,
    unchanged: report.unchanged,
    skipped: skippedEntries(report).length,
    failed: report.failed.length,
  }
  const line = new RegExp(`^btkit_completedir_${LAST_SUCCESS}\\{.*\\} (\\d{1,15})$`, 'm')
  // A pipe has no time of before, and would be waited for
  const before = line.exec(statIfThere(path)?.isFile() ? valueOr('', () => readText(path)) : '')
  const lastSuccess = isSuccess ? now : before && Number(before[1])
  return [
    ...(outcomes ? [metric('entries', entries, outcomes)] : []),
    ...one('hashed_bytes', 'Bytes that the last run hashed.', report && report.bytesHashed),
    ...one('duration_seconds', 'Duration of the last run.', seconds),
    ...one('success', 'Whether the last run had no failure (1) or any (0).', isSuccess ? 1 : 0),
    ...one('last_run_timestamp_seconds', 'Time of the last run.', now),
    ...one(LAST_SUCCESS, 'Time of the last run without a failure.', lastSuccess),
  ]
}

function readText(path: string): string {
  return Buffer.from(readWhole(path, MAX_FILE, { mayWait: true })).toString()
}
