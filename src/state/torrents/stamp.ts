import { lstatSync } from 'node:fs'
import { dirname } from 'node:path'
import { requireOwnDirectory } from '../own-directory.js'
import { logPath } from './file.js'

/**
 * What shows that the log of a directory's torrents changed, without reading it; null when there is
 * none.
 * @throws BtkitError `not-permitted` where others could swap it; system errors as they are
 */
export function stampOfLog(stateDirectory: string, target: string): string | null {
  const path = logPath(stateDirectory, target)
  for (const directory of [stateDirectory, dirname(path)]) requireOwnDirectory(directory)
  const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false })
  if (!stats) return null
  const { size, mtimeNs, ctimeNs, ino, dev, mode, nlink } = stats
  return [size, mtimeNs, ctimeNs, ino, dev, mode, nlink].join(' ')
}
