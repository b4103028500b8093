import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { usageError } from '../../base/errors.js'
import { commandTraits } from '../acting-command.js'
import { isNone } from '../options/old-names.js'
import type { OptionEntry } from '../options/option.js'
import { trackerOperands } from '../line/operands.js'
import type { Io } from '../io.js'
import type { TypedLine } from '../line/split-line.js'
import { suggestion } from '../line/spelling.js'
import { displaces, optionEntries, PRESETS } from '../options/table.js'
import {
  type Given,
  givenAs,
  type Layer,
  type Place,
  type Problems,
  type Section,
  textAt,
} from '../options/given.js'
import { configurationFiles, readConfigurations, type Configuration, presetsOf } from './files.js'
import { type Aliases, type Decided, parseAll } from './parse.js'
import {
  aliasesIn,
  namesTrackers,
  rulesFor,
  ruleText,
  trackerRules,
  trackersOf,
} from './trackers.js'
import { environmentOptions, type Entries, layerOf, layersOf } from './sources.js'

/** The command whose options are to be decided. */
export interface CommandTarget {
  /** Its section in a configuration. */
  readonly section: string
  readonly command: CommandUnknownOpts
  /** Whether it was called by a BitTornado name. Then few options may come from a configuration. */
  readonly isLegacy: boolean
}

/** The files in which options are given. */
interface Files {
  /** The file of `--config`, if given. */
  readonly config: string | undefined
  /** The configurations, if they were read before. */
  readonly read?: readonly Configuration[] | undefined
  /** Receives all mistakes. */
  readonly problems: Problems
}

/** The options that are given for one run of a command. */
interface Run {
  readonly line: Pick<TypedLine, 'operands' | 'given'>
  /** The options of a job of a batch, the strongest last. They are as strong as typed ones. */
  readonly job?: readonly Layer[] | undefined
  /** Receives all mistakes. */
  readonly problems: Problems
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
export const NOTHING_TYPED: Run['line'] = { operands: [], given: [] }

/**
 * The options that are given for a command wherever it runs: from the weakest, defaults and the
 * section of each file, presets, rules of the trackers that are used, the environment, the options
 * of a job, and the command line. Presets and rules count if a layer beside them names the preset
 * or the tracker.
 */
export class CommandLayers {
  /** Options that were parsed before. The jobs of a batch share most of theirs. */
  readonly #parsed = new WeakMap<Given, Decided>()
  #environment: Layer | undefined

  private constructor(
    private readonly target: CommandTarget,
    private readonly world: Pick<Io, 'env' | 'cwd'>,
    /** The options of the command, and what its files say. */
    readonly known: {
      readonly entries: Entries
      /** The layers that count without being named. */
      readonly sections: readonly Layer[]
      readonly presets: ReadonlyMap<string, Section>
      readonly aliases: Aliases
      /** The rules of trackers, by host. */
      readonly rules: ReadonlyMap<string, Section>
    },
  ) {}

  /** Reads files. */
  static async read(
    target: CommandTarget,
    { config, read, problems }: Files,
    io: Io,
  ): Promise<CommandLayers> {
    const { section, command, isLegacy } = target
    const all = optionEntries(command)
    const entries = isLegacy
      ? new Map([...all].filter(([, { traits }]) => traits.isForLegacy))
      : all
    const files = read ?? (await readConfigurations(configurationFiles(config, io), io, problems))
    // BitTornado's names know no presets, aliases and rules
    const named = isLegacy ? [] : files
    const aliases = new Map(named.flatMap((file) => aliasesIn(file, problems)))
    const rules = trackerRules(named, problems)
    const sections = files.flatMap((file) => layersOf(file, section, entries, problems))
    const presets = presetsOf(named)
    const known = { entries, sections, presets, aliases, rules }
    return new CommandLayers(target, { env: io.env, cwd: io.cwd }, known)
  }

