import type { Admin } from '../../admin/server/open-admin.js'
import type { RunningTracker } from '../../tracker/app/run-tracker.js'
import type { TrackerSettings } from '../../tracker/app/settings.js'
import { machineHost, reachableAddress } from './addresses.js'

export interface GreetingParts {
  readonly tracker: Pick<RunningTracker, 'addresses' | 'torrentCount'>
  readonly settings: Pick<TrackerSettings, 'stateFile' | 'store'>
  /** The pages of the administration; null for none. */
  readonly pages: Pick<Admin, 'address'> | null
  /** The name or address printed for all addresses of this machine. */
  readonly host: string
  /** Whether the command is bttrack, which warns of what the line would hint at. */
  readonly isLegacy: boolean
}

/** The lines printed when the tracker has started. */
export function greeting({ tracker, settings, pages, host, isLegacy }: GreetingParts): string[] {
  const torrents = tracker.torrentCount()
  const anyTorrent = isLegacy ? 'any torrent' : `any torrent; ${HOW_TO_LIMIT}`
  const listed = torrents === 1 ? '1 info hash' : `${torrents ?? 0} info hashes`
  return [
    `tracking: ${torrents === null ? anyTorrent : listed}`,
    ...tracker.addresses.map((each) => `address:  ${announceOf(each, host)}`),
    ...(settings.store ? [`store:    ${settings.store.address.label}`] : []),
    ...(pages ? [`admin:    ${pages.address}`] : []),
    `state:    ${settings.stateFile}`,
  ]
}

const HOW_TO_LIMIT = 'everybody may use this tracker (to limit it: --allowed-dir DIR)'

/** The announce URLs for clients: the public one, or else those of the addresses. */
export function announceUrlsOf(addresses: readonly string[], publicUrl: string | null): string[] {
  if (publicUrl !== null) return [`${publicUrl}/announce`]
  const urls = addresses.filter((each) => each.includes('://'))
  return urls.map((each) => announceOf(each, machineHost()))
}

/** The announce URL for an address; a Unix socket stays a path. */
export function announceOf(address: string, host: string): string {
  if (!address.includes('://')) return address
  return `${reachableAddress(address, host)}/announce`
}
