import { otherNames } from '../arguments/option-names.js'
import type { OptionEntry } from '../options/table.js'
import type { Located } from './read-file.js'

/** An option found by a key in a configuration. */
export interface FoundEntry {
  readonly entry: OptionEntry
  /** Whether the key is its `no-…` form. */
  readonly isNegated: boolean
}

/**
 * Finds an option by its name, its `no-…` form, or its name in other programs. If only the `no-…`
 * form of a name exists, `value` decides whether the key means another option, as edit's `tracker`
 * means `set-tracker` for a URL.
 */
export function findEntry(
  key: string,
  entries: ReadonlyMap<string, OptionEntry>,
  value?: Located,
): FoundEntry | null {
  const own = entries.get(key)
  const isOwn = own !== undefined && (own.on !== null || !value || booleanOf(value) !== null)
  const others = otherNames(key).flatMap((name) => entries.get(name) ?? [])
  const other = isOwn ? undefined : others.find(({ on }) => on !== null)
  const entry = other ?? own
  if (entry) return { entry, isNegated: false }
  const opposite = key.startsWith('no-') ? entries.get(key.slice('no-'.length)) : undefined
  return opposite?.kind === 'switch' ? { entry: opposite, isNegated: true } : null
}

/** The boolean that a value is as plain text; null for any other value. */
export function booleanOf({ value }: Located): boolean | null {
  if (value.kind !== 'text' || !value.isPlain) return null
  if (/^(true|True|TRUE)$/.test(value.text)) return true
  return /^(false|False|FALSE)$/.test(value.text) ? false : null
}
