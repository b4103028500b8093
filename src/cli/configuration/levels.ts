import type { OptionEntry } from '../options/table.js'
import { areAlternatives } from '../options/traits.js'
import type { Candidate, Setting } from './settings.js'

/**
 * The settings that count, of levels with the strongest last. A setting is displaced by a stronger
 * one of the same option, or of one that excludes it; `given` are the options of the command line.
 */
export function strongest(
  levels: readonly (readonly Candidate[])[],
  given: ReadonlySet<string>,
  entries: ReadonlyMap<string, OptionEntry>,
): Setting[] {
  const taken = [...entries.values()].filter(({ attribute }) => given.has(attribute))
  const kept: Setting[] = []
  for (const level of levels.toReversed()) {
    const rest = level.filter(({ entry }) => !taken.some((other) => displaces(other, entry)))
    kept.unshift(...rest.map(({ open }) => open()))
    taken.push(...rest.map(({ entry }) => entry))
  }
  return kept
}

function displaces(stronger: OptionEntry, weaker: OptionEntry): boolean {
  const [one, other] = [stronger.attribute, weaker.attribute]
  if (one === other || areAlternatives(one, other)) return true
  return conflictsOf(stronger).includes(other) || conflictsOf(weaker).includes(one)
}

/** What an option declares by `conflicts`, which commander's types leave out. */
function conflictsOf({ on }: OptionEntry): readonly string[] {
  const { conflictsWith = [] } = (on ?? {}) as { readonly conflictsWith?: readonly string[] }
  return conflictsWith
}
