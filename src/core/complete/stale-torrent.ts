import { basename } from 'node:path'
import { readFingerprintIfThere } from '../../files/fingerprint.js'
import type { SourceDirectory } from './directories.js'
import type { SkipReason, TorrentPaths } from './report.js'

/** Why an entry may be left out that was content before, by whatever took its place. */
const REPLACED: ReadonlySet<SkipReason> = new Set([
  'not a regular file',
  'link',
  'link leads outside',
  'link loop',
  'broken link',
])

/** Whether an entry that is skipped has a torrent from when it was content, which nobody keeps up. */
export function leavesStaleTorrent(
  reason: SkipReason,
  { sourcePath, torrentPath }: TorrentPaths,
  { targetDirectory }: SourceDirectory,
): boolean {
  if (!REPLACED.has(reason)) return false
  const record = targetDirectory.log.get(basename(torrentPath))
  return record?.source === sourcePath && readFingerprintIfThere(torrentPath) !== null
}
