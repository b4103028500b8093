import { lstatSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import type { FileKey, TreeKey } from '../disk/cache/records/bodies.js'
import { BtkitError } from '../base/errors.js'
import { readFingerprintIfThere, type Fingerprint } from '../disk/file-lists/fingerprint.js'
import { isSafeComponent, isWithin, realPath } from '../disk/look/inside.js'
import { padFile, type ScannedFile } from '../disk/file-lists/scanned-file.js'

/** The least bytes to hash for which it pays to ask other processes or machines. */
export const LEAST_ASKED = 4 * 1024 * 1024

/** A directory whose files are the same on all machines that have a share of this name. */
interface SharedDirectory {
  readonly name: string
  /** Its real path. */
  readonly directory: string
}

/** How files are recognized on other machines. */
export interface ShareRules {
  readonly shares: readonly SharedDirectory[]
}

/**
 * Returns the name of a file's record on all machines: algorithm, piece length, phase, share,
 * relative path, size and mtime. Null for a file outside of every share.
 */
export function sharedName(
  key: FileKey | TreeKey,
  fingerprint: Pick<Fingerprint, 'size' | 'mtimeNs'>,
  rules: ShareRules,
): string | null {
  const share = shareOf(key.path, rules.shares)
  if (share === null) return null
  const pieces = 'phase' in key ? `sha1\0${key.pieceLength}\0${key.phase}` : 'sha256\0\0'
  const below = key.path.slice(share.directory.length)
  return `${pieces}\0${share.name}\0${below}\0${fingerprint.size}\0${fingerprint.mtimeNs}`
}

/** Returns the innermost share that has a path. */
function shareOf(path: string, shares: readonly SharedDirectory[]): SharedDirectory | null {
  let found: SharedDirectory | null = null
  for (const share of shares) {
    const isInner = share.directory.length > (found?.directory.length ?? -1)
    if (isInner && isWithin(path, share.directory)) found = share
  }
  return found
}

/** A file as all machines know it. */
export interface SharedFile {
  readonly share: string
  /** Below the share's directory, with `/` between components. */
  readonly path: string
  readonly size: number
  /** Modification time in nanoseconds since 1970. */
  readonly mtime: string
}

/** Returns how all machines know a file; null for one outside of every share. */
export function shareFile(
  { absolutePath, fingerprint }: ScannedFile,
  rules: ShareRules,
): SharedFile | null {
  const share = shareOf(absolutePath, rules.shares)
  if (share === null) return null
  const path = relative(share.directory, absolutePath).split(sep).join('/')
  return { share: share.name, path, size: fingerprint.size, mtime: String(fingerprint.mtimeNs) }
}

/**
 * Finds a file of another machine on this one. A number stands for a pad file.
 * @throws BtkitError if it is missing, outside of its share, not a regular file, or has another
 *   size or time
 */
export function locateFile(file: SharedFile | number, rules: ShareRules): ScannedFile {
  if (typeof file === 'number') return padFile([], file)
  const name = `${file.share}:${file.path}`
  const share = rules.shares.find((each) => each.name === file.share)
  if (!share) throw new BtkitError('not-found', `${name}: this machine has no --share of this name`)
  const components = file.path.split('/')
  if (!components.every(isSafeComponent)) throw outside(name)
  const path = realPath(join(share.directory, ...components))
  if (path === null) throw new BtkitError('not-found', `${name}: missing here`)
  if (!isWithin(path, share.directory)) throw outside(name)
  const fingerprint = lstatSync(path).isFile() ? readFingerprintIfThere(path) : null
  if (!fingerprint) throw new BtkitError('not-found', `${name}: not a regular file here`)
  if (fingerprint.size !== file.size || String(fingerprint.mtimeNs) !== file.mtime)
    throw new BtkitError('changed', `${name}: size or modification time differs on this machine`)
  return { path: components, absolutePath: path, fingerprint }
}

function outside(name: string): BtkitError {
  return new BtkitError('unsafe-path', `${name}: leads out of its share`)
}
