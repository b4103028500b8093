import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { BtkitError, nameErrors } from '../../errors.js'
import { checkTracker, looksLikeUrl } from '../../metainfo/trackers.js'
import type { Part } from '../options/given.js'
import { suggestion } from './nearest.js'
import { removesTrackers, takesOneTracker, takesTrackers } from '../options/traits.js'
import type { Located } from './read-file.js'
import type { Configuration } from './sections.js'
import { insteadOf, tolerate, type Aliases, type Mistakes } from './settings.js'

/**
 * The aliases of configurations with the strongest last.
 * @throws BtkitError `usage` for a value that is no tracker
 */
export function aliasesOf(configurations: readonly Configuration[], mistakes?: Mistakes): Aliases {
  const entries = configurations.flatMap(({ aliases }) => aliases)
  const tiers = entries.map(({ key, place, item }) => {
    return [key, tolerate(mistakes, [], () => tiersOf(key, place, item))] as const
  })
  return new Map(tiers.filter(([, each]) => each.length > 0))
}

function tiersOf(name: string, place: string, item: Located): string[][] {
  if (looksLikeUrl(name) || /[\s,|/]/.test(name))
    throw new BtkitError('usage', `${place}: ${name}: not a name for trackers`)
  const tiers = listOf(item).map((tier) => listOf(tier).map(trackerOf))
  if (tiers.flat().length > 0) return tiers.filter(({ length }) => length > 0)
  throw new BtkitError('usage', `${place}: ${name}: has no tracker`)
}

function listOf(item: Located): readonly Located[] {
  return item.value.kind === 'list' ? item.value.items : [item]
}

function trackerOf({ place, value }: Located): string {
  if (value.kind !== 'text')
    throw new BtkitError('usage', `${place}: not a tracker; write the URL of a tracker`)
  return nameErrors(place, () => checkTracker(value.text))
}

/**
 * The parts of a command line with trackers in the place of their aliases. An operand is an alias
 * only if no file has its name.
 * @throws BtkitError `usage` for a name that is almost an alias, or one without a file that begins with @
 */
export function spellAliases(parts: readonly Part[], aliases: Aliases, world: Place): Part[] {
  return parts.flatMap((part) => {
    const option = part.options.at(-1)
    const attribute = option?.attributeName() ?? ''
    if (option && part.options.length === 1) {
      if (takesTrackers(attribute) && !removesTrackers(attribute)) {
        for (const name of (part.value ?? '').split('|'))
          refuseMisspelt(name, option.long ?? '', aliases)
      }
      if (attribute === 'announceList') {
        const tiers = (part.value ?? '')
          .split('|')
          .map((each) => [each, aliases.get(each)] as const)
        if (tiers.every(([, found]) => !found)) return [part]
        const list = tiers.flatMap(([each, found]) => found?.map(joined) ?? [each])
        return [
          { ...part, args: [`${option.long ?? ''}=${list.join('|')}`], value: list.join('|') },
        ]
      }
      const found = takesTrackers(attribute) ? part.value : null
      const tiers = found === null ? undefined : aliases.get(found)
      if (!tiers) return [part]
      const values = takesOneTracker(attribute) ? tiers.flat() : tiers.map(joined)
      return values.map((value) => ({ ...part, args: [`${option.long ?? ''}=${value}`], value }))
    }
    const { operand } = part
    if (operand === null || !TRACKER_OPERANDS.has(world.section)) return [part]
    const tiers = aliases.get(operand)
    if (existsSync(resolve(world.cwd, operand))) return [part]
    if (tiers) return operandParts(tiers, world.section === 'reannounce')
    const nearest = operand === '-' ? '' : suggestion(operand, aliases.keys())
    if (nearest === '' && !operand.startsWith('@')) return [part]
    throw new BtkitError('usage', `${operand}: no such file, and no alias of a tracker${nearest}`)
  })
}

/** Where a command line is. */
export interface Place {
  readonly cwd: string
  /** The command's section in a configuration. */
  readonly section: string
}

/** The commands that take a tracker as operand. */
const TRACKER_OPERANDS: ReadonlySet<string> = new Set(['makemetafile', 'reannounce'])

function refuseMisspelt(name: string, option: string, aliases: Aliases): void {
  const nearest = insteadOf(name, aliases)
  if (nearest === '') return
  throw new BtkitError('usage', `${option} ${name}: neither a tracker nor an alias${nearest}`)
}

const joined = (tier: readonly string[]) => tier.join(',')

function operandParts(tiers: readonly (readonly string[])[], isReannounce: boolean): Part[] {
  const [first = ''] = tiers.flat()
  const own = { args: [first], options: [], value: null, operand: first }
  if (tiers.flat().length === 1) return [own]
  const args = isReannounce
    ? [`--announce-list=${tiers.map(joined).join('|')}`]
    : tiers.map((tier) => `--announce=${joined(tier)}`)
  const list = args.map((arg) => ({ args: [arg], options: [], value: null, operand: null }))
  return isReannounce ? [own, ...list] : list
}