  /**
   * Decides which options count.
   * @throws BtkitError `usage` for a misspelt alias among the operands
   */
  decide({ line, job = [], problems }: Run): Decision {
    const { command, isLegacy } = this.target
    const { sections, aliases, rules: allRules } = this.known
    const { operands, given } = trackersAmong(line, command, this.world.cwd, aliases)
    const typed = [...given, ...line.given.filter((each) => !isLegacy || !isNone(each))]
    const strong = [this.#variables(problems), ...job, { name: 'line', given: typed }]
    const weak = [...sections]
    const parse = (some: readonly Given[]) => this.parse(some, problems)
    /** Decides some options by the layers so far. */
    const ask = (isAsked: (entry: OptionEntry) => boolean) =>
      parse(strongest([...weak, ...strong]).filter(({ entry }) => isAsked(entry)))
    const named = ask(({ key }) => key === 'preset')
    weak.push(...this.namedPresets(named, problems))
    const trackers = trackersOf(ask(namesTrackers))
    const rules = rulesFor(trackers, allRules).map((rule) => this.#ruleLayer(rule, problems))
    weak.push(...rules.toReversed())
    const decided = ask(() => true)
    const byLine = decided.filter(({ source }) => source === 'line')
    const isTyped = (key: string) => byLine.some(({ entry }) => entry.key === key)
    // A list goes with the one tracker that it is for
    const isOne = trackers.length === 1 && !isTyped('announce-list')
    if (isOne) decided.push(...parse(rules.flatMap(({ lists }) => lists).slice(0, 1)))
    const changed = rules.flatMap(({ name, given: own }) => {
      const displaced = parse(own.filter(({ entry }) => isTyped(entry.key)))
      return displaced.filter((each) => !isSame(each, byLine)).map((each) => ruleText(name, each))
    })
    return { decided, operands, rules: rulesAmong(decided, rules), overridden: changed }
  }

  /** Parses options that layers give. */
  parse(given: readonly Given[], problems: Problems): Decided[] {
    const { aliases } = this.known
    return parseAll(given, { ...this.world, aliases, parsed: this.#parsed }, problems)
  }

  #variables(problems: Problems): Layer {
    const { section, isLegacy } = this.target
    const named = isLegacy ? null : section
    const { env } = this.world
    this.#environment ??= {
      name: 'environment',
      given: environmentOptions(named, this.known.entries, env, problems),
    }
    return this.#environment
  }

  /** The layer of each preset that options name, the strongest last. */
  namedPresets(named: readonly Decided[], problems: Problems): Layer[] {
    const { presets } = this.known
    return named.flatMap(({ values, place }) =>
      values.flatMap((name): Layer[] => {
        const preset = presets.get(String(name))
        if (preset) return [this.presetLayer(preset, problems)]
        if (typeof name === 'boolean') return []
        const all = [...presets.keys()]
        const isNone = all.length === 0 && !place.isInFile
        const others = isNone ? '; no configuration has presets' : suggestion(name, all)
        const isPath = existsSync(name)
        const advice = `-P '${name}': is a path, not the name of a preset; -p is --private`
        const missing = place.error(`there is no preset ${name}${others}`)
        problems.add(isPath ? usageError(advice) : missing)
        return []
      }),
    )
  }

  /** The layer of a preset, which cannot name presets. */
  presetLayer(preset: Pick<Section, 'name' | 'entries'>, problems: Problems): Layer {
    const own = new Map([...this.known.entries].filter(([key]) => key !== 'preset'))
    return layerOf(preset, own, problems, PRESETS)
  }

  /** The layers of all rules of trackers. */
  rules(problems: Problems): RuleLayer[] {
    return [...this.known.rules.values()].map((rule) => this.#ruleLayer(rule, problems))
  }

  #ruleLayer(rule: Section, problems: Problems): RuleLayer {
    const { name, given } = layerOf(rule, this.known.entries, problems, null)
    const isList = ({ entry }: Given) => entry.kind === 'tiers'
    const [lists, others] = [given.filter(isList), given.filter((each) => !isList(each))]
    return { name, place: rule.place, given: others, lists }
  }
}

/** The rule of a tracker, whose name is the host. */
interface RuleLayer extends Layer {
  readonly place: Place
  /** Its lists of trackers, which count beside others. */
  readonly lists: readonly Given[]
}

/** The rules of trackers that are among the options that count, a line each. */
function rulesAmong(decided: readonly Decided[], rules: readonly RuleLayer[]): string[] {
  const lines = rules.flatMap(({ name, given, lists }) => {
    const places = new Set([...given, ...lists].map(({ place }) => place))
    return decided.filter(({ place }) => places.has(place)).map((each) => ruleText(name, each))
  })
  return [...new Set(lines)]
}

/** Whether the command line gives an option just the value of a rule. */
function isSame({ entry, values }: Decided, typed: readonly Decided[]): boolean {
  const own = typed.find((each) => each.entry.attribute === entry.attribute)?.values ?? []
  // A --no-x that only repeats the default has no value
  return own.length === 0 ? values.length === 0 : own.every((each) => values.includes(each))
}

/**
 * The options that count, from layers with the strongest last. An option is overridden by a
 * stronger one of the same name, and by one that excludes or replaces it.
 */
function strongest(layers: readonly Layer[]): Given[] {
  const taken: Given[] = []
  for (const { given } of layers.toReversed()) {
    const rest = given.filter(({ entry }) => {
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
  { operands: all }: Run['line'],
  command: CommandTarget['command'],
  cwd: Io['cwd'],
  aliases: Aliases,
) {
  const entry = optionEntries(command).get('announce')
  const { isTracker, takesUrls = false } = commandTraits(command)
  if (!entry || !isTracker) return { operands: all, given: [] }
  const operands = all.map((operand) => {
    const tiers = tiersForOperand(operand, aliases, cwd) ?? [[operand]]
    return tiers.map((tier) => tier.join(',')).join('|')
  })
  const urls = trackerOperands(operands, takesUrls)
  return { operands, given: urls.map((url) => givenAs('operand', entry, [textAt(url, url)])) }
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
