import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { BtkitError, usageError } from '../../base/errors.js'
import { commandTraits } from '../acting-command.js'
import { findCommand } from '../command-list.js'
import { expandPaths } from '../line/patterns.js'
import { isNone } from '../options/old-names.js'
import { takesPaths } from '../options/option.js'
import { trackerOperands } from '../line/operands.js'
import type { Io } from '../io.js'
import type { TypedLine } from '../line/split-line.js'
import { suggestion } from '../line/spelling.js'
import { displaces, isPresetKey, optionEntries } from '../options/table.js'
import { type Given, givenAs, Problems, textAt } from '../options/given.js'
import { configurationFiles, readConfigurations, type Configuration, presetsOf } from './files.js'
import { type Aliases, type Decided, parseAll, shownUses } from './parse.js'
import { contradictionIn, lackIn } from './together.js'
import { aliasesIn, rulesFor, ruleText, trackerRules, trackersOf } from './trackers.js'
import { environmentLevel, type Entries, givenIn, levelsOf } from './sources.js'

/** The command whose options are to be decided. */
export interface CommandTarget {
  /** Its section in a configuration. */
  readonly section: string
  readonly command: CommandUnknownOpts
  /** Whether it was called by a BitTornado name. Then few options may come from a configuration. */
  readonly isLegacy: boolean
}

/** Options of the same strength. */
type Level = readonly Given[]

/** The sources of options, besides the environment. */
export interface Sources {
  /** The file of `--config`, if given. */
  readonly config: string | undefined
  readonly line: Pick<TypedLine, 'operands' | 'given'>
  /** The options of a job of a batch, the strongest last. They are as strong as typed ones. */
  readonly job?: readonly Level[] | undefined
  /** Receives all mistakes. */
  readonly problems: Problems
  /** The configurations, if they were read before. */
  readonly read?: readonly Configuration[] | undefined
}

/** The options that count for a command. */
export interface Decision {
  readonly decided: readonly Decided[]
  /** The operands, with a tracker in the place of its alias. */
  readonly operands: readonly string[]
  /** The rules of trackers that are among the options, a line each. */
  readonly rules: readonly string[]
  /** The rules that the command line overrides, a line each. */
  readonly overridden: readonly string[]
}

/** A line on which nothing was typed. */
export const NOTHING_TYPED: Sources['line'] = { operands: [], given: [] }

/**
 * Decides which options count for a command, from the weakest: defaults and the section of each
 * file, presets, rules of the trackers that are used, the environment, and what was typed.
 * @throws BtkitError `usage` for a misspelt alias among the operands
 */
export async function decide(target: CommandTarget, from: Sources, io: Io): Promise<Decision> {
  const decider = await openDecider(target, from, io)
  return decider(from)
}

/** Decides as `decide`, by files and an environment that were read before. */
export type Decider = (from: Pick<Sources, 'line' | 'job' | 'problems'>) => Decision

/** Reads what decides about the options of a command besides a command line or a job. */
export async function openDecider(
  target: CommandTarget,
  { config, read, problems }: Pick<Sources, 'config' | 'read' | 'problems'>,
  io: Io,
): Promise<Decider> {
  const { section, command, isLegacy } = target
  const all = optionEntries(command)
  const entries = isLegacy ? new Map([...all].filter(([, { traits }]) => traits.isForLegacy)) : all
  const files = read ?? (await readConfigurations(configurationFiles(config, io), io, problems))
  // BitTornado's names know no presets, aliases and rules
  const named = isLegacy ? [] : files
  const aliases = new Map(named.flatMap((file) => aliasesIn(file, problems)))
  const hosts = trackerRules(named, problems)
  const parsed = new WeakMap<Given, Decided>()
  const base = files.flatMap((file) => levelsOf(file, section, entries, problems))
  const environment = environmentLevel(isLegacy ? null : section, entries, io.env, problems)
  return ({ line, job = [], problems: found }) => {
    const parse = (levels: readonly Level[]) => {
      return parseAll(strongest(levels), { env: io.env, cwd: io.cwd, aliases, parsed }, found)
    }
    const { operands, trackers: urls } = trackersAmong(line, command, io.cwd, aliases)
    const typed = [...urls, ...line.given.filter((each) => !isLegacy || !isNone(each))]
    const strong = [environment, ...job, typed]
    const ofPresets = strongest([...base, ...strong]).filter(({ entry }) => entry.key === 'preset')
    const presets =
      ofPresets.length > 0 ? presetLevels(parse([ofPresets]), named, entries, found) : []
    const weak = [...base, ...presets]
    const decided = parse([...weak, ...strong])
    if (named.length === 0) return { decided, operands, rules: [], overridden: [] }
    const trackers = trackersOf(decided)
    const byHost = rulesFor(trackers, hosts).map((rule) => {
      return { host: rule.name, all: givenIn(rule, entries, found, () => true) }
    })
    return { operands, ...withRules(byHost, weak, strong, trackers.length === 1, parse) }
  }
}

/**
 * The options that count, from levels with the strongest last. An option is overridden by a
 * stronger one of the same name, and by one that excludes or replaces it.
 */
