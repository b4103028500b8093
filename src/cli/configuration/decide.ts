import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { looksLikeUrl } from '../../metainfo/trackers.js'
import type { Io } from '../io.js'
import type { TypedLine } from '../line/split-line.js'
import { suggestion } from '../line/spelling.js'
import { displaces, isPresetKey, optionEntries } from '../options/table.js'
import { type Given, type Located, Place, type Problems, type Section } from '../options/given.js'
import { type Aliases, aliasesOf, tiersForOperand } from './aliases.js'
import { environmentLevel } from './environment.js'
import { configurationFiles, readConfigurations } from './files.js'
import { type Decided, parseAll } from './parse.js'
import {
  type Configuration,
  type Entries,
  findOption,
  givenAt,
  givenIn,
  levelsOf,
  presetsOf,
} from './sections.js'
import { rulesFor, ruleText, trackerRules, trackersOf } from './tracker-rules.js'

/** The command whose options are to be decided. */
export interface CommandTarget {
  /** Its section in a configuration. */
  readonly section: string
  readonly command: CommandUnknownOpts
  /** Whether it was called by a BitTornado name. Then few options may come from a configuration. */
  readonly isLegacy: boolean
}

/** The sources of options, besides the environment. */
export interface Sources {
  /** The file of `--config`, if given. */
  readonly config: string | undefined
  readonly line: Pick<TypedLine, 'operands' | 'given'>
  /** The options of a job of a batch, the strongest last. They are as strong as typed ones. */
  readonly job?: readonly (readonly Given[])[]
  /** Receives all mistakes. */
  readonly problems: Problems
  /** The configurations, if they were read before. */
  readonly read?: readonly Configuration[]
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

/** Options of the same strength. */
type Level = readonly Given[]

/**
 * Decides which options count for a command, from the weakest: defaults and the section of each file,
 * presets, rules of the trackers that are used, the environment, and what was typed.
 * @throws BtkitError `usage` for a misspelt alias among the operands
 */
export async function decide(target: CommandTarget, from: Sources, io: Io): Promise<Decision> {
  const { section, command, isLegacy } = target
  const { problems, job = [] } = from
  const all = optionEntries(command)
  const entries = isLegacy ? new Map([...all].filter(([, { traits }]) => traits.isForLegacy)) : all
  const paths = configurationFiles(from.config, io)
  const files = from.read ?? (await readConfigurations(paths, io, problems))
  const aliases: Aliases = isLegacy ? new Map() : aliasesOf(files, problems)
  const known = { env: io.env, aliases }
  const { operands, typed } = typedLevel(from.line, { entries: all, command, aliases, cwd: io.cwd })
  const base = files.flatMap(({ sections, defaultPreset }) => [
    defaultPreset ? presetNamed(defaultPreset, entries) : [],
    ...levelsOf(sections, { section, entries }, problems),
  ])
  const environment = environmentLevel(isLegacy ? null : section, entries, {
    env: io.env,
    problems,
  })
  const strong = [environment, ...job, typed]
  const parse = (levels: readonly Level[]) => parseAll(strongest(levels), known, problems)
  const nothing = { operands, rules: [], overridden: [] }
  if (isLegacy) return { ...nothing, decided: parse([...base, ...strong]) }
  const names = [...base, ...strong].map((level) =>
    level.filter(({ entry }) => entry.key === 'preset'),
  )
  const presets = presetLevels(parse(names), presetsOf(files), { entries, problems })
  const weak = [...base, ...presets]
  const decided = parse([...weak, ...strong])
  const trackers = trackersOf(decided)
  const rules = rulesFor(trackers, trackerRules(files, problems))
  if (rules.length === 0) return { ...nothing, decided }
  const byHost = rules.map((rule) => {
    return { host: rule.name, all: givenIn(rule, { entries, isKnown: () => true }, problems) }
  })
  return { operands, ...withRules(byHost, { weak, strong, isOne: trackers.length === 1, parse }) }
}

function presetNamed(item: Located, entries: Entries): Given[] {
  const found = findOption('preset', item, entries)
  return found ? givenAt(found) : []
}

/**
 * The options that count, from levels with the strongest last. An option is overridden by a stronger
 * one of the same name, and by one that excludes or replaces it.
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

interface Typing {
  readonly entries: Entries
  readonly command: CommandUnknownOpts
  readonly aliases: Aliases
  readonly cwd: string
}

/**
 * The operands, and what was typed as the strongest level. A tracker among the operands is like
 * `--announce` there. An operand is an alias only if the command takes trackers, and no file has its name.
 */
function typedLevel({ operands: all, given }: Sources['line'], typing: Typing) {
  const { entries, command, aliases, cwd } = typing
  const entry = entries.get('announce')
  const takesTracker = command.registeredArguments.some((argument) => {
    return /tracker|announce/.test(argument.name())
  })
  if (!entry || !takesTracker) return { operands: all, typed: given }
  const operands: string[] = []
  const several: Given[] = []
  const textAt = (name: string, text: string): Given => {
    const place = new Place(name)
    const use: Located = { place, value: { kind: 'text', text, isPlain: false } }
    return { entry, source: 'line', uses: [use], place, isTyped: true }
  }
  for (const operand of all) {
    const tiers = tiersForOperand(operand, aliases, cwd) ?? []
    const [first = operand, ...others] = tiers.flat()
    if (others.length === 0) operands.push(first)
    else several.push(...tiers.map((tier) => textAt('--announce', tier.join(','))))
  }
  const urls = operands.filter(looksLikeUrl)
  const asOptions = urls.map((url): Given => ({ ...textAt(url, url), source: 'operand' }))
  const own = [...given.filter((each) => each.entry.key === 'announce'), ...several]
  const [announce] = own
  const uses = own.flatMap((each) => each.uses)
  const rest = given.filter((each) => each.entry.key !== 'announce')
  return { operands, typed: [...asOptions, ...(announce ? [{ ...announce, uses }] : []), ...rest] }
}

/** The options that presets give a command: a level for each preset, the strongest last. */
function presetLevels(
  named: readonly Decided[],
  presets: ReadonlyMap<string, Section>,
  { entries, problems }: { readonly entries: Entries; readonly problems: Problems },
): Level[] {
  // A preset cannot name presets
  const own = new Map([...entries].filter(([key]) => key !== 'preset'))
  const isKnown = (key: string) => key !== 'preset' && isPresetKey(key)
  return named.flatMap(({ values, place }) =>
    values.map((name) => {
      const preset = presets.get(String(name))
      if (preset) return givenIn(preset, { entries: own, isKnown }, problems)
      if (typeof name === 'boolean') return []
      const all = [...presets.keys()]
      const others = all.length === 0 ? '; no configuration has presets' : suggestion(name, all)
      problems.add(place.error(`there is no preset ${name}${others}`))
      return []
    }),
  )
}

/** The levels that the rules of trackers are between. */
interface Bounds {
  readonly weak: readonly Level[]
  readonly strong: readonly Level[]
  /** Whether a single tracker is used. */
  readonly isOne: boolean
  readonly parse: (levels: readonly Level[]) => Decided[]
}

function withRules(
  byHost: readonly { readonly host: string; readonly all: Level }[],
  { weak, strong, isOne, parse }: Bounds,
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
