import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings'
import { BtkitError } from '../../../errors.js'
import { escapeText } from '../../../text/escape.js'
import { collect, wholeNumber } from '../../arguments/values.js'
import { aliasesOf } from '../../configuration/aliases.js'
import {
  configurationFiles,
  readConfigurations,
  readConfigurationText,
} from '../../configuration/files.js'
import { suggestion } from '../../configuration/nearest.js'
import type { CommandContext } from '../../context.js'
import { reportError } from '../../output/messages.js'
import { jobJson, jobText, namedMessages, totalsJson, totalsText } from './batch-output.js'
import { checkDefaults, jobArguments, type JobContext } from './job-arguments.js'
import { openShared } from './job-io.js'
import { clashesOf, planJob, type PlannedJob } from './plan-jobs.js'
import { JOB_COMMANDS, readJobs, type Job } from './read-jobs.js'
import { runJobs, type JobResult } from './run-jobs.js'

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

export function defineBatch(context: CommandContext) {
  return declareBatch().action(async (name, options) => {
    const { io, finish } = context
    const started = io.monotonic()
    const all = { ...options, config: (options as { config?: string }).config }
    const file = resolve(io.cwd, name)
    const planned = await planAll(file, all, context)
    if (planned === null) {
      finish(2)
      return
    }
    const statuses = await runAll(planned, { ...all, file }, context)
    const failed = statuses.filter((status) => status !== 0).length
    const status = worstOf(statuses)
    const seconds = Math.round(io.monotonic() - started) / 1000
    const totals = { jobs: statuses.length, failed, status, seconds }
    if (io.signal.aborted) throw new BtkitError('interrupted', 'interrupted')
    if (all.json) io.stdout.write(totalsJson(totals))
    else if (!all.quiet) io.stdout.write(totalsText(totals))
    finish(status)
  })
}

function declareBatch() {
  return new Command('batch')
    .description(
      'Run the jobs of a file in one process: make, complete, edit and publish torrents.',
    )
    .argument('<file>', 'the batch file, in YAML')
    .option('--only <name>', 'run only this job (repeatable)', collect, [])
    .option('--jobs <n>', 'run this many jobs at the same time', wholeNumber(1, 64), 1)
    .option('--dry-run', 'show what would be done, and write nothing', false)
    .option('--json', 'print one line of JSON for each job, and one for the totals', false)
    .option('--quiet', 'print nothing but errors', false)
    .addHelpText('after', EXAMPLES)
}

interface BatchOptions {
  readonly only: readonly string[]
  readonly jobs: number
  readonly dryRun: boolean
  readonly json: boolean
  readonly quiet: boolean
  readonly config?: string | undefined
}

/**
 * Plans the wanted jobs. Reports everything that is wrong with them, and returns null if anything
 * is.
 */
async function planAll(
  file: string,
  options: BatchOptions,
  context: CommandContext,
): Promise<PlannedJob[] | null> {
  const { io } = context
  const { jobs, defaults } = readJobs(readConfigurationText(file, io), file)
  const world = { env: io.env, aliases: await configuredAliases(options.config, context) }
  const job: JobContext = { commands: await jobCommands(context), defaults, file, world }
  checkDefaults(job)
  const planned: PlannedJob[] = []
  let isWrong = false
  const wanted = new Set(wantedJobs(jobs, options.only))
  for (const each of jobs) {
    try {
      const [command = '', ...args] = jobArguments(each, job)
      const all = [command, ...configArgs(options.config, io.cwd), ...args]
      const plan = await planJob({ ...each, args: all }, dirname(file), context)
      if (typeof plan !== 'string') planned.push(plan)
      else io.stderr.write(namedMessages(escapeText(`${each.place}: ${each.name}`), plan))
      isWrong ||= typeof plan === 'string'
    } catch (error) {
      if (!(error instanceof BtkitError)) throw error
      reportError(error, io)
      isWrong = true
    }
  }
  const chosen = planned.filter(({ name }) => wanted.has(name))
  const clashes = clashesOf(chosen)
  for (const clash of clashes) reportError(clash, io)
  return isWrong || clashes.length > 0 ? null : chosen
}

function wantedJobs(jobs: readonly Job[], only: readonly string[]): string[] {
  const names = jobs.map(({ name }) => name)
  const unknown = only.find((name) => !names.includes(name))
  if (unknown !== undefined) {
    const why = suggestion(unknown, names) || `; jobs are ${names.join(', ')}`
    throw new BtkitError('usage', `--only ${unknown}: there is no such job${why}`)
  }
  return only.length === 0 ? names : [...only]
}

/** The tracker names of the configuration. */
async function configuredAliases(option: string | undefined, { io }: CommandContext) {
  return aliasesOf(await readConfigurations(configurationFiles(option, io), io))
}

/** The commands of jobs, with their options. */
async function jobCommands({ commands }: CommandContext): Promise<Map<string, CommandUnknownOpts>> {
  const names: readonly string[] = JOB_COMMANDS
  const found = (await commands()).filter((command) => names.includes(command.name()))
  return new Map(found.map((command) => [command.name(), command]))
}

function configArgs(option: string | undefined, cwd: string): string[] {
  return option === undefined ? [] : [`--config=${resolve(cwd, option)}`]
}

async function runAll(
  jobs: readonly PlannedJob[],
  options: BatchOptions & { readonly file: string },
  context: CommandContext,
): Promise<number[]> {
  const { io } = context
  const { dryRun, json, quiet } = options
  const given = Object.entries({ json, quiet, 'dry-run': dryRun }).filter(([, isOn]) => isOn)
  const added = given.map(([name]) => `--${name}`)
  const statuses: number[] = []
  const report = (result: JobResult) => {
    statuses.push(result.status)
    const { job, stderr } = result
    if (json) io.stdout.write(jobJson(result))
    else io.stdout.write(quiet ? result.stdout : escapeName(jobText(result)))
    io.stderr.write(namedMessages(escapeText(job.name), stderr))
  }
  // A dry run does not make the torrents that later jobs read
  const run = dryRun ? jobs.filter(({ inputs }) => inputs.every((path) => existsSync(path))) : jobs
  const shared = openShared()
  try {
    await runJobs(run, { file: options.file, limit: options.jobs, added, shared, report }, context)
  } finally {
    await shared.close()
  }
  return statuses
}

/** The name of a job is in the first line. Its command has escaped the others. */
function escapeName(text: string): string {
  const end = text.indexOf('\n')
  return escapeText(text.slice(0, end)) + text.slice(end)
}

/** 1 if a job failed, 75 if jobs only found a lock, else 0. */
function worstOf(statuses: readonly number[]): number {
  if (statuses.some((status) => status !== 0 && status !== 75)) return 1
  return statuses.includes(75) ? 75 : 0
}
