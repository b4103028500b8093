import { escapeText } from '../../../text/escape.js'
import type { Service } from '../../../mirror/app/start.js'
import type { ServiceOptions } from '../../../mirror/options.js'
import { count } from '../../../text/quantity.js'
import { announceOf } from '../track/greeting.js'
import type { StartedTracker } from './tracker.js'

export interface GreetingParts {
  readonly service: Service
  readonly request: ServiceOptions
  /** A file of the mirror for the example; null if none was found quickly. */
  readonly example: readonly string[] | null
  readonly trackers: readonly string[]
  /** The tracker in the same process; null for none. */
  readonly tracker: Pick<StartedTracker, 'addresses' | 'stateFile'> | null
}

/** The lines printed when the service has started. */
export function greeting({ service, request, example, trackers, tracker }: GreetingParts): string {
  const lines = [
    `serving:  ${escapeText(request.mirror.root)}`,
    ...service.addresses.map((address) => `address:  ${escapeText(address)}`),
    `trackers: ${trackers.length === 0 ? 'none' : count(trackers.length, 'tracker')}`,
    ...(tracker?.addresses ?? []).map((each) => `tracking: ${escapeText(announceOf(each))}`),
    ...(tracker ? [`state:    ${escapeText(tracker.stateFile)}`] : []),
    `try:      ${exampleCall(service.addresses[0] ?? '', example)}`,
  ]
  return lines.map((line) => `${line}\n`).join('')
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
