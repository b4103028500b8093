import { lstatSync, statSync } from 'node:fs'
import type { BigIntStats } from 'node:fs'

/**
 * What tells one state of a file from another without reading it. Times are nanoseconds since the
 * epoch. A rewrite that keeps size and mtime still moves ctime, and a replacement moves the inode.
 */
export interface Fingerprint {
  size: number
  mtimeNs: bigint
  ctimeNs: bigint
  inode: bigint
  device: bigint
}

/** The fingerprint in what stat (with `bigint: true`) said of a file. */
export function fingerprintOf(stats: BigIntStats): Fingerprint {
  return {
    size: Number(stats.size),
    mtimeNs: stats.mtimeNs,
    ctimeNs: stats.ctimeNs,
    inode: stats.ino,
    device: stats.dev,
  }
}

/** The fingerprint of the file at `path`, links followed; throws the system's error as it is. */
export function readFingerprint(path: string): Fingerprint {
  return fingerprintOf(statSync(path, { bigint: true }))
}

/** Whether both describe the same state of the same file. */
export function sameFingerprint(a: Fingerprint, b: Fingerprint): boolean {
  return (
    a.size === b.size &&
    a.mtimeNs === b.mtimeNs &&
    a.ctimeNs === b.ctimeNs &&
    a.inode === b.inode &&
    a.device === b.device
  )
}

/** The fingerprint of what lies at `path`, links not followed; null when nothing does. */
export function readFingerprintIfThere(path: string): Fingerprint | null {
  const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false })
  return stats ? fingerprintOf(stats) : null
}
