import { BtkitError } from '../../../errors.js'
import { suggestion } from '../../configuration/nearest.js'
import {
  parseConfiguration,
  type Located,
  type LocatedEntry,
} from '../../configuration/read-file.js'
import { entriesOf } from '../../configuration/sections.js'

/** The commands that jobs may run. */
export const JOB_COMMANDS = ['makemetafile', 'completedir', 'edit', 'publish'] as const

/** A job of a batch file: a command with its options. */
export interface Job {
  readonly name: string
  /** `FILE:LINE:COLUMN`. */
  readonly place: string
  readonly command: string
  readonly entries: readonly LocatedEntry[]
}

/** The content of a batch file. */
export interface BatchFile {
  readonly jobs: readonly Job[]
  /** Options for each job whose command has them. */
  readonly defaults: readonly LocatedEntry[]
}

/**
 * Parses a batch file.
 * @throws BtkitError `usage` with file, line and column
 */
export function readJobs(text: string, path: string): BatchFile {
  const entries = parseConfiguration(text, path)
  const item = (name: string) => entries.find(({ key }) => key === name)?.item
  const known = ['defaults', 'jobs']
  const wrong = entries.find(({ key }) => !known.includes(key))
  if (wrong) {
    const why = suggestion(wrong.key, known) || `; a batch file has ${known.join(' and ')}`
    throw new BtkitError('usage', `${wrong.place}: unknown key "${wrong.key}"${why}`)
  }
  const jobs = ownJobs(item('jobs'))
  if (jobs.length === 0) throw new BtkitError('usage', `${path}: has no jobs`)
  return { jobs, defaults: entriesOf(item('defaults'), 'defaults') }
}

/** `jobs: NAME: COMMAND: OPTIONS`. */
function ownJobs(jobs: Located | undefined): Job[] {
  return entriesOf(jobs, 'jobs').map(({ key: name, place, item }) => {
    const [command, ...others] = entriesOf(item, name)
    const form = `a job is NAME: {COMMAND: OPTIONS}, with one of ${JOB_COMMANDS.join(', ')}`
    if (!command) throw new BtkitError('usage', `${place}: ${name}: has no command; ${form}`)
    if (others[0]) {
      throw new BtkitError('usage', `${others[0].place}: ${name}: has a second command; ${form}`)
    }
    const { key } = command
    if (!(JOB_COMMANDS as readonly string[]).includes(key)) {
      const why = suggestion(key, JOB_COMMANDS) || `; jobs run ${JOB_COMMANDS.join(', ')}`
      throw new BtkitError('usage', `${command.place}: no command "${key}" for jobs${why}`)
    }
    return { name, place, command: key, entries: entriesOf(command.item, key) }
  })
}
