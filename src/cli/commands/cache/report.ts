import type { CacheReport } from '../../../core/cache/summary.js'
import { escapeText } from '../../../text/escape.js'
import { formatBytes } from '../../../text/quantity.js'

/** What is in a cache, for people. */
export function cacheText(report: CacheReport): string {
  const { directory, size, bytes, counts, oldest, hits, misses } = report
  const entries = Object.values(counts).reduce((sum, n) => sum + n, 0)
  const lines = [
    `directory: ${escapeText(directory)}`,
    `size:      ${formatBytes(size)}, ${formatBytes(bytes)} in use`,
    `records:   ${entries} (${counts.file} of files, ${counts.tree} of trees, ` +
      `${counts.piece} of shared pieces, ${counts.info + counts.layers} of directories, ${counts.output} of torrents, ${counts.digest} checksums, ${counts.set} of sets)`,
    `oldest:    ${oldest === null ? 'none' : `last used on ${oldest}`}`,
    `hits:      ${hits} of ${hits + misses}${percentage(hits, hits + misses)}`,
  ]
  return lines.map((line) => `${line}\n`).join('')
}

function percentage(part: number, whole: number): string {
  return whole === 0 ? '' : ` (${((100 * part) / whole).toFixed(1)}%)`
}
