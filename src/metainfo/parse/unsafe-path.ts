import { quoteText } from '../../base/text/escape.js'
import type { WarningList } from '../warning.js'

/** Only unsafe on Windows; elsewhere a backslash is part of a name. */
export const BACKSLASH = 'has a backslash, which parts components on Windows'

/** Why a component makes its path unsafe; the first reason counts. */
const REASONS = [
  ['has an empty component', (name: string) => name === ''],
  ['has a "." component', (name: string) => name === '.'],
  ['has a ".." component', (name: string) => name === '..'],
  ['has a slash inside a component', (name: string) => name.includes('/')],
  ['has a NUL character', (name: string) => name.includes('\0')],
  [BACKSLASH, (name: string) => name.includes('\\')],
] as const

/** The reason why a path is unsafe to create on a disk. */
export type UnsafeReason = (typeof REASONS)[number][0] | 'is listed twice'

/** A path of a torrent that is unsafe to create on a disk. */
export interface UnsafePath {
  /** The torrent's name, followed by the components below it. */
  readonly path: string[]
  readonly reason: UnsafeReason
}

interface NamedFile {
  /** The components below the torrent's name. */
  readonly path: string[]
  readonly padding: boolean
}

/**
 * Finds paths that could lead out of their directory, or that are listed twice. Each has one
 * reason. Pad files may share a path, because they are never written.
 */
export function findUnsafePaths(
  name: string,
  isDirectory: boolean,
  files: Iterable<NamedFile>,
): UnsafePath[] {
  const nameReason = reasonOf([name])
  const found = nameReason === null ? [] : [{ path: [name], reason: nameReason }]
  // The path of a single file is its name
  if (!isDirectory) return found
  const seen = new Set<string>()
  for (const file of files) {
    const joined = file.padding ? '' : file.path.join('/')
    const isRepeated = !file.padding && seen.size === seen.add(joined).size
    const reason = reasonOf(file.path) ?? (isRepeated ? 'is listed twice' : null)
    if (reason !== null) found.push({ path: [name, ...file.path], reason })
  }
  return found
}

function reasonOf(path: readonly string[]): UnsafeReason | null {
  return REASONS.find(([, isUnsafe]) => path.some(isUnsafe))?.[0] ?? null
}

/** Adds a warning for each unsafe path. */
export function warnOfUnsafePaths(unsafePaths: readonly UnsafePath[], warnings: WarningList): void {
  for (const { path, reason } of unsafePaths) {
    const code = reason === BACKSLASH ? 'backslash-path' : 'unsafe-path'
    warnings.add(code, () => `path ${quoteText(path.join('/'))}: ${reason}`)
  }
}
