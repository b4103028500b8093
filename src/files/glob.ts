import { Minimatch } from 'minimatch'
import { BtkitError } from '../errors.js'

interface GlobOptions {
  /** Whether `*` and `?` match a leading dot. */
  readonly hidden: boolean
  /** Whether it may match at any depth, not only from the root. */
  readonly anyDepth?: boolean
}

/**
 * Compiles a glob of the operator: `*`, `?`, `[…]`, `**`, braces and extended patterns such as
 * `!(…)`. It is case-sensitive, and a backslash makes the next character literal. A leading `/` or
 * `./` is the root, which paths leave out. Globs of strangers go to compileSimpleGlob, whose time
 * is bounded.
 *
 * Loading minimatch takes milliseconds, so import this file only if there are globs.
 *
 * @throws BtkitError `usage` for an empty glob, or one that minimatch refuses
 */
export function compileGlob(pattern: string, { hidden, anyDepth = false }: GlobOptions): Minimatch {
  const path = pattern.replace(/^(?:\.?\/+)+/, '')
  if (path === '') throw badGlob(pattern, 'matches nothing')
  const options = { dot: hidden, nocomment: true, nonegate: true, optimizationLevel: 2 }
  try {
    return new Minimatch(anyDepth ? `**/${path}` : path, { ...options, platform: 'linux' })
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw badGlob(pattern, error.message, error)
  }
}

/** The error for a glob that cannot be used. */
export function badGlob(pattern: string, why: string, cause?: unknown): BtkitError {
  const shown = pattern.length > 60 ? `${pattern.slice(0, 60)}…` : pattern
  return new BtkitError('usage', `pattern '${shown}': ${why}`, { cause })
}
