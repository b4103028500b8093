import { BtkitError, nameErrors, valueOr } from '../../errors.js'
import { readBounded } from '../../files/read-bounded.js'
import { checkTarget, writeAtomically, type WriteOptions } from '../../files/write/atomically.js'
import { formatMetrics, gauge, type Metric } from '../../text/metrics.js'
import { skippedEntries, type CompleteReport } from './complete-report.js'

// Without this file nobody would hear of a run of cron that fails, or does not run at all.

/** A file that node_exporter's textfile collector reads. */
export interface MetricsFile {
  readonly path: string
  /** The absolute path of the target, or of the directories. It distinguishes runs. */
  readonly target: string
  readonly claim?: WriteOptions['claim']
}

/** The clocks of a run, in milliseconds: since 1970, and one that never jumps. */
interface Clocks {
  readonly now: () => number
  readonly monotonic: () => number
}

/** The result of a run, for its metrics. */
interface RunMetrics {
  /** Null if the run failed before it had one. */
  readonly report: CompleteReport | null
  readonly isSuccess: boolean
  readonly seconds: number
}

const LAST_SUCCESS = 'btkit_completedir_last_success_timestamp_seconds'

/** The largest file of metrics in bytes; btkit writes about two thousand. */
const MAX_FILE = 1024 * 1024

/**
 * Does the work of a run, and writes its metrics, also after a failure. If another run holds the
 * lock, the file is left to that one.
 * @throws BtkitError `exists` for a file of something else, and as checkTarget and `work`
 */
export async function withMetrics<T extends Omit<RunMetrics, 'seconds'>>(
  file: MetricsFile | null,
  clocks: Clocks,
  work: () => Promise<T>,
): Promise<T> {
  if (file === null) return work()
  nameErrors('--metrics-file', () => {
    checkTarget(file.path, { checkReplaceable })
  })
  const { now, monotonic } = clocks
  const started = monotonic()
  const write = (run: Omit<RunMetrics, 'seconds'>) =>
    writeMetrics(file, { ...run, seconds: Math.round(monotonic() - started) / 1000 }, now())
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

function checkReplaceable(path: string): void {
  const text = readText(path)
  if (text === '' || text.includes('btkit_completedir_')) return
  throw new BtkitError('exists', `${path}: is not a file of metrics; name another`)
}

/** Writes the metrics of a run. After a failure the time of the last success stays. */
async function writeMetrics(file: MetricsFile, run: RunMetrics, time: number): Promise<void> {
  const now = Math.floor(time / 1000)
  const lastSuccess = run.isSuccess ? now : lastSuccessIn(valueOr('', () => readText(file.path)))
  const text = formatMetrics(metricsOf(run, { now, lastSuccess, target: file.target }))
  await writeAtomically(file.path, Buffer.from(text), { claim: file.claim, checkReplaceable })
}

interface Moment {
  readonly now: number
  /** Seconds since 1970; null if no run succeeded. */
  readonly lastSuccess: number | null
  readonly target: string
}

function metricsOf(run: RunMetrics, { now, lastSuccess, target }: Moment): Metric[] {
  const { report, isSuccess, seconds } = run
  const one = (value: number) => [{ labels: { target }, value }]
  const ofReport = report
    ? [
        gauge(
          'btkit_completedir_entries',
          'Entries of the last run, by outcome.',
          Object.entries(outcomesOf(report)).map(([outcome, value]) => ({
            labels: { target, outcome },
            value,
          })),
        ),
        gauge(
          'btkit_completedir_hashed_bytes',
          'Bytes that the last run hashed.',
          one(report.bytesHashed),
        ),
      ]
    : []
  const ofSuccess =
    lastSuccess === null
      ? []
      : [gauge(LAST_SUCCESS, 'Time of the last run without a failure.', one(lastSuccess))]
  return [
    ...ofReport,
    gauge('btkit_completedir_duration_seconds', 'Duration of the last run.', one(seconds)),
    gauge(
      'btkit_completedir_success',
      'Whether the last run had no failure (1) or any (0).',
      one(isSuccess ? 1 : 0),
    ),
    gauge('btkit_completedir_last_run_timestamp_seconds', 'Time of the last run.', one(now)),
    ...ofSuccess,
  ]
}

function outcomesOf(report: CompleteReport): Record<string, number> {
  const { created, updated, adopted, removed, unchanged, failed } = report
  return {
    created: created.length,
    updated: updated.length,
    adopted: adopted.length,
    removed: removed.length,
    unchanged,
    skipped: skippedEntries(report).length,
    failed: failed.length,
  }
}

function lastSuccessIn(text: string): number | null {
  const line = new RegExp(`^${LAST_SUCCESS}\\{.*\\} (\\d{1,15})$`, 'm').exec(text)
  return line ? Number(line[1]) : null
}

function readText(path: string): string {
  return Buffer.from(readBounded(path, MAX_FILE)).toString()
}