function strongest(levels: readonly Level[]): Given[] {
  const taken: Given[] = []
  for (const level of levels.toReversed()) {
    const rest = level.filter(({ entry }) => {
      return !taken.some((other) => displaces(other.entry, entry))
    })
    taken.unshift(...rest)
  }
  return taken
}

/**
 * The operands with trackers in the place of an alias. A tracker among them counts like one of
 * `--announce`. An operand is an alias only if the command takes trackers, and no file has its
 * name.
 */
function trackersAmong(
  { operands: all }: Sources['line'],
  command: CommandTarget['command'],
  cwd: Io['cwd'],
  aliases: Aliases,
) {
  const entry = optionEntries(command).get('announce')
  const { isTracker, takesUrls = false } = commandTraits(command)
  if (!entry || !isTracker) return { operands: all, trackers: [] }
  const operands = all.map((operand) => {
    const tiers = tiersForOperand(operand, aliases, cwd) ?? [[operand]]
    return tiers.map((tier) => tier.join(',')).join('|')
  })
  const urls = trackerOperands(operands, takesUrls)
  return { operands, trackers: urls.map((url) => givenAs('operand', entry, [textAt(url, url)])) }
}

/**
 * The tiers of an operand that is an alias; null for any other operand, and if a file has its name.
 * @throws BtkitError `usage` for a name that is almost an alias, or one without a file that begins
 *   with @
 */
function tiersForOperand(operand: string, aliases: Aliases, cwd: string) {
  if (existsSync(resolve(cwd, operand))) return null
  const tiers = aliases.get(operand)
  if (tiers) return tiers
  const nearest = operand === '-' || aliases.size === 0 ? '' : suggestion(operand, aliases.keys())
  if (nearest === '' && !operand.startsWith('@')) return null
  throw usageError(`${operand}: no such file, and no alias of a tracker${nearest}`)
}

/** The options that presets give a command: a level for each preset, the strongest last. */
function presetLevels(
  named: readonly Decided[],
  configurations: readonly Configuration[],
  entries: Entries,
  problems: Problems,
): Level[] {
  const presets = presetsOf(configurations)
  // A preset cannot name presets
  const own = new Map([...entries].filter(([key]) => key !== 'preset'))
  const isKnown = (key: string) => key !== 'preset' && isPresetKey(key)
  return named.flatMap(({ values, place }) =>
    values.map((name) => {
      const preset = presets.get(String(name))
      if (preset) return givenIn(preset, own, problems, isKnown)
      if (typeof name === 'boolean') return []
      const all = [...presets.keys()]
      const others = all.length === 0 ? '; no configuration has presets' : suggestion(name, all)
      const isPath = existsSync(name)
      const advice = `-P '${name}': is a path, not the name of a preset; -p is --private`
      const missing = place.error(`there is no preset ${name}${others}`)
      problems.add(isPath ? usageError(advice) : missing)
      return []
    }),
  )
}

/** `isOne` says whether a single tracker is used. */
function withRules(
  byHost: readonly { readonly host: string; readonly all: Level }[],
  weak: readonly Level[],
  strong: readonly Level[],
  isOne: boolean,
  parse: (levels: readonly Level[]) => Decided[],
): Omit<Decision, 'operands'> {
  const ofList = ({ entry }: Given) => entry.kind === 'tiers'
  // The strongest is last
  const own = byHost.map(({ all }) => all.filter((each) => !ofList(each))).reverse()
  const decided = parse([...weak, ...own, ...strong])
  const typed = decided.filter((each) => each.source === 'line')
  const isTyped = (key: string) => typed.some(({ entry }) => entry.key === key)
  // A list goes with the one tracker that it is for
  const lists = byHost.flatMap(({ all }) => all.filter(ofList))
  const list = isOne && !isTyped('announce-list') ? lists.slice(0, 1) : []
  decided.push(...parse([list]))
  const rules = byHost.flatMap(({ host, all }) => {
    const places = new Set(all.map(({ place }) => place))
    return decided.filter(({ place }) => places.has(place)).map((each) => ruleText(host, each))
  })
  const overridden = byHost.flatMap(({ host, all }) => {
    const displaced = all.filter((each) => isTyped(each.entry.key) && !ofList(each))
    const changed = parse([displaced]).filter((each) => !isSame(each, typed))
    return changed.map((each) => ruleText(host, each))
  })
  return { decided, rules: [...new Set(rules)], overridden }
}

/** Whether the command line gives an option just the value of a rule. */
function isSame({ entry, values }: Decided, typed: readonly Decided[]): boolean {
  const own = typed.find((each) => each.entry.attribute === entry.attribute)?.values ?? []
  // A --no-x that only repeats the default has no value
  return own.length === 0 ? values.length === 0 : own.every((each) => values.includes(each))
}

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
  readonly levels: readonly Level[]
  readonly decider: Decider
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
    const decider = job?.decider ?? (await openDecider(target, { config, problems, read }, io))
    const decision = decider({ line, job: job?.levels, problems })
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
