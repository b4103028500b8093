import { BtkitError, usageError } from '../../base/errors.js'
import { findCommand } from '../command-list.js'
import type { Io } from '../io.js'
import { expandPaths } from '../line/patterns.js'
import type { TypedLine } from '../line/split-line.js'
import { type Layer, Problems } from '../options/given.js'
import { takesPaths } from '../options/option.js'
import { CommandLayers, type CommandTarget, type Decision } from './decide.js'
import { type Decided, shownUses } from './parse.js'
import { contradictionIn, lackIn } from './together.js'

/** The options that a command runs with. */
export interface OptionsInUse extends Decision {
  /** The values of all options, by commander's names. */
  readonly values: Readonly<Record<string, unknown>>
  /** Options that are set, but ended: a line each. */
  readonly notes: readonly string[]
  /** The options that are typed, or as strong as that. */
  readonly typed: readonly Decided[]
  /**
   * Reads configuration and environment again. Returns a line for each change that needs a restart.
   * @throws BtkitError `usage` for a mistake in them
   */
  readonly changes: () => Promise<string[]>
  /**
   * @throws BtkitError `usage` for options that exclude each other, or that lack one that they need
   */
  readonly checkTogether: () => void
}

/** A job of a batch, whose options are decided like those of all its jobs. */
export interface DecidedJob {
  /** Its options, the strongest last. */
  readonly layers: readonly Layer[]
  /** The other layers of its command. */
  readonly others: CommandLayers
}

/**
 * Gives a command the values of its options, whether they are typed, configured, of a job, or in
 * the environment.
 * @throws BtkitError `usage` for the first mistake
 */
export async function configure(
  target: CommandTarget,
  line: TypedLine,
  io: Io,
  job?: DecidedJob,
): Promise<OptionsInUse> {
  const { config } = line
  if (target.isLegacy && line.given.some(({ entry }) => entry.key === 'preset'))
    throw usageError('--preset: presets are for btkit makemetafile and completedir')
  const decideFrom = async (read?: readonly never[]) => {
    const problems = new Problems()
    const files = { config, problems, read }
    const others = job?.others ?? (await CommandLayers.read(target, files, io))
    const decision = others.decide({ line, job: job?.layers, problems })
    problems.throwFirst()
    return { ...decision, notes: [...problems.notes] }
  }
  const decision = await decideFrom().catch((error: unknown) => {
    const { toleratesMistakes } = findCommand(target.section) ?? {}
    if (toleratesMistakes && error instanceof BtkitError) return decideFrom([])
    throw error
  })
  const given = decision.decided.filter(({ source, values }) => {
    return source !== 'operand' && values.length > 0
  })
  // Of commander these are the defaults
  const values: Record<string, unknown> = { ...target.command.opts() }
  for (const each of given) values[each.entry.attribute] = await withPatterns(each, io)
  const changes = async () => {
    const again = await decideFrom().catch((error: unknown) => {
      if (!(error instanceof BtkitError)) throw error
      const reason = `${error.message}; the options in use stay`
      throw new BtkitError(error.code, reason, { cause: error })
    })
    return changesBetween(decision.decided, again.decided)
  }
  const checkTogether = () => {
    const { decided } = decision
    const refused = contradictionIn(decided) ?? lackIn(decided)
    if (refused) throw usageError(refused.message)
  }
  const typed = given.filter(({ isTyped }) => isTyped)
  return { ...decision, values, typed, changes, checkTogether }
}

/** The value of an option, with patterns in a list of paths expanded where no shell did it. */
async function withPatterns({ entry, source, value, place }: Decided, io: Io): Promise<unknown> {
  const isPaths = takesPaths(entry) && entry.kind === 'list'
  if (!isPaths || source === 'line' || !Array.isArray(value)) return value
  return expandPaths(value as string[], io).catch((error: unknown) => {
    throw error instanceof BtkitError ? place.error(error.message) : error
  })
}

/** Reports changed options, one line each. A running service keeps its old ones. */
function changesBetween(before: readonly Decided[], now: readonly Decided[]): string[] {
  const old = new Map(before.map((each) => [each.entry.key, each]))
  const kept = new Set(now.map(({ entry }) => entry.key))
  const changed = now.flatMap((each) => {
    const { entry, values, place } = each
    const isSame = JSON.stringify(old.get(entry.key)?.values) === JSON.stringify(values)
    return isSame
      ? []
      : [`${place.text}: ${entry.key} is ${shownUses(each)} now; restart to apply it`]
  })
  const gone = before.filter(({ entry }) => !kept.has(entry.key))
  return [
    ...changed,
    ...gone.map(({ entry }) => `${entry.key} is no longer configured; restart to apply it`),
  ]
}

/** Adds to a message where its options come from, unless they were typed. */
export function nameOrigins(text: string, decided: readonly Decided[]): string {
  const configured = decided.filter(({ source }) => source !== 'line' && source !== 'operand')
  const places = configured.flatMap(({ entry, values, place }) => {
    const option = values[0] === false ? entry.off : entry.on
    const long = option?.long ?? `--${entry.key}`
    const isNamed = new RegExp(`${long}(?![\\w-])`).test(text) && !text.includes(place.text)
    return isNamed ? [`${long} is from ${place.text}`] : []
  })
  return places.length === 0 ? text : `${text} (${places.join(', ')})`
}
