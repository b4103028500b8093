// Checks of what programs give: those in JavaScript may give anything.
import { usageError } from './errors.js'

/**
 * Makes sure that all options have a known name. A misspelt one would make another torrent than was
 * wanted.
 * @throws BtkitError `usage`
 */
export function requireKnown(options: object, known: readonly string[]): void {
  const odd = Object.keys(options).find((name) => !known.includes(name))
  if (odd !== undefined) throw usageError(`${odd}: no such option; use ${known.join(', ')}`)
}

/**
 * Makes sure that an argument is a path.
 * @throws BtkitError `usage`
 */
export function requirePath(path: unknown, name: string): void {
  if (typeof path !== 'string') throw usageError(`${name}: not a path; give a string`)
}

/**
 * Makes sure that an argument is an array of paths.
 * @throws BtkitError `usage`
 */
export function requirePaths(paths: unknown, name: string): void {
  requireArray(paths, name).forEach((path) => {
    requirePath(path, name)
  })
}

/**
 * Returns an argument that is an array. The characters of a text would be taken for its elements.
 * @throws BtkitError `usage`
 */
export function requireArray<List>(list: List, name: string): List & readonly unknown[] {
  if (Array.isArray(list)) return list
  throw usageError(`${name}: not a list; give an array`)
}

/**
 * Returns an option that is a number above 0, or not given.
 * @throws BtkitError `usage`
 */
export function requirePositive(value: number | undefined, name: string): number | undefined {
  if (value === undefined || (typeof value === 'number' && value > 0)) return value
  throw usageError(`${name}: not a number above 0`)
}

/**
 * Returns an option that is a text.
 * @throws BtkitError `usage`
 */
export function requireText(text: string | undefined, name: string): string {
  if (typeof text === 'string') return text
  throw usageError(`${name}: not a text; give a string`)
}

/**
 * Returns one of some values.
 * @throws BtkitError `usage`
 */
export function requireOneOf<T extends string>(value: T, all: readonly T[], name: string): T {
  if (all.includes(value)) return value
  throw usageError(`${name} ${value}: not ${all.slice(0, -1).join(', ')} or ${all.at(-1) ?? ''}`)
}
