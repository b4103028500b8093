import { BtkitError } from '../../errors.js'
import { checkTracker } from '../trackers.js'

/** A tracker replacement. */
export interface TrackerReplacement {
  /** A whole URL, or a prefix that ends at the end of a URL part. */
  readonly from: string
  readonly to: string
}

const BEFORE_URL = /=(?=(?:https?|udp|wss?):\/\/)/gi
const BARE_SCHEME = /^(https?|udp|wss?):\/\/$/i
const PART_END = /[/:?]/

/**
 * Parses `OLD=NEW`. OLD ends at the `=` before NEW's scheme.
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
 * Replaces a tracker whose URL equals `from` or begins with it; returns any other URL unchanged.
 * `from` must end at the end of a URL part, at `/`, `:` or `?`. Therefore `http://a.example` does
 * not match `http://a.example.org`.
 * @throws BtkitError `metainfo` if the result is not a tracker URL
 */
export function replaceTracker(url: string, { from, to }: TrackerReplacement): string {
  const result = substitute(url, { from, to })
  if (result === url) return url
  try {
    return checkTracker(result)
  } catch (cause) {
    const reason = `would become '${result}', which is not a tracker URL`
    throw new BtkitError('metainfo', `tracker '${url}': ${reason}`, { cause })
  }
}

/** Returns the URL after a replacement, or the same URL. It may not be a tracker URL. */
export function substitute(url: string, { from, to }: TrackerReplacement): string {
  return isReplaced(url, from) ? to + url.slice(from.length) : url
}

/** Whether a tracker's URL equals `from`, or begins with it at the end of a URL part. */
export function isReplaced(url: string, from: string): boolean {
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
