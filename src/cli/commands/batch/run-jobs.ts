import { dirname } from 'node:path'
import type { CommandContext } from '../../context.js'
import type { SharedResources } from '../../io.js'
import { jobIo } from './job-io.js'
import type { PlannedJob } from './plan-jobs.js'

/** A job that has ended. */
export interface JobResult {
  readonly job: PlannedJob
  readonly status: number
  readonly stdout: string
  readonly stderr: string
  readonly seconds: number
}

/** How to run jobs. */
export interface JobRun {
  /** The path of the batch file. */
  readonly file: string
  /** Most jobs at the same time. */
  readonly limit: number
  /** Arguments that the batch adds to those of each job. */
  readonly added: readonly string[]
  readonly shared: SharedResources
  /** Receives each result when its job ends. */
  readonly report: (result: JobResult) => void
}

/**
 * Runs jobs, begun in the order of the file. A failure does not stop the others. After a signal no
 * further job begins.
 */
export async function runJobs(
  jobs: readonly PlannedJob[],
  run: JobRun,
  { io, runCommand }: Pick<CommandContext, 'io' | 'runCommand'>,
): Promise<void> {
  const running = new Map<PlannedJob, Promise<void>>()
  for (const job of jobs) {
    while (running.size >= run.limit || mustWait(job, [...running.keys()]))
      await Promise.race(running.values())
    if (io.signal.aborted) break
    const work = runJob(job, run, { io, runCommand }).finally(() => running.delete(job))
    running.set(job, work)
  }
  await Promise.all(running.values())
}

async function runJob(
  job: PlannedJob,
  { file, added, shared, report }: JobRun,
  { io, runCommand }: Pick<CommandContext, 'io' | 'runCommand'>,
): Promise<void> {
  const started = io.monotonic()
  const { io: own, stdout, stderr } = jobIo(io, dirname(file))
  const [command = '', ...args] = job.args
  const status = await runCommand([command, ...added, ...args], { ...own, shared })
  const seconds = Math.round(io.monotonic() - started) / 1000
  report({ job, status, stdout: stdout.text, stderr: stderr.text, seconds })
}

/**
 * Whether a job uses what a running one writes: torrents to edit or publish, or a directory that
 * completedir locks.
 */
function mustWait(job: PlannedJob, running: readonly PlannedJob[]): boolean {
  if (job.command === 'edit' || job.command === 'publish') return running.length > 0
  const targets = new Set(job.trees.map(({ target }) => target))
  return running.some(({ trees }) => trees.some(({ target }) => targets.has(target)))
}
