import { BtkitError } from '../../errors.js'
import { checkTracker } from '../trackers.js'

/** A tracker to put in the place of another. */
export interface TrackerReplacement {
  /** A whole URL, or the beginning of one up to where a part of it ends. */
  readonly from: string
  readonly to: string
}

const BEFORE_URL = /=(?=(?:https?|udp|wss?):\/\/)/gi
const BARE_SCHEME = /^(https?|udp|wss?):\/\/$/i
const PART_END = /[/:?]/

/**
 * Reads `OLD=NEW`, of which OLD ends at the `=` before NEW's scheme.
 * @throws BtkitError `usage`
 */
export function parseReplacement(text: string): TrackerReplacement {
  const splits = [...text.matchAll(BEFORE_URL)]
  const at = splits[0]?.index ?? 0
  const [from, to] = [text.slice(0, at), text.slice(at + 1)]
  if (from === '') throw usage(text, 'not of the form OLD=NEW with NEW a tracker URL')
  if (splits.length > 1) throw usage(text, "more than one '=' stands before a URL")
  if (!BARE_SCHEME.test(to)) checkTracker(to)
  if (endsPart(from) && !endsPart(to)) {
    throw usage(text, `OLD ends in '${from.slice(-1)}', so NEW must end in '/', ':' or '?' too`)
  }
  return { from, to }
}

/**
 * Replaces a tracker whose URL is `from` or begins with it; any other is returned as it is. `from`
 * must end where a part of the URL ends, at `/`, `:` or `?`, so that `http://a.example` does not
 * match `http://a.example.org`.
 * @throws BtkitError `metainfo` when the new one would be no tracker
 */
export function replaceTracker(url: string, { from, to }: TrackerReplacement): string {
  if (!isMeant(url, from)) return url
  const result = to + url.slice(from.length)
  try {
    return checkTracker(result)
  } catch (cause) {
    const reason = `would become '${result}', which is no tracker`
    throw new BtkitError('metainfo', `tracker '${url}': ${reason}`, { cause })
  }
}

function isMeant(url: string, from: string): boolean {
  if (!url.startsWith(from)) return false
  const next = url.charAt(from.length)
  return next === '' || endsPart(from) || endsPart(next)
}

function endsPart(url: string): boolean {
  return PART_END.test(url.slice(-1))
}

function usage(text: string, reason: string): BtkitError {
  return new BtkitError('usage', `replacement '${text}': ${reason}`)
}
