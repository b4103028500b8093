import type { MetainfoFile } from '../../metainfo/metainfo.js'
import type { FoundFile } from './content.js'
import type { Interval } from './ranges.js'
import type { FileStatus, VerifiedFile } from './report.js'

/** What is to be said of a file whose bytes in `ranges` are bad. */
export function judgeFile({ file, found }: FoundFile, ranges: readonly Interval[]): VerifiedFile {
  return {
    path: file.path,
    length: file.length,
    found: found.kind === 'file' ? found.fingerprint.size : null,
    status: statusOf({ file, found }, ranges),
    reason: REASONS[found.kind],
    ranges,
  }
}

function statusOf({ file, found }: FoundFile, ranges: readonly Interval[]): FileStatus {
  if (isLink(file)) return found.kind === 'missing' ? 'missing' : 'ok'
  if (found.kind !== 'file') return 'missing'
  if (found.fingerprint.size < file.length) return 'short'
  if (found.fingerprint.size > file.length) return 'long'
  return ranges.length > 0 ? 'damaged' : 'ok'
}

/** A symbolic link (BEP 47) has no content of its own: whatever it leads to will do. */
function isLink({ attr, length }: MetainfoFile): boolean {
  return attr.includes('l') && length === 0
}

const REASONS: Record<FoundFile['found']['kind'], string | null> = {
  file: null,
  missing: null,
  directory: 'a directory',
  outside: 'a link that leads outside',
  'link loop': 'a link that leads to itself',
  'special file': 'not a regular file',
}
