import { realpathSync } from 'node:fs'
import { relative, resolve, sep } from 'node:path'
import { BtkitError } from '../../errors.js'
import { isWithin } from '../../files/inside.js'
import { makeInsideResolver } from '../../files/resolve-inside.js'
import { typedPath } from '../../pages/picker.js'
import { quoteText } from '../../text/escape.js'

/** The longest path that Linux accepts, in bytes; characters may be fewer. */
const LONGEST_PATH = 4096

/**
 * Returns the real path of a file or directory below one of several directories, given by their
 * real paths. A path that leads elsewhere, by a link too, is refused like one that is not there.
 * @throws BtkitError `usage`, `not-found`
 */
export function resolveSource(roots: readonly string[], typed: string): string {
  if (typed === '') throw new BtkitError('usage', 'no file or directory was chosen')
  const found = typed.length > LONGEST_PATH ? null : lookInside(roots, typed)
  if (found !== null) return found.path
  const where = roots.join(' or ')
  throw new BtkitError('not-found', `${quoteText(typed)}: no file or directory below ${where}`)
}

/** Returns a directory below one of several; the first of these if it is somewhere else. */
export function settleDirectory(roots: readonly string[], directory: string): string {
  const found = lookInside(roots, directory)
  return found?.kind === 'directory' ? found.path : (roots[0] ?? '/')
}

function lookInside(roots: readonly string[], typed: string) {
  const path = resolve(roots[0] ?? '/', typedPath(typed))
  const root = roots.find((each) => isWithin(path, each))
  if (root === undefined || path.includes('\0')) return null
  const names = relative(root, path).split(sep).filter(Boolean)
  const found = makeInsideResolver(root)(names)
  return found.kind === 'file' || found.kind === 'directory' ? found : null
}

/**
 * Returns the real paths of the directories whose files may become torrents.
 * @throws BtkitError `not-found`
 */
export function realRoots(paths: readonly string[]): string[] {
  return paths.map((path) => {
    try {
      return realpathSync.native(path)
    } catch (error) {
      throw new BtkitError('not-found', `${path}: no such directory`, { cause: error })
    }
  })
}
