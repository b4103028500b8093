import { Option, type CommandUnknownOpts } from '@commander-js/extra-typings'
import { looksLikeUrl } from '../../metainfo/trackers.js'
import { BtkitError, usageError } from '../../errors.js'
import { findCommand } from '../command-table.js'
import { expandPaths } from '../line/patterns.js'
import type { Io } from '../io.js'
import type { CommandLine } from '../line/command-line.js'
import { isPresetKey, optionEntries, type OptionEntry, displaces } from '../options/table.js'
import { contradictionIn, type UsedOption } from '../options/exclusions.js'
import { traitsOf } from '../options/option.js'
import { aliasesOf, spellAliases } from './aliases.js'
import { candidateOf, type Candidate, type Setting, type World } from './settings.js'
import { environmentLevel } from './environment.js'
import { suggestion } from '../line/spelling.js'
import { configurationFiles, readConfigurations } from './files.js'
import { Place, Problems, type Section } from './located.js'
import { candidatesOf, levelsOf, presetsOf, type Configuration } from './sections.js'
import {
  rulesFor,
  ruleText,
  trackerRules,
  namesTrackers,
  trackersIn,
  trackersOf,
} from './tracker-rules.js'

/** The option `--config`, which each command has. */
export function configOption(): Option {
  const what = 'read only this configuration file; see btkit-config(1)'
  return new Option('--config <file>', what).helpGroup('Options:')
}

/** The command whose settings are to be found. */
export interface CommandTarget {
  /** Its section in a configuration. */
  readonly section: string
  readonly command: CommandUnknownOpts
  /** Whether it was called by a BitTornado name. Then few options may come from a configuration. */
  readonly isLegacy: boolean
}

/** The settings that apply to a command, without those typed on its command line. */
export interface ResolvedSettings {
  readonly settings: readonly Setting[]
  /** The rules of trackers that are among the settings, a line each. */
  readonly rules: readonly string[]
  /** The rules that the command line overrides, a line each. */
  readonly overridden: readonly string[]
}

const NOTHING: ResolvedSettings = { settings: [], rules: [], overridden: [] }

/** The rest of a question for settings, besides the command. */
export interface SettingsRequest {
  /** The file of `--config`, if given. */
  readonly config: string | undefined
  /** The command line, in which aliases are replaced by their trackers; null for none. */
  readonly line: CommandLine | null
  /** The options of a job of a batch, the strongest last. They are as strong as typed ones. */
  readonly job?: readonly Section[]
  /** Receives all mistakes. */
  readonly problems: Problems
  /** The configurations, if they were read before. */
  readonly read?: readonly Configuration[]
}

/**
 * Resolves the settings for a command, from the weakest: defaults and the section of each file,
 * presets, rules of the trackers that are used, and the environment. Typed options override all of these.
 * @throws BtkitError `usage` for a misspelt alias on the command line
 */
export async function resolveSettings(
  target: CommandTarget,
  asked: SettingsRequest,
  io: Io,
): Promise<ResolvedSettings> {
  const { section, command, isLegacy } = target
  const { line, problems } = asked
  const all = optionEntries(command)
  const entries = isLegacy ? new Map([...all].filter(([, { traits }]) => traits.isForLegacy)) : all
  const paths = configurationFiles(asked.config, io)
  const files = asked.read ?? (await readConfigurations(paths, io, problems))
  const aliases = isLegacy ? new Map<string, never>() : aliasesOf(files, problems)
  if (line) spellAliases(line, aliases, io.cwd)
  const levels = new Levels(entries, line)
  const world = { env: io.env, aliases, problems }
  const base = files.flatMap(({ sections, defaultPreset: item }) => {
    const entry = entries.get('preset')
    const preset = item && entry && candidateOf({ entry, isNegated: false }, item, world)
    return [preset ? [preset] : [], ...levelsOf(sections, { section, entries }, world)]
  })
  const environment = environmentLevel(isLegacy ? null : section, entries, world)
  if (isLegacy) return { ...NOTHING, settings: levels.strongest([...base, environment]) }
  const job = (asked.job ?? []).map((each) => candidatesOf(each, { entries }, world))
  const strong = [environment, ...job]
  const names = presetNames([...base, ...job], levels)
  const presets = presetLevels(names, presetsOf(files), { entries, world })
  const weak = [...base, ...presets]
  const before = levels.strongest([...weak, ...strong])
  const trackers = [...new Set([...trackersTyped(line), ...trackersOf(before)])]
  const rules = rulesFor(trackers, trackerRules(files, problems))
  if (rules.length === 0) return { ...NOTHING, settings: before }
  const byHost = rules.map((rule) => {
    return { host: rule.name, all: candidatesOf(rule, { entries, isKnown: () => true }, world) }
  })
  return withRules(byHost, { weak, strong, isOne: trackers.length === 1 }, levels)
}

