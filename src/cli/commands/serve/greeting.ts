import { escapeText } from '../../../text/escape.js'
import type { Service } from '../../../mirror/app/run-service.js'
import type { ServiceOptions } from '../../../mirror/options.js'
import { count } from '../../../text/quantity.js'
import { reachableAddress } from '../../output/reachable-address.js'
import { announceOf } from '../track/greeting.js'
import type { StartedTracker } from './tracker.js'

export interface GreetingParts {
  readonly service: Service
  readonly request: ServiceOptions
  /** A file of the mirror for the example; null if none was found quickly. */
  readonly example: readonly string[] | null
  readonly trackers: readonly string[]
  /** The name or address that stands for all addresses of this machine. */
  readonly host: string
  /** The tracker in the same process; null for none. */
  readonly tracker: Pick<StartedTracker, 'addresses' | 'stateFile' | 'pages'> | null
}

/** The lines printed when the service has started. */
export function greeting(parts: GreetingParts): string {
  const { service, request, example, trackers, tracker, host } = parts
  const addresses = service.addresses.map((each) => reachableAddress(each, host))
  const first = addresses[0] ?? ''
  const lines = [
    `serving:  ${escapeText(request.mirror.root)}`,
    ...addresses.map((address) => `address:  ${escapeText(address)}`),
    `trackers: ${trackers.length === 0 ? NO_TRACKER : count(trackers.length, 'tracker')}`,
    ...(tracker?.addresses ?? []).map((each) => `tracking: ${escapeText(announceOf(each, host))}`),
    ...(tracker?.pages ? [`admin:    ${escapeText(tracker.pages.address)}`] : []),
    ...(tracker ? [`state:    ${escapeText(tracker.stateFile)}`] : []),
    ...pageLine(request, first),
    `try:      ${exampleCall(first, example)}`,
  ]
  return lines.map((line) => `${line}\n`).join('')
}

const NO_TRACKER = 'no tracker: clients use the web seed and the DHT'

/** The page to open in a browser: the listing of the root, or else the status. */
function pageLine({ publicUrl, listings }: ServiceOptions, address: string): string[] {
  const root = publicUrl ?? (address.startsWith('http') ? address : null)
  return root === null ? [] : [`open:     ${escapeText(root)}/${listings ? '' : '-/status'}`]
}

/**
 * A command that downloads the torrent of a file and saves it under the name that the server sends.
 * The torrent is the one that makemetafile makes.
 */
function exampleCall(address: string, example: readonly string[] | null): string {
  const rest = `/${example?.map(encodeURIComponent).join('/') ?? 'PATH/OF/A/FILE'}.torrent`
  // encodeURIComponent does not escape apostrophes
  const quote = (text: string) => `'${text.replaceAll("'", '%27')}'`
  if (address.startsWith('http')) return `curl -fOJ ${quote(address + rest)}`
  return `curl -fOJ --unix-socket ${quote(address)} ${quote(`http://localhost${rest}`)}`
}
