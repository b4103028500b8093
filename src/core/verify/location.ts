import { join } from 'node:path'
import { BtkitError } from '../../errors.js'
import { makeInsideResolver, type ResolveInside } from '../../files/resolve-inside.js'
import type { Metainfo } from '../../metainfo/metainfo.js'

/** Where the content of a torrent is looked for. */
export interface Location {
  /** The directory of of a torrent that is one; null for a single file. */
  readonly directory: string | null
  /** Finds the file of a path as the torrent has it. */
  readonly find: ResolveInside
}

/**
 * Finds the content of a torrent at `path`: the file or directory itself, or the directory that
 * holds it under the torrent's name, which is what counts when it could be either.
 *
 * @throws BtkitError `unsafe-path` when the torrent's name is a link out of `path`, `io` for a file
 * where a directory is needed, and those of the system
 */
export function locateContent({ name, isDirectory }: Metainfo, path: string): Location {
  const resolve = makeInsideResolver(path)
  const named = resolve([])
  if (named.kind !== 'directory') {
    if (isDirectory) throw new BtkitError('io', `${path}: not a directory, as the torrent's is`)
    return { directory: null, find: () => named }
  }
  if (!isDirectory) return { directory: null, find: resolve }
  const { kind } = resolve([name])
  if (kind === 'outside') {
    throw new BtkitError('unsafe-path', `${join(path, name)}: is a link that leads out of ${path}`)
  }
  if (kind !== 'directory') return { directory: path, find: resolve }
  return { directory: join(path, name), find: (below) => resolve([name, ...below]) }
}
