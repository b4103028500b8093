import { readdirSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { CommanderError } from '@commander-js/extra-typings'
import { realPath } from '../../../files/inside.js'
import type { CommandContext } from '../../context.js'
import type { PlannedOutputs } from '../../io.js'
import type { Job } from './read-jobs.js'
import { jobIo } from './job-io.js'

/** A job with its command line and what it would write. */
export interface PlannedJob extends Job {
  readonly args: readonly string[]
  /** Real paths of files. */
  readonly files: readonly string[]
  /** Paths of torrents that it reads. */
  readonly inputs: readonly string[]
  /** Real paths of sources and of the directories of their torrents. */
  readonly trees: readonly Tree[]
}

interface Tree {
  readonly source: string
  readonly target: string
}

/**
 * Plans a job by its own command, which ends before it does anything. Returns the messages of the
 * command instead if its options are wrong.
 */
export async function planJob(
  job: Job & { readonly args: readonly string[] },
  directory: string,
  { io, runCommand }: Pick<CommandContext, 'io' | 'runCommand'>,
): Promise<PlannedJob | string> {
  let outputs: PlannedOutputs | null = null
  const { io: own, stderr } = jobIo(io, directory)
  const plan = (planned: PlannedOutputs): never => {
    outputs = planned
    // Ends the command without a message
    throw new CommanderError(0, 'btkit.planned', '')
  }
  await runCommand(job.args, { ...own, plan })
  const planned = outputs as PlannedOutputs | null
  if (planned === null) return stderr.text
  const real = (path: string) => {
    const absolute = resolve(directory, path)
    const parent = dirname(absolute)
    return realPath(absolute) ?? join(realPath(parent) ?? parent, basename(absolute))
  }
  const { files = [], inputs = [], trees = [] } = planned
  return {
    ...job,
    files: [...new Set(files.map(real))],
    inputs: inputs.map((path) => resolve(directory, path)),
    trees: trees.map(({ source, target }) => ({ source: real(source), target: real(target) })),
  }
}

/** Reports each pair of jobs that would write the same file. */
export function clashesOf(jobs: readonly PlannedJob[]): string[] {
  return jobs.flatMap((job, at) =>
    jobs.slice(0, at).flatMap((other) => {
      const path = commonFile(other, job)
      if (path === null) return []
      return [`${job.place}: jobs ${other.name} and ${job.name} would both write ${path}`]
    }),
  )
}

function commonFile(one: PlannedJob, other: PlannedJob): string | null {
  const files = new Set(one.files)
  const same = other.files.find((path) => files.has(path))
  if (same !== undefined) return same
  return (
    fileInTree(one.files, other.trees) ??
    fileInTree(other.files, one.trees) ??
    torrentOfBoth(one.trees, other.trees)
  )
}

/** A file that is also the torrent of an entry of a source. */
function fileInTree(files: readonly string[], trees: readonly Tree[]): string | null {
  const found = files.find((path) => {
    return trees.some(({ source, target }) => {
      return dirname(path) === target && torrentsOf(source).has(basename(path))
    })
  })
  return found ?? null
}

function torrentOfBoth(trees: readonly Tree[], others: readonly Tree[]): string | null {
  for (const { source, target } of trees) {
    for (const other of others) {
      if (other.target !== target) continue
      const names = torrentsOf(source)
      const both = [...torrentsOf(other.source)].find((name) => names.has(name))
      if (both !== undefined) return resolve(target, both)
      if (other.source === source) return target
    }
  }
  return null
}

/** The names of the torrents that the entries of a directory get; none if it cannot be read. */
function torrentsOf(source: string): Set<string> {
  try {
    const names = readdirSync(source).filter((name) => !/^\.|\.torrent$/.test(name))
    return new Set(names.map((name) => `${name}.torrent`))
  } catch {
    return new Set()
  }
}
