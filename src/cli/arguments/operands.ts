import { BtkitError } from '../../errors.js'
import { checkTracker, looksLikeUrl } from '../../metainfo/trackers.js'
import { requireNames } from './require-names.js'

/** What the positional arguments of makemetafile mean. */
export interface Operands {
  readonly tracker: string | null
  readonly sources: readonly string[]
}

/**
 * Tells the tracker from the files: it is the one argument that is a URL, wherever it stands.
 * @throws BtkitError `usage` when a URL is wrong, there are two, or there is no file
 */
export function sortOperands(operands: readonly string[]): Operands {
  requireNames(operands, 'file')
  const urls = operands.filter(looksLikeUrl)
  const sources = operands.filter((operand) => !looksLikeUrl(operand))
  urls.forEach(checkTracker)
  if (urls.length > 1) {
    throw new BtkitError('usage', `${urls[1] ?? ''}: a second tracker belongs in --announce-list`)
  }
  if (sources.length === 0) throw new BtkitError('usage', 'no file or directory given')
  return { tracker: urls[0] ?? null, sources }
}
