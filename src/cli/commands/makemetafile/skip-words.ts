import type { Skipped } from '../../../core/digests/content.js'

/** What entries that are left out are called: one of them, and several. */
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
  'link to what is left out': ['link to what is left out', 'links to what is left out'],
  'not a regular file': ['special file', 'special files'],
  'the torrent itself': ['output file', 'output files'],
}

/** How many entries are left out for a reason: `1 broken link`, `2 broken links`, `3 hidden`. */
export function countSkipped(n: number, reason: Skipped['reason']): string {
  const [one, several] = WORDS[reason]
  return `${n} ${n === 1 ? one : several}`
}
