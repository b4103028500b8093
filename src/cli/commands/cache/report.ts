import type { CacheSummary } from '../../../cache/maintain.js'
import { escapeText } from '../../../text/escape.js'
import { formatBytes } from '../../output/quantity.js'

export interface CacheReport extends CacheSummary {
  readonly directory: string
  /** Bytes of the cache's file. */
  readonly size: number
}

const DAY_MS = 86_400_000

/** What is in a cache, for people. */
export function cacheText(report: CacheReport): string {
  const { directory, size, bytes, counts, oldest, hits, misses } = report
  const entries = Object.values(counts).reduce((sum, n) => sum + n, 0)
  const lines = [
    `directory: ${escapeText(directory)}`,
    `size:      ${formatBytes(size)}, ${formatBytes(bytes)} in use`,
    `records:   ${entries} (${counts.file} of files, ${counts.piece} of shared pieces, ` +
      `${counts.info} of directories, ${counts.output} of torrents, ${counts.set} of sets)`,
    `oldest:    ${oldest === null ? 'none' : `last used on ${dateOf(oldest)}`}`,
    `hits:      ${hits} of ${hits + misses}${percentage(hits, hits + misses)}`,
  ]
  return lines.map((line) => `${line}\n`).join('')
}

function dateOf(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10)
}

function percentage(part: number, whole: number): string {
  return whole === 0 ? '' : ` (${((100 * part) / whole).toFixed(1)}%)`
}