function trackersTyped(line: CommandLine | null): string[] {
  if (!line) return []
  const named = line.options.filter(({ option }) => namesTrackers(traitsOf(option)))
  const values = named.flatMap(({ text }) => text ?? [])
  return [...line.operands.filter(looksLikeUrl), ...values].flatMap(trackersIn)
}

/** The options of a command, with those that are typed. */
class Levels {
  /** The options that are typed. The tracker may be an operand. */
  readonly typed: ReadonlySet<string>
  readonly #taken: readonly OptionEntry[]

  constructor(
    readonly entries: ReadonlyMap<string, OptionEntry>,
    readonly line: CommandLine | null,
  ) {
    const isUrl = line?.operands.some(looksLikeUrl) ?? false
    this.typed = new Set([...(line?.attributes ?? []), ...(isUrl ? ['announce'] : [])])
    this.#taken = [...entries.values()].filter(({ attribute }) => this.typed.has(attribute))
  }

  /**
   * The settings in effect, from levels with the strongest last. A setting is overridden by a
   * stronger one of the same option or of an option that excludes it.
   */
  strongest(
    levels: readonly (readonly Candidate[])[],
    isWanted: (entry: OptionEntry) => boolean = () => true,
  ): Setting[] {
    const taken = [...this.#taken]
    const kept: Candidate[] = []
    for (const level of levels.toReversed()) {
      const rest = level.filter(({ entry }) => {
        return isWanted(entry) && !taken.some((other) => displaces(other, entry))
      })
      kept.unshift(...rest)
      taken.push(...rest.map(({ entry }) => entry))
    }
    return kept.map(({ open }) => open())
  }
}

/** A preset that is wanted, and where that is said. */
interface NamedPreset {
  readonly name: string
  readonly place: Place
}

/** The presets that the command line names, or else a configuration. */
function presetNames(base: readonly (readonly Candidate[])[], levels: Levels): NamedPreset[] {
  if (!levels.entries.has('preset')) return []
  const typed = levels.line?.valuesOf('preset')
  if (typed) return typed.map((name) => ({ name, place: new Place('--preset') }))
  const [setting] = levels.strongest(base, ({ key }) => key === 'preset')
  const names = setting && Array.isArray(setting.given) ? (setting.given as string[]) : []
  return names.flatMap((name) => (setting ? [{ name, place: setting.place }] : []))
}

/** The options that presets set for a command: a level for each preset, the strongest last. */
function presetLevels(
  names: readonly NamedPreset[],
  presets: ReadonlyMap<string, Section>,
  { entries, world }: { readonly entries: ReadonlyMap<string, OptionEntry>; readonly world: World },
): Candidate[][] {
  // A preset cannot name presets
  const own = new Map([...entries].filter(([key]) => key !== 'preset'))
  return names.map(({ name, place }) => {
    const preset = presets.get(name)
    if (preset)
      return candidatesOf(
        preset,
        { entries: own, isKnown: (key) => key !== 'preset' && isPresetKey(key) },
        world,
      )
    const known = [...presets.keys()]
    const others = known.length === 0 ? '; no configuration has presets' : suggestion(name, known)
    world.problems.add(place.error(`there is no preset ${name}${others}`))
    return []
  })
}

/** The levels that the rules of trackers are between. */
interface Bounds {
  readonly weak: readonly (readonly Candidate[])[]
  readonly strong: readonly (readonly Candidate[])[]
  /** Whether a single tracker is used. */
  readonly isOne: boolean
}

function withRules(
  byHost: readonly { readonly host: string; readonly all: readonly Candidate[] }[],
  { weak, strong, isOne }: Bounds,
  levels: Levels,
): ResolvedSettings {
  const { typed, line } = levels
  const ofList = (each: Candidate) => each.entry.kind === 'tiers'
  // The strongest is last
  const own = byHost.map(({ all }) => all.filter((each) => !ofList(each))).reverse()
  const settings = levels.strongest([...weak, ...own, ...strong])
  // A list goes with the one tracker that it is for
  const lists = byHost.flatMap(({ all }) => all.filter(ofList))
  const list = isOne && !typed.has('announceList') ? lists[0]?.open() : null
  if (list) settings.push(list)
  const holding = byHost.flatMap(({ host, all }) => {
    const places = new Set(all.map(({ place }) => place))
    return settings.filter(({ place }) => places.has(place)).map((each) => ruleText(host, each))
  })
  const overridden = byHost.flatMap(({ host, all }) => {
    const displaced = all.filter((each) => typed.has(each.entry.attribute) && !ofList(each))
    const changed = displaced.map(({ open }) => open()).filter((each) => !isTyped(each, line))
    return changed.map((setting) => ruleText(host, setting))
  })
  return { settings, rules: [...new Set(holding)], overridden }
}

/** Whether the command line gives an option just the value of a setting. */
function isTyped({ entry, given }: Setting, line: CommandLine | null): boolean {
  const all = line?.options ?? []
  const own = all.filter(({ option }) => option.attributeName() === entry.attribute)
  // A --no-x that only repeats the default has no value
  if (own.length === 0) return given === null
  return own.every(({ option, text }) => {
    return text === null ? given === !option.negate : Array.isArray(given) && given.includes(text)
  })
}

/** Gives a command the values of settings, so that it can tell them from typed ones. */
function applySettings(
  command: CommandUnknownOpts,
  settings: readonly Setting[],
  job: readonly Section[],
): void {
  const typed = new Set(job.flatMap(({ entries }) => entries.map(({ item }) => item.place)))
  for (const { entry, given, value, place } of settings) {
    if (given === null || (Array.isArray(given) && given.length === 0)) continue
    command.setOptionValueWithSource(entry.attribute, value, typed.has(place) ? 'cli' : 'config')
  }
}

/** Expands patterns in lists of paths. Their mistakes name the place. */
function withPatterns(settings: readonly Setting[], io: Io): Promise<Setting[]> {
  return Promise.all(
    settings.map(async (setting) => {
      const { entry, value, place } = setting
      const isPaths = /^(file|directory)$/.test(entry.traits.takes ?? '') && entry.kind === 'list'
      if (!isPaths || !Array.isArray(value)) return setting
      const paths = await expandPaths(value as string[], io).catch((error: unknown) => {
        throw error instanceof BtkitError ? place.error(error.message) : error
      })
      return { ...setting, value: paths }
    }),
  )
}

/** The options that settings use. */
export function usedOptions(settings: readonly Setting[]) {
  return settings.flatMap(({ entry, given, value, place }) => {
    const option = given === null ? null : given === false ? entry.off : entry.on
    return option ? [{ option, name: option.long ?? '', key: entry.key, value, place }] : []
  })
}

/** Reports changed settings, one line each. A running service keeps its old options. */
function settingChanges(before: readonly Setting[], now: readonly Setting[]): string[] {
  const old = new Map(before.map((setting) => [setting.entry.key, setting]))
  const kept = new Set(now.map(({ entry }) => entry.key))
  const changed = now.flatMap(({ entry, given, shown, place }) => {
    const isSame = JSON.stringify(old.get(entry.key)?.given) === JSON.stringify(given)
    return isSame ? [] : [`${place.text}: ${entry.key} is ${shown} now; restart to apply it`]
  })
  const gone = before.filter(({ entry }) => !kept.has(entry.key))
  return [
    ...changed,
    ...gone.map(({ entry }) => `${entry.key} is no longer configured; restart to apply it`),
  ]
}

/** Adds to a message where its options come from, unless they were typed. */
export function nameOrigins(text: string, settings: readonly Setting[]): string {
  const places = settings.flatMap(({ entry, given, place }) => {
    const option = given === false ? entry.off : entry.on
    const long = option?.long ?? `--${entry.key}`
    const isNamed = new RegExp(`${long}(?![\\w-])`).test(text) && !text.includes(place.text)
    return isNamed ? [`${long} is from ${place.text}`] : []
  })
  return places.length === 0 ? text : `${text} (${places.join(', ')})`
}

/** A command line with its settings. */
export interface ConfiguredLine extends ResolvedSettings {
  /**
   * Reads configuration and environment again. Returns a line for each change that needs a restart.
   * @throws BtkitError `usage` for a mistake in them
   */
  readonly changes: () => Promise<string[]>
  /** @throws BtkitError `usage` for options that exclude each other */
  readonly checkTogether: () => void
}

/**
 * Gives a command its typed values, and for all other options those of configuration and
 * environment.
 * @throws BtkitError `usage` for the first mistake
 */
export async function configure(
  target: CommandTarget,
  line: CommandLine,
  { io, job = [] }: { readonly io: Io; readonly job?: readonly Section[] },
): Promise<ConfiguredLine> {
  line.restore()
  const config = line.valuesOf('config')?.at(-1)
  if (target.isLegacy && line.attributes.has('preset'))
    throw usageError('--preset: presets are for btkit makemetafile and completedir')
  const resolveAgain = async () => {
    const problems = new Problems()
    const resolved = await resolveSettings(target, { config, line, job, problems }, io)
    problems.throwFirst()
    return resolved
  }
  const resolved = await resolveAgain().catch((error: unknown) => {
    const { toleratesMistakes } = findCommand(target.section) ?? {}
    if (toleratesMistakes && error instanceof BtkitError) return NOTHING
    throw error
  })
  applySettings(target.command, await withPatterns(resolved.settings, io), job)
  line.apply()
  const changes = async () => {
    const again = await resolveAgain().catch((error: unknown) => {
      if (!(error instanceof BtkitError)) throw error
      const reason = `${error.message}; the options in use stay`
      throw new BtkitError(error.code, reason, { cause: error })
    })
    return settingChanges(resolved.settings, again.settings)
  }
  const checkTogether = () => {
    const used: UsedOption[] = [...usedOptions(resolved.settings), ...line.used]
    const refused = contradictionIn(used)
    if (refused) throw usageError(refused.message)
  }
  return { ...resolved, changes, checkTogether }
}
