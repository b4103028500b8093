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

/** What has become of settings, a line each: a service has its options from its start on. */
export function settingChanges(before: readonly Setting[], now: readonly Setting[]): string[] {
  const old = new Map(before.map((setting) => [setting.entry.key, setting]))
  const kept = new Set(now.map(({ entry }) => entry.key))
  const changed = now.flatMap(({ entry, args, shown, place }) => {
    const isSame = old.get(entry.key)?.args.join('\0') === args.join('\0')
    return isSame ? [] : [`${place}: ${entry.key} is ${shown} now: needs a restart`]
  })
  const gone = before.filter(({ entry }) => !kept.has(entry.key))
  return [
    ...changed,
    ...gone.map(({ entry }) => `${entry.key} is no longer configured: needs a restart`),
  ]
}
