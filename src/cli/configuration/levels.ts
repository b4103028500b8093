import type { OptionEntry } from '../options/table.js'
import { areAlternatives } from '../options/traits.js'
import type { Candidate, Setting } from './settings.js'

/**
 * The settings in effect, from levels with the strongest last. A setting is overridden by a
 * stronger one of the same option or of an option that excludes it. `given` are the options on the
 * command line.
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
  return one === other || areAlternatives(one, other) || excludeEachOther(stronger, weaker)
}

/** Whether commander refuses two options together. */
export function excludeEachOther(one: OptionEntry, other: OptionEntry): boolean {
  return conflictsOf(one).includes(other.attribute) || conflictsOf(other).includes(one.attribute)
}

/** The options given to `conflicts`, which commander's types omit. */
function conflictsOf({ on }: OptionEntry): readonly string[] {
  const { conflictsWith = [] } = (on ?? {}) as { readonly conflictsWith?: readonly string[] }
  return conflictsWith
}

/** Reports changed settings, one line each. A running service keeps its old options. */
export function settingChanges(before: readonly Setting[], now: readonly Setting[]): string[] {
  const old = new Map(before.map((setting) => [setting.entry.key, setting]))
  const kept = new Set(now.map(({ entry }) => entry.key))
  const changed = now.flatMap(({ entry, args, shown, place }) => {
    const isSame = old.get(entry.key)?.args.join('\0') === args.join('\0')
    return isSame ? [] : [`${place}: ${entry.key} is ${shown} now; restart to apply it`]
  })
  const gone = before.filter(({ entry }) => !kept.has(entry.key))
  return [
    ...changed,
    ...gone.map(({ entry }) => `${entry.key} is no longer configured; restart to apply it`),
  ]
}
