import type { NameFilter } from './name-filter.js'
import type { ScanOptions } from './scanned-tree.js'

/**
 * Checks globs before any work begins.
 * @throws BtkitError `usage`
 */
export async function checkPatterns(patterns: NamePatterns): Promise<void> {
  await loadNameFilter(patterns)
}

type NamePatterns = Pick<ScanOptions, 'include' | 'exclude'>

/**
 * Returns the filter for patterns, or undefined if there are none.
 * @throws BtkitError `usage` for a bad glob
 */
export async function loadNameFilter({
  include,
  exclude,
}: NamePatterns): Promise<NameFilter | undefined> {
  if (include.length === 0 && exclude.length === 0) return undefined
  const { compileNameFilter } = await import('./name-filter.js')
  return compileNameFilter(include, exclude)
}
