import { AddressRules } from '../allowed/address-rules.js'
import { DirectoryEvents } from '../allowed/directory-events.js'
import { LooksOnDemand } from '../allowed/looks-on-demand.js'
import { TorrentList } from '../allowed/torrent-list.js'
import type { AllowedSettings } from './settings.js'
import type { ServerContext } from '../../server/context.js'

/** The torrents and addresses that are allowed, and what keeps them up to date. */
export interface AccessLists {
  readonly torrents: TorrentList
  readonly addresses: AddressRules
  /** Looks for what changed. */
  readonly refresh: () => Promise<void>
  /**
   * Looks for a torrent that a client announces and that is not known: see `LooksOnDemand`. Null
   * when there is nowhere to look.
   */
  readonly look: (client: string | null) => Promise<void> | null
  readonly close: () => void
}

export interface AccessListsParts extends Pick<ServerContext, 'onError'> {
  readonly settings: AllowedSettings
  /** Hears what is wrong with torrents and lists; work goes on. */
  readonly report: (message: string) => void
}

/**
 * Reads what is allowed, and watches directories for what changes between looks.
 * @throws BtkitError when something can't be read
 */
export async function openAccessLists({
  settings,
  report,
  onError,
}: AccessListsParts): Promise<AccessLists> {
  const { directories, listFile, isFed, controls, allowedAddresses, bannedAddresses } = settings
  const torrents = new TorrentList({ directories, listFile, isFed, controls, report })
  const files = { allowedFile: allowedAddresses, bannedFile: bannedAddresses }
  const addresses = new AddressRules({ ...files, report })
  await addresses.refresh()
  await torrents.refresh()
  const events = new DirectoryEvents({
    directories: () => torrents.watched,
    look: () => torrents.refresh().catch(onError),
  })
  events.update()
  const looks = new LooksOnDemand(async () => {
    await torrents.refresh().catch(onError)
    events.update()
  })
  const hasPlaces = directories.length > 0 || listFile !== null
  const refresh = async () => {
    await addresses.refresh()
    await torrents.refresh()
    events.update()
  }
  return {
    torrents,
    addresses,
    refresh,
    look: (client) => (hasPlaces ? looks.ask(client) : null),
    close: () => {
      looks.close()
      events.close()
    },
  }
}
