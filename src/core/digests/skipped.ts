import type { ScanSkipReason } from '../../disk/scan/scanned-tree.js'
import { count } from '../../base/text/quantity.js'

/** An entry of the source that is not in the torrent. */
export interface Skipped {
  readonly path: string
  readonly reason: ScanSkipReason | 'the torrent itself'
}

/** Names of skipped entries: singular and plural. */
const WORDS: Record<Skipped['reason'], readonly [one: string, several: string]> = {
  hidden: ['hidden', 'hidden'],
  system: ['system', 'system'],
  'temporary file': ['temporary file', 'temporary files'],
  excluded: ['excluded', 'excluded'],
  'not included': ['not included', 'not included'],
  link: ['link', 'links'],
  'link leads outside': ['link that leads outside', 'links that lead outside'],
  'link loop': ['link loop', 'link loops'],
  'broken link': ['broken link', 'broken links'],
  'link to a skipped entry': ['link to what is left out', 'links to skipped entries'],
  'not a regular file': ['special file', 'special files'],
  'the torrent itself': ['output file', 'output files'],
}

/** The options that include entries, by the reasons for which they are left out. */
const INCLUDED_BY: Readonly<Record<string, string>> = {
  hidden: '--hidden',
  system: '--hidden',
  unfinished: '--hidden',
  'link leads outside': '--symlinks follow',
}

/** A reason for which an entry is left out, with the option that includes it, if there is one. */
export function withOption(reason: string): string {
  const option = INCLUDED_BY[reason]
  return option === undefined ? reason : `${reason}; ${option} includes it`
}

/**
 * Number of skipped entries by reason, with the first one that an option includes:
 * `3 hidden (.disk, …; --hidden includes them), 1 broken link`. Null if there are none.
 */
export function countSkipped(skipped: readonly Skipped[]): string | null {
  const byReason = new Map<Skipped['reason'], string[]>()
  for (const { path, reason } of skipped) {
    const paths = byReason.get(reason) ?? []
    byReason.set(reason, paths)
    paths.push(path)
  }
  return [...byReason].map(([reason, paths]) => describe(reason, paths)).join(', ') || null
}

function describe(reason: Skipped['reason'], paths: readonly string[]): string {
  const [one, several] = WORDS[reason]
  const counted = count(paths.length, one, several)
  const option = INCLUDED_BY[reason]
  if (option === undefined) return counted
  const [first, them] = paths.length === 1 ? [paths[0], 'it'] : [`${paths[0]}, …`, 'them']
  return `${counted} (${first}; ${option} includes ${them})`
}
