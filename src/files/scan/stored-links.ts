import { realpathSync, type BigIntStats } from 'node:fs'
import { relative, sep } from 'node:path'
import { fingerprintOf } from '../fingerprint.js'
import { isWithin } from '../inside.js'
import type { ScannedFile, SkippedEntry, SkipReason } from './scanned-tree.js'

/**
 * The components below a real root of what a symbolic link stands for in the end, so that no client
 * has to follow another link; or why it can't be stored. Throws other system errors as they are.
 */
export function targetBelow(link: string, realRoot: string): string[] | SkipReason {
  const real = realpathSync.native(link)
  if (!isWithin(real, realRoot)) return 'link leads outside'
  return real === realRoot ? 'link loop' : relative(realRoot, real).split(sep)
}

/** A symbolic link as an entry of its own (BEP 47), which has no bytes. */
export function storedLink(
  path: string[],
  target: string[],
  link: { readonly path: string; readonly stats: BigIntStats },
): ScannedFile {
  const fingerprint = { ...fingerprintOf(link.stats), size: 0 }
  return { path, absolutePath: link.path, fingerprint, attributes: 'l', symlinkPath: target }
}

/**
 * Leaves out the links to what is not among the files, nor a directory of any: they would be broken
 * wherever the torrent is downloaded.
 */
export function dropDanglingLinks(files: readonly ScannedFile[]): {
  readonly files: ScannedFile[]
  readonly skipped: SkippedEntry[]
} {
  const places = new Set(files.flatMap(({ path }) => path.map((_, i) => joined(path, i + 1))))
  const isDangling = ({ symlinkPath }: ScannedFile) =>
    symlinkPath !== undefined && !places.has(joined(symlinkPath, symlinkPath.length))
  const left = files.filter(isDangling)
  return {
    files: files.filter((file) => !isDangling(file)),
    skipped: left.map(({ path }) => ({
      path: joined(path, path.length),
      reason: 'link to what is left out',
    })),
  }
}

function joined(path: readonly string[], length: number): string {
  return path.slice(0, length).join('/')
}
