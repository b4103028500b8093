import { basename, dirname, resolve } from 'node:path'
import { usageError } from '../../errors.js'
import { statIfThere } from '../../files/stat-files.js'
import { directoryAddress, fileAddress } from '../../metainfo/trackers.js'
import type { Io } from '../io.js'
import { publicUrl } from './server.js'
import { repeated } from './values.js'

/** Adds the URL of the directory that contains the sources of torrents. */
export const webSeedBases = repeated((text) => [publicUrl(text)])

/** The file or directory from which a torrent is made. */
export interface SeededSource {
  readonly source: string
  /** The torrent's name. */
  readonly name: string
}

/**
 * The web seeds of a torrent whose source lies in a directory with these URLs, in the form that
 * `serve` uses: clients append the torrent's name.
 * @throws BtkitError `usage` if the source is a directory with another name than the torrent
 */
export function seedsBelow(
  bases: readonly string[],
  { source, name }: SeededSource,
  io: Pick<Io, 'cwd'>,
): string[] {
  const own = basename(resolve(io.cwd, source))
  if (own === name) return bases.map((base) => directoryAddress(base, []))
  if (bases.length > 0 && statIfThere(resolve(io.cwd, source))?.isDirectory()) {
    const why = `clients would look for the directory ${name} there, not for ${own}`
    throw usageError(`--web-seed-base: cannot be used with another --name; ${why}`)
  }
  return bases.map((base) => fileAddress(base, [own]))
}

/**
 * Checks that all sources lie in one directory, because the URL stands for one.
 * @throws BtkitError `usage`
 */
export function checkOneDirectory(
  bases: readonly string[],
  directories: readonly string[],
  io: Pick<Io, 'cwd'>,
): void {
  const distinct = new Set(directories.map((directory) => resolve(io.cwd, directory)))
  if (bases.length === 0 || distinct.size <= 1) return
  const [first = '', second = ''] = distinct
  const why = `is the address of one directory, not of ${first} and ${second}`
  throw usageError(`--web-seed-base: ${why}`)
}

/** The directories that contain the sources. */
export function directoriesOf(sources: readonly string[], io: Pick<Io, 'cwd'>): string[] {
  return sources.map((source) => dirname(resolve(io.cwd, source)))
}
