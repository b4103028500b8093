import { otherNames } from '../arguments/option-names.js'
import type { OptionEntry } from '../options/table.js'

/** An option found by a key in a configuration. */
export interface FoundEntry {
  readonly entry: OptionEntry
  /** Whether the key is its `no-…` form. */
  readonly isNegated: boolean
}

/** Finds an option by its name, its `no-…` form, or its name in other programs. */
export function findEntry(
  key: string,
  entries: ReadonlyMap<string, OptionEntry>,
): FoundEntry | null {
  for (const name of [key, ...otherNames(key)]) {
    const entry = entries.get(name)
    if (entry) return { entry, isNegated: false }
  }
  const opposite = key.startsWith('no-') ? entries.get(key.slice('no-'.length)) : undefined
  return opposite?.kind === 'switch' ? { entry: opposite, isNegated: true } : null
}
