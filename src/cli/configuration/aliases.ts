import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { nameErrors, usageError } from '../../errors.js'
import { checkTracker, looksLikeUrl } from '../../metainfo/trackers.js'
import type { CommandLine, TypedOption } from '../line/command-line.js'
import { traitsOf } from '../options/option.js'
import { itemsOf, type Located, type LocatedEntry, type Problems } from './located.js'
import { insteadOf, type Aliases } from './settings.js'
import { suggestion } from '../line/spelling.js'
import type { Configuration } from './sections.js'

/** The aliases of configurations with the strongest last. A value that is no tracker is a problem. */
export function aliasesOf(configurations: readonly Configuration[], problems: Problems): Aliases {
  const entries = configurations.flatMap(({ aliases }) => aliases)
  const tiers = entries.map((entry) => {
    return [entry.key, problems.try<string[][]>([], () => tiersOf(entry))] as const
  })
  return new Map(tiers.filter(([, each]) => each.length > 0))
}

function tiersOf({ key: name, place, item }: LocatedEntry): string[][] {
  if (looksLikeUrl(name) || /[\s,|/]/.test(name))
    throw place.error(`${name}: not a name for trackers`)
  const tiers = itemsOf(item).map((tier) => itemsOf(tier).map(trackerOf))
  if (tiers.flat().length > 0) return tiers.filter(({ length }) => length > 0)
  throw place.error(`${name}: has no tracker`)
}

function trackerOf({ place, value }: Located): string {
  if (value.kind !== 'text') throw place.error('not a tracker; write the URL of a tracker')
  return nameErrors(place.text, () => checkTracker(value.text))
}

/**
 * Puts trackers in the place of their aliases on a command line in a directory. An operand is an
 * alias only if the command takes trackers and no file has its name.
 * @throws BtkitError `usage` for a name that is almost an alias, or one without a file that begins with @
 */
export function spellAliases(line: CommandLine, aliases: Aliases, cwd: string): void {
  const options = line.options.flatMap((typed) => spelledOption(typed, aliases))
  const operands: string[] = []
  const takesTracker = line.command.registeredArguments.some((argument) => {
    return /tracker|announce/.test(argument.name())
  })
  for (const operand of line.operands) {
    const tiers = (takesTracker && tiersFor(operand, aliases, cwd)) || []
    const [first = operand, ...others] = tiers.flat()
    if (others.length === 0) operands.push(first)
    else options.push(...tierOptions(tiers, line))
  }
  line.replace(options, operands)
}

function spelledOption(typed: TypedOption, aliases: Aliases): TypedOption[] {
  const { option, text } = typed
  const { trackers, form } = traitsOf(option)
  if (text === null || !trackers) return [typed]
  const names = trackers === 'removed' ? [text] : text.split('|')
  if (trackers !== 'removed') {
    for (const name of names) refuseMisspelt(name, option.long ?? '', aliases)
  }
  if (names.every((name) => !aliases.has(name))) return [typed]
  const tiers = names.flatMap((name) => aliases.get(name) ?? [[name]])
  if (form === 'tiers') return [{ ...typed, text: tiers.map(joined).join('|') }]
  const values = trackers === 'tiers' ? tiers.map(joined) : tiers.flat()
  return values.map((value) => ({ ...typed, text: value }))
}

/** The trackers that an operand stands for; null if it is a file, or a tracker itself. */
function tiersFor(operand: string, aliases: Aliases, cwd: string) {
  if (existsSync(resolve(cwd, operand))) return null
  const tiers = aliases.get(operand)
  if (tiers) return tiers
  const nearest = operand === '-' ? '' : suggestion(operand, aliases.keys())
  if (nearest === '' && !operand.startsWith('@')) return null
  throw usageError(`${operand}: no such file, and no alias of a tracker${nearest}`)
}

function refuseMisspelt(name: string, option: string, aliases: Aliases): void {
  const nearest = insteadOf(name, aliases)
  if (nearest === '') return
  throw usageError(`${option} ${name}: neither a tracker nor an alias${nearest}`)
}

const joined = (tier: readonly string[]) => tier.join(',')

/** Several trackers in the place of an operand, as options. */
function tierOptions(
  tiers: readonly (readonly string[])[],
  { command }: CommandLine,
): TypedOption[] {
  const name = '--announce'
  const option = command.options.find(({ long }) => long === name)
  if (!option) throw new Error(`${command.name()} has no ${name}`)
  return tiers.map((tier) => ({ option, name, text: joined(tier) }))
}
