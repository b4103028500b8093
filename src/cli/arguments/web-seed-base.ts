import { InvalidArgumentError } from '@commander-js/extra-typings'
import { basename, dirname, resolve } from 'node:path'
import { BtkitError } from '../../errors.js'
import { statIfThere } from '../../files/stat-files.js'
import { directoryAddress, fileAddress, isSeed } from '../../metainfo/trackers.js'
import type { Io } from '../io.js'
import { publicUrl } from './server-options.js'

/** Adds the address of the directory that the sources of torrents are in. */
export function webSeedBases(text: string, previous: string[]): string[] {
  if (isSeed(text)) return [...previous, publicUrl(text)]
  throw new InvalidArgumentError('Not an http or https URL without ? and #.')
}

/** A file or directory of which a torrent is made. */
export interface SeededSource {
  readonly source: string
  /** The torrent's name. */
  readonly name: string
}

/**
 * The web seeds of a torrent whose source is in a directory with these addresses, as `serve` has
 * them: clients add the torrent's name.
 * @throws BtkitError `usage` when the source is a directory that is called otherwise
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
    throw new BtkitError('usage', `--web-seed-base: does not go with another --name; ${why}`)
  }
  return bases.map((base) => fileAddress(base, [own]))
}

/**
 * Makes sure that one address can be that of the directory of all sources.
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
  throw new BtkitError('usage', `--web-seed-base: ${why}`)
}

/** The directories that sources are in. */
export function directoriesOf(sources: readonly string[], io: Pick<Io, 'cwd'>): string[] {
  return sources.map((source) => dirname(resolve(io.cwd, source)))
}
