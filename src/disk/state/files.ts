import {
  accessSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  openSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { closeDone, makeDirectory, removeFile } from '../../base/directories.js'
import { asBtkitError, BtkitError, orClose, osCodeOf } from '../../base/errors.js'
import { NO_LINK, NO_WAIT, readDescriptor } from '../look/read-bounded.js'
import { describeDirectory } from '../write/trusted-directory.js'

/**
 * Makes sure that no untrusted user can change the content of a state directory. A missing
 * directory is accepted.
 * @throws BtkitError `not-permitted`; system errors unchanged
 */
export function requireOwnDirectory(path: string): void {
  const distrust = describeDirectory(path, '--state-dir')
  if (distrust !== null) throw new BtkitError('not-permitted', `state ${path}: ${distrust}`)
}

/**
 * Makes sure that a file of the state can be written, before hours of work that it must record. The
 * directory needs no look if that of another file in it succeeded.
 * @throws BtkitError `not-found`, `not-permitted` or `io`, with what to do
 */
export function requireWritable(path: string, isDirectoryKnown = false): void {
  const directory = dirname(path)
  try {
    if (!isDirectoryKnown) makeDirectory(directory, 0o700)
    // A new version of the file is written beside it
    const places = isDirectoryKnown ? [] : [directory]
    for (const place of existsSync(path) ? [path, ...places] : places)
      accessSync(place, constants.W_OK)
  } catch (error) {
    const known = asBtkitError(error, `state ${directory}`)
    if (!(known instanceof BtkitError)) throw error
    const message = `${known.message}; name another with --state-dir`
    throw new BtkitError(known.code, message, { cause: error })
  }
}

/**
 * Returns the bytes of a regular file of at most `limit` bytes, or null if it does not exist.
 * @throws BtkitError `io` or `too-large`; system errors unchanged
 */
export function readState(path: string, limit: number): Buffer | null {
  const descriptor = openState(path, constants.O_RDONLY)
  if (descriptor === null) return null
  try {
    return readDescriptor(descriptor, `state ${path}`, limit)
  } finally {
    closeDone(descriptor)
  }
}

/**
 * Codes of systems that refuse to open a link (ELOOP, EMLINK) or to write to a directory (EISDIR).
 */
const NOT_REGULAR = ['ELOOP', 'EMLINK', 'EISDIR']

/**
 * Opens a regular file; null if it does not exist.
 * @throws BtkitError `io` if it is not a regular file; system errors unchanged
 */
export function openState(path: string, flags: number): number | null {
  const notRegular = () => new BtkitError('io', `state ${path}: not a regular file; remove it`)
  let descriptor: number
  try {
    // An exception takes several times as long, and most journals of a first run are missing
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return null
    descriptor = openSync(path, flags | NO_LINK | NO_WAIT)
  } catch (error) {
    if (osCodeOf(error) === 'ENOENT') return null
    throw NOT_REGULAR.includes(osCodeOf(error) ?? '') ? notRegular() : error
  }
  return orClose(closeDone.bind(null, descriptor), () => {
    const stats = fstatSync(descriptor)
    if (stats.isFile() && stats.nlink <= 1) return descriptor
    if (!stats.isFile()) throw notRegular()
    throw new BtkitError('io', `state ${path}: is hard-linked to other files; remove those links`)
  })
}

/** Returns null if the system refuses, or if a file that may be lost at any time is damaged. */
export function attempt<T>(act: () => T | null): T | null {
  try {
    return act()
  } catch (error) {
    const isDamaged = error instanceof BtkitError || error instanceof SyntaxError
    if (!isDamaged && osCodeOf(error) === undefined) throw error
    return null
  }
}

/** Replaces such a file; null removes it. */
export function replace(path: string, content: string | Uint8Array | null): void {
  removeFile(content === null ? path : `${path}.new`)
  if (content === null) return
  makeDirectory(dirname(path), 0o700)
  writeFileSync(`${path}.new`, content, { mode: 0o600, flag: 'wx' })
  renameSync(`${path}.new`, path)
}
