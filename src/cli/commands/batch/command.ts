import { MANY, optimizeLate } from '../../../base/optimize-late.js'
import { OFF } from '../../options/option.js'
import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { Command } from '../../acting-command.js'
import type { CacheAccess } from '../../../core/digests/cache-access.js'
import { accessCache, type CacheRequest } from '../../../fleet/access.js'
import { BtkitError, usageError } from '../../../base/errors.js'
import { WorkerPool } from '../../../disk/hash/jobs/worker-pool.js'
import { escapeText } from '../../../base/text/escape.js'
import { count } from '../../../base/text/quantity.js'
import { expandPaths } from '../../line/patterns.js'
import { collect } from '../../options/values.js'
import { Problems } from '../../options/given.js'
import { suggestion } from '../../line/spelling.js'
import { contradictionIn, lackIn } from '../../configuration/together.js'
import type { CommandContext, CommandRecord, JobRunner } from '../../context.js'
import type { Io, Output, SharedResources } from '../../io.js'
import { Report } from '../../output/report.js'
import { type BatchJob, readJobs } from './jobs.js'

const EXAMPLES = `
A batch file in YAML:
  jobs:
    isos:
      completedir: {path: /srv/iso, output: /srv/torrents, prune: true}
    release:
      makemetafile: {path: release.tgz, announce: http://t.example/a}

Examples:
  btkit batch /etc/btkit/torrents.yaml --quiet
  btkit batch torrents.yaml --only release --dry-run`

export const command: CommandRecord = {
  group: 'Make and change torrents',
  order: 60,
  summary: 'Run many jobs of one file: make, complete, edit, publish',
  example: 'torrents.yaml',
  define: defineBatch,
}

function defineBatch(context: CommandContext) {
  return new Command('batch')
    .description(
      'Run the jobs of a file in one process: make, complete, edit and publish torrents.',
    )
    .argument('<file>', 'the batch file, in YAML')
    .opt(
      '--only <name>',
      'run only this job (repeatable). Jobs that are not chosen may write the same files.',
      collect,
    )
    .opt(
      '--dry-run',
      `show what would be done, and write nothing. Jobs that publish are left out if their torrents
        are not made yet.`,
      OFF,
    )
    .opt(
      '--json',
      `print one JSON object a line for each job, and one for the totals. Each has *job*, *command*,
        *status*, *results* (an array of what the command prints with --json), *messages* and
        *seconds*. The last line has *jobs*, *failed*, *status* and *seconds*.`,
      OFF,
    )
    .opt('-q, --quiet', 'print nothing but errors', OFF)
    .addHelpText('after', EXAMPLES)
    .action(async (name, options) => {
      const { io, configFile, finish } = context
      const started = io.monotonic()
      const named = configFile()
      const config = named === undefined ? named : resolve(io.cwd, named)
      const file = resolve(io.cwd, name)
      const shared = openShared()
      const world = new JobWorld(dirname(file), shared, io)
      const runner = await context.openJobs({ config, words: wordsOf(options) }, world.io)
      const jobs = await checkedJobs(file, options, runner, io)
      if (jobs === null) {
        finish(2)
        return
      }
      const statuses = await runJobs(jobs, options, { runner, world, shared, io })
      const failed = statuses.filter((status) => status !== 0).length
      const status = worstOf(statuses)
      const seconds = Math.round(io.monotonic() - started) / 1000
      if (io.signal.aborted) throw new BtkitError('interrupted', 'interrupted')
      new Report(options, io).line(
        { jobs: statuses.length, failed, status, seconds },
        `${count(statuses.length, 'job')}, ${failed} failed, ${seconds.toFixed(1)} s`,
      )
      finish(status)
    })
}

interface BatchOptions {
  readonly only: readonly string[]
  readonly dryRun: boolean
  readonly json: boolean
  readonly quiet: boolean
}

/** The options of all jobs, as they are typed. */
function wordsOf({ json, quiet, dryRun }: BatchOptions): string[] {
  const flags = Object.entries({ json, quiet, 'dry-run': dryRun })
  return flags.filter(([, isOn]) => isOn).map(([name]) => `--${name}`)
}

/**
 * The world of jobs: their paths are below the directory of the file, except that of the
 * configuration.
 */
function ioBelow(directory: string, io: Io): Io {
  const { BTKIT_CONFIG: config } = io.env
  const env = config ? { ...io.env, BTKIT_CONFIG: resolve(io.cwd, config) } : io.env
  return { ...io, env, cwd: directory }
}

/** The wanted jobs. Reports each mistake in any job, and returns null if there is one. */
async function checkedJobs(
  file: string,
  { only }: BatchOptions,
  { commands, decide }: JobRunner,
  io: Io,
): Promise<readonly BatchJob[] | null> {
  const problems = new Problems()
  const jobs = readJobs(file, commands, problems, io)
  for (const job of jobs) {
    const decided = await decide(job, problems)
    const refused = contradictionIn(decided) ?? lackIn(decided)
    if (refused) problems.add(job.place.error(`${job.name}: ${refused.message}`))
  }
  problems.errors.forEach(new Report({}, io).fail)
  if (problems.errors.length > 0) return null
  if (jobs.length === 0) throw usageError(`${file}: has no jobs`)
  const names = jobs.map(({ name }) => name)
  const unknown = only.find((name) => !names.includes(name))
  if (unknown !== undefined) {
    const why = suggestion(unknown, names) || `; jobs are ${names.join(', ')}`
    throw usageError(`--only ${unknown}: there is no such job${why}`)
  }
  return jobs.filter(({ name }) => only.length === 0 || only.includes(name))
}

