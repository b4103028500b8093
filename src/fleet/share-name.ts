import type { FileKey } from '../cache/records/file.js'
import type { TreeKey } from '../cache/records/tree.js'
import type { Fingerprint } from '../files/fingerprint.js'
import { isWithin } from '../files/inside.js'

/** A directory whose files are the same on all machines that have a share of this name. */
export interface Share {
  readonly name: string
  /** Its real path. */
  readonly directory: string
}

/** How files are recognized on other machines. */
export interface ShareRules {
  readonly shares: readonly Share[]
  /** Whether times count in whole seconds, because a transport cuts them. */
  readonly inSeconds: boolean
}

const NS_PER_SECOND = 1_000_000_000n

/**
 * Returns the name of a file's record on all machines: algorithm, piece length, phase, share,
 * relative path, size and mtime. Null for a file outside of every share.
 */
export function sharedName(
  key: FileKey | TreeKey,
  { size, mtimeNs }: Pick<Fingerprint, 'size' | 'mtimeNs'>,
  { shares, inSeconds }: ShareRules,
): string | null {
  const share = shareOf(key.path, shares)
  if (share === null) return null
  const mtime = inSeconds ? `${mtimeNs / NS_PER_SECOND}s` : String(mtimeNs)
  const pieces = 'phase' in key ? `sha1\0${key.pieceLength}\0${key.phase}` : 'sha256\0\0'
  const relative = key.path.slice(share.directory.length)
  return `${pieces}\0${share.name}\0${relative}\0${size}\0${mtime}`
}

/** Returns the innermost share that has a path. */
export function shareOf(path: string, shares: readonly Share[]): Share | null {
  let found: Share | null = null
  for (const share of shares) {
    const isInner = share.directory.length > (found?.directory.length ?? -1)
    if (isInner && isWithin(path, share.directory)) found = share
  }
  return found
}
