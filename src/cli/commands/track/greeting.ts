import { escapeText } from '../../../text/escape.js'
import { count } from '../../../text/quantity.js'
import type { RunningTracker } from '../../../tracker/app/run-tracker.js'
import type { TrackerSettings } from '../../../tracker/app/settings.js'

/** The lines printed when the tracker has started. */
export function greeting(
  { addresses, torrentCount }: Pick<RunningTracker, 'addresses' | 'torrentCount'>,
  { stateFile }: Pick<TrackerSettings, 'stateFile'>,
): string {
  const torrents = torrentCount()
  const lines = [
    `tracking: ${torrents === null ? 'any torrent' : count(torrents, 'info hash').replace('hashs', 'hashes')}`,
    ...addresses.map((address) => `address:  ${escapeText(announceOf(address))}`),
    `state:    ${escapeText(stateFile)}`,
  ]
  return lines.map((line) => `${line}\n`).join('')
}

/** The announce URL for an address; a Unix socket stays a path. */
export function announceOf(address: string): string {
  return address.includes('://') ? `${address}/announce` : address
}
