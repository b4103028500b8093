import { scanTree } from '../../../src/disk/scan/scan-tree.js'
import type { ScanOptions, SkippedEntry } from '../../../src/disk/scan/scan-tree.js'

/** The options of a scan without any on the command line. */
export const DEFAULTS: ScanOptions = { all: false, include: [], exclude: [], links: 'inside' }

/** A scan's findings in a form that is short to compare. */
export async function scan(root: string, options: Partial<ScanOptions> = {}) {
  const tree = await scanTree(root, { ...DEFAULTS, ...options })
  return {
    files: Array.from(tree.files, (file) => file.path.join('/')),
    skipped: Object.fromEntries(tree.skipped.map(pathAndReason)),
  }
}

function pathAndReason({ path, reason }: SkippedEntry): [string, string] {
  return [path, reason]
}
