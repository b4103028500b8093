import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { nameErrors, usageError } from '../../errors.js'
import { checkTracker, looksLikeUrl } from '../../metainfo/trackers.js'
import { suggestion } from '../line/spelling.js'
import { itemsOf, type Located, type LocatedEntry, type Problems } from '../options/given.js'
import type { Configuration } from './sections.js'

/** Tiers of trackers by the name of their alias. */
export type Aliases = ReadonlyMap<string, readonly (readonly string[])[]>

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

/** Asks whether an alias was meant by a name; empty if it is an alias, a URL, or like none. */
export function instead(name: string, aliases: Aliases): string {
  if (name === '' || aliases.has(name) || looksLikeUrl(name)) return ''
  return suggestion(name, aliases.keys())
}

/**
 * The tiers of an operand that is an alias; null for any other operand, and if a file has its name.
 * @throws BtkitError `usage` for a name that is almost an alias, or one without a file that begins with @
 */
export function tiersForOperand(operand: string, aliases: Aliases, cwd: string) {
  if (existsSync(resolve(cwd, operand))) return null
  const tiers = aliases.get(operand)
  if (tiers) return tiers
  const nearest = operand === '-' ? '' : suggestion(operand, aliases.keys())
  if (nearest === '' && !operand.startsWith('@')) return null
  throw usageError(`${operand}: no such file, and no alias of a tracker${nearest}`)
}
