import { usageError } from '../../base/errors.js'
import type { MakerOptions } from './torrent.js'

/** The options of the commands that make torrents of content that is on no disk. */
type OffDiskOptions = MakerOptions & {
  readonly filesFrom?: string | undefined
  readonly dryRun: boolean
  readonly check?: boolean
  readonly minAge?: number
}

/**
 * Whether an option that needs files on a disk is given; and what becomes of one that is not typed.
 */
type DiskNeed = readonly [
  option: string,
  configured: 'refused' | 'noted' | 'ignored',
  isGiven: (options: OffDiskOptions, isStdin: boolean) => boolean,
]

/**
 * The options that mean nothing for content at URLs, or on standard input. All others hold for
 * both.
 */
const NEED_DISK: readonly DiskNeed[] = [
  ['--files-from', 'refused', ({ filesFrom }, isStdin) => isStdin && filesFrom !== undefined],
  ['--dry-run', 'refused', ({ dryRun }, isStdin) => isStdin && dryRun],
  ['--check', 'refused', ({ check }, isStdin) => isStdin && check === true],
  ['--target-pieces', 'refused', ({ targetPieces }, isStdin) => isStdin && !!targetPieces],
  ['--max-torrent-size', 'refused', ({ maxTorrentSize }, isStdin) => isStdin && !!maxTorrentSize],
  ['--date mtime', 'refused', ({ date }) => date === 'mtime'],
  ['--sort-by mtime', 'refused', ({ sortBy: by }) => typeof by === 'object' && by.by === 'mtime'],
  ['--min-age', 'noted', ({ minAge = 0 }) => minAge > 0],
  ['--hidden', 'noted', ({ hidden }) => hidden],
  ['--symlinks', 'noted', ({ symlinks }) => symlinks !== 'inside'],
  ['--attributes', 'noted', ({ attributes }) => attributes],
  ['--cache-trust', 'ignored', ({ cacheTrust }) => cacheTrust !== 'full'],
  ['--cache-url', 'ignored', ({ cacheUrl }) => cacheUrl !== undefined],
  ['--share', 'ignored', ({ share }) => share.length > 0],
  ['--share-key-file', 'ignored', ({ shareKeyFile }) => shareKeyFile !== undefined],
  ['--queue', 'ignored', ({ queue }) => queue !== undefined],
]

/**
 * The notes on options that a configuration has for files on a disk, if content is on none.
 * @throws BtkitError `usage` for an option that is refused then; `typed` has the keys of those on
 *   the line
 */
export function notesOffDisk(
  options: OffDiskOptions,
  typed: readonly string[],
  isStdin = false,
): string[] {
  const why = isStdin ? '- is standard input' : 'content of a URL is on no disk'
  return NEED_DISK.filter(([, , isGiven]) => isGiven(options, isStdin)).flatMap((need) => {
    const [option, configured] = need
    if (configured === 'refused' || typed.some((key) => `--${key}` === option))
      throw usageError(`${option}: needs a file, and ${why}`)
    return configured === 'noted' ? [`${option}: not used: ${why}`] : []
  })
}
