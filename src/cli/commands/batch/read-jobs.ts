import { BtkitError } from '../../../errors.js'
import { mkbrrJob } from '../../configuration/mkbrr.js'
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
 * Parses a batch file of btkit or of mkbrr.
 * @throws BtkitError `usage` with file, line and column
 */
export function readJobs(text: string, path: string): BatchFile {
  const entries = parseConfiguration(text, path)
  const item = (name: string) => entries.find(({ key }) => key === name)?.item
  const jobs = item('jobs')
  const isMkbrrs = jobs?.value.kind === 'list'
  const known = isMkbrrs ? ['version', 'jobs'] : ['defaults', 'jobs']
  const wrong = entries.find(({ key }) => !known.includes(key))
  if (wrong) {
    const why = suggestion(wrong.key, known) || `; a batch file has ${known.join(' and ')}`
    throw new BtkitError('usage', `${wrong.place}: unknown key "${wrong.key}"${why}`)
  }
  const read = isMkbrrs ? mkbrrsJobs(jobs, item('version')) : ownJobs(jobs)
  if (read.length === 0) throw new BtkitError('usage', `${path}: has no jobs`)
  return { jobs: read, defaults: entriesOf(item('defaults'), 'defaults') }
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

/** Jobs of mkbrr have no names; the path of the torrent distinguishes them. */
function mkbrrsJobs(jobs: Located, version: Located | undefined): Job[] {
  const isVersion1 = version?.value.kind === 'text' && version.value.text === '1'
  if (!isVersion1) {
    const place = version?.place ?? jobs.place
    throw new BtkitError('usage', `${place}: a batch file of mkbrr has version: 1`)
  }
  const items = jobs.value.kind === 'list' ? jobs.value.items : []
  return items.map((item) => {
    const { place } = item
    const entries = mkbrrJob({ place, entries: entriesOf(item, 'job') })
    const output = entries.find(({ key }) => key === 'output')?.item.value
    if (output?.kind !== 'text') throw new BtkitError('usage', `${place}: output is missing`)
    return { name: output.text, place, command: 'makemetafile', entries }
  })
}
