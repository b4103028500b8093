import { Option } from '@commander-js/extra-typings'
import { BtkitError, usageError } from '../../errors.js'
import { findCommand } from '../command-table.js'
import { expandPaths } from '../line/patterns.js'
import type { Io } from '../io.js'
import type { TypedLine } from '../line/split-line.js'
import { contradictionIn } from '../options/exclusions.js'
import { type Given, Problems } from '../options/given.js'
import { type CommandTarget, decide, type Decision } from './decide.js'
import { type Decided, usedOptions } from './parse.js'

/** The option `--config`, which each command has. */
export function configOption(): Option {
  const what = 'read only this configuration file; see btkit-config(1)'
  return new Option('--config <file>', what).helpGroup('Options:')
}

/** The options that a command runs with. */
export interface OptionsInUse extends Decision {
  /**
   * Reads configuration and environment again. Returns a line for each change that needs a restart.
   * @throws BtkitError `usage` for a mistake in them
   */
  readonly changes: () => Promise<string[]>
  /** @throws BtkitError `usage` for options that exclude each other */
  readonly checkTogether: () => void
}

/**
 * Gives a command the values of its options, whether they are typed, configured or in the environment.
 * @throws BtkitError `usage` for the first mistake
 */
export async function configure(
  target: CommandTarget,
  line: TypedLine,
  { io, job = [] }: { readonly io: Io; readonly job?: readonly (readonly Given[])[] },
): Promise<OptionsInUse> {
  const { config } = line
  if (target.isLegacy && line.given.some(({ entry }) => entry.key === 'preset'))
    throw usageError('--preset: presets are for btkit makemetafile and completedir')
  const decideFrom = async (read?: readonly never[]) => {
    const problems = new Problems()
    const decision = await decide(
      target,
      { config, line, job, problems, ...(read && { read }) },
      io,
    )
    problems.throwFirst()
    return decision
  }
  const decision = await decideFrom().catch((error: unknown) => {
    const { toleratesMistakes } = findCommand(target.section) ?? {}
    if (toleratesMistakes && error instanceof BtkitError) return decideFrom([])
    throw error
  })
  for (const { entry, source, isTyped, values, value } of await withPatterns(
    decision.decided,
    io,
  )) {
    if (source === 'operand' || values.length === 0) continue
    const { attribute } = entry
    target.command.setOptionValueWithSource(attribute, value, isTyped ? 'cli' : 'config')
  }
  const changes = async () => {
    const again = await decideFrom().catch((error: unknown) => {
      if (!(error instanceof BtkitError)) throw error
      const reason = `${error.message}; the options in use stay`
      throw new BtkitError(error.code, reason, { cause: error })
    })
    return changesBetween(decision.decided, again.decided)
  }
  const checkTogether = () => {
    const refused = contradictionIn(usedOptions(decision.decided))
    if (refused) throw usageError(refused.message)
  }
  return { ...decision, changes, checkTogether }
}

/** Expands patterns in lists of paths where no shell did. Their mistakes name the place. */
function withPatterns(decided: readonly Decided[], io: Io): Promise<Decided[]> {
  return Promise.all(
    decided.map(async (each) => {
      const { entry, source, value, place } = each
      const isPaths = /^(file|directory)$/.test(entry.traits.takes ?? '') && entry.kind === 'list'
      if (!isPaths || source === 'line' || !Array.isArray(value)) return each
      const paths = await expandPaths(value as string[], io).catch((error: unknown) => {
        throw error instanceof BtkitError ? place.error(error.message) : error
      })
      return { ...each, value: paths }
    }),
  )
}

/** Reports changed options, one line each. A running service keeps its old ones. */
function changesBetween(before: readonly Decided[], now: readonly Decided[]): string[] {
  const old = new Map(before.map((each) => [each.entry.key, each]))
  const kept = new Set(now.map(({ entry }) => entry.key))
  const changed = now.flatMap(({ entry, values, shown, place }) => {
    const isSame = JSON.stringify(old.get(entry.key)?.values) === JSON.stringify(values)
    return isSame ? [] : [`${place.text}: ${entry.key} is ${shown} now; restart to apply it`]
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