/**
 * Runs jobs in the order of the file. A failure does not stop the others. After a signal no further
 * job begins. Returns the statuses.
 */
async function runJobs(
  jobs: readonly BatchJob[],
  options: BatchOptions,
  batch: Batch,
): Promise<number[]> {
  const { shared, io } = batch
  const statuses: number[] = []
  try {
    for (const job of jobs) {
      if (io.signal.aborted) break
      // A dry run does not make the torrents that later jobs read
      const isLate =
        options.dryRun && job.command.name() === 'publish' && !(await areThere(job, io))
      if (!isLate) statuses.push(await runJob(job, options, batch))
      // The first job has loaded the program
      if (job === jobs[0] && jobs.length >= MANY) optimizeLate()
    }
  } finally {
    await shared.close()
  }
  return statuses
}

/** The runner of jobs, the world and the resources that they share, and the world of the batch. */
interface Batch {
  readonly runner: JobRunner
  readonly world: JobWorld
  readonly shared: ReturnType<typeof openShared>
  readonly io: Io
}

async function areThere({ operands }: BatchJob, io: Io): Promise<boolean> {
  const paths = await expandPaths(operands, { ...io, stderr: new Kept() }).catch(() => [])
  return paths.length > 0 && paths.every((path) => existsSync(path))
}

async function runJob(
  job: BatchJob,
  options: BatchOptions,
  { runner, world, io }: Batch,
): Promise<number> {
  const started = io.monotonic()
  const { stdout, stderr } = world.begin(job.name)
  const status = await runner.run(job)
  const seconds = Math.round(io.monotonic() - started) / 1000
  const how = status === 0 ? 'done' : `failed (status ${status})`
  new Report(options, io).line(
    () => {
      const results = stdout.lines.map((line) => JSON.parse(line) as unknown)
      const about = { job: job.name, command: job.command.name(), status }
      return { ...about, results, messages: stderr.lines, seconds }
    },
    () => [`${job.name}: ${job.command.name()}, ${how}, ${seconds.toFixed(1)} s`],
  )
  if (!options.json) io.stdout.write(stdout.text)
  const name = escapeText(job.name)
  for (const line of stderr.lines)
    io.stderr.write(`${line.replace(/^((?:\u001b\[\d+m)*btkit:)/, `$1 ${name}:`)}\n`)
  return status
}

/**
 * The world of all jobs, which run one after the other. It has no standard input, and the output of
 * a job is kept until the next one begins.
 */
class JobWorld {
  readonly io: Io
  readonly #stdout = new Kept()
  readonly #stderr = new Kept()
  readonly #claims = new Claims()

  constructor(directory: string, shared: Omit<SharedResources, 'claim'>, io: Io) {
    this.io = {
      ...ioBelow(directory, io),
      stdin: nothing(),
      stdout: this.#stdout,
      stderr: this.#stderr,
      shared: { ...shared, claim: this.#claims.claim },
    }
  }

  /** Makes this job the one that runs, and returns its output. */
  begin(job: string): { readonly stdout: Kept; readonly stderr: Kept } {
    this.#claims.job = job
    this.#stdout.clear()
    this.#stderr.clear()
    return { stdout: this.#stdout, stderr: this.#stderr }
  }
}

/** Output that is kept. */
class Kept implements Output {
  #chunks: Buffer[] = []

  write(chunk: string | Uint8Array): void {
    this.#chunks.push(Buffer.from(chunk))
  }

  clear(): void {
    this.#chunks = []
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString()
  }

  get lines(): string[] {
    return this.text.split('\n').filter((line) => line !== '')
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {
  // Nothing comes
}

/** Opens the threads and the caches that jobs share. `close` ends them. */
function openShared(): Omit<SharedResources, 'claim'> & { readonly close: () => Promise<void> } {
  const caches = new Map<string, CacheAccess>()
  const pool = new WorkerPool()
  const openCache = (request: CacheRequest): CacheAccess => {
    const { directory, share, trust } = request
    const key = JSON.stringify([directory, share ? [share, trust] : null])
    const access = caches.get(key) ?? accessCache(request)
    caches.set(key, access)
    return { ...access, trust }
  }
  const close = async () => {
    await pool.close()
    await Promise.all([...caches.values()].map(({ cache }) => cache.close()))
  }
  return { pool, openCache, close }
}

/** Refuses a file that one job of a batch wrote to the others, which would replace it unseen. */
class Claims {
  /** The job that runs. */
  job = ''
  readonly #written = new Map<string, string>()

  claim = (path: string): void => {
    const writer = this.#written.get(path) ?? this.job
    if (writer !== this.job)
      throw new BtkitError(
        'exists',
        `${path}: job ${writer} of this batch wrote it; use another path`,
      )
    this.#written.set(path, writer)
  }
}

/** 1 if a job failed, 75 if jobs only found a lock, else 0. */
function worstOf(statuses: readonly number[]): number {
  if (statuses.some((status) => status !== 0 && status !== 75)) return 1
  return statuses.includes(75) ? 75 : 0
}
