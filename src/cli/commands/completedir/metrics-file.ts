import { resolve } from 'node:path'
import { skippedEntries, type CompleteReport } from '../../../core/complete/complete-report.js'
import { BtkitError, nameErrors, valueOr } from '../../../errors.js'
import { readBounded } from '../../../files/read-bounded.js'
import { checkTarget, writeAtomically } from '../../../files/write/atomically.js'
import { formatMetrics, gauge, type Metric } from '../../../server/metrics/metrics.js'
import type { Io } from '../../io.js'
import type { CompletedirOptions } from './options.js'

/** A file that node_exporter's textfile collector reads. */
interface MetricsFile {
  readonly path: string
  /** The absolute path of the target, or of the directories. It distinguishes runs. */
  readonly target: string
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

/** The file of a command line; null without `--metrics-file`, and in a dry run. */
export function metricsFile(
  { metricsFile: path, output, dryRun }: CompletedirOptions,
  directories: readonly string[],
  io: Io,
): MetricsFile | null {
  if (path === undefined || dryRun) return null
  const places = output === undefined ? directories : [output]
  return { path, target: places.map((each) => resolve(io.cwd, each)).join(' ') }
}

/**
 * Does the work of a run, and writes its metrics, also after a failure. If another run holds the
 * lock, the file is left to that one.
 * @throws BtkitError `exists` for a file of something else, and as checkTarget and `work`
 */
export async function withMetrics<T extends Omit<RunMetrics, 'seconds'>>(
  file: MetricsFile | null,
  io: Io,
  work: () => Promise<T>,
): Promise<T> {
  if (file === null) return work()
  nameErrors('--metrics-file', () => {
    checkTarget(file.path, { checkReplaceable })
  })
  const started = io.monotonic()
  const write = (run: Omit<RunMetrics, 'seconds'>) =>
    writeMetrics(file, { ...run, seconds: Math.round(io.monotonic() - started) / 1000 }, io)
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
async function writeMetrics(file: MetricsFile, run: RunMetrics, io: Io): Promise<void> {
  const now = Math.floor(io.now() / 1000)
  const lastSuccess = run.isSuccess ? now : lastSuccessIn(valueOr('', () => readText(file.path)))
  const text = formatMetrics(metricsOf(run, { now, lastSuccess, target: file.target }))
  const claim = io.shared?.claim
  await writeAtomically(file.path, Buffer.from(text), { claim, checkReplaceable })
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
