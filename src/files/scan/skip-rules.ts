import type { SkipReason } from './scanned-tree.js'
import { isTemporaryName } from '../temporary-name.js'

/**
 * Names that nobody means to publish: those BitTornado left out, a core dump and a CVS directory,
 * and what operating systems put into directories and at the top of disks.
 */
const SYSTEM_NAMES: ReadonlySet<string> = new Set([
  'core',
  'CVS',
  '.DS_Store',
  'Thumbs.db',
  'thumbs.db',
  'desktop.ini',
  'Desktop.ini',
  'lost+found',
  '$RECYCLE.BIN',
  'System Volume Information',
])

const DOT = 0x2e

/**
 * Why an entry called `name` is left out of a tree whatever it is, or undefined. With `all` only
 * our own unfinished files are: they are no one's data.
 */
export function skipReasonOf(name: string, all: boolean): SkipReason | undefined {
  if (isTemporaryName(name)) return 'temporary file'
  if (all) return undefined
  if (SYSTEM_NAMES.has(name)) return 'system'
  return name.charCodeAt(0) === DOT ? 'hidden' : undefined
}
