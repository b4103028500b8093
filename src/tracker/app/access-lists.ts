import { isWithin } from '../../files/inside.js'
import { AddressRules } from '../allowed/address-rules.js'
import { DirectoryEvents } from '../allowed/directory-events.js'
import { TorrentList } from '../allowed/torrent-list.js'
import type { AllowedSettings } from './settings.js'
import type { ServerContext } from '../../server/context.js'

/** The allowed torrents and addresses, kept current. */
export interface AccessLists {
  readonly torrents: TorrentList
  readonly addresses: AddressRules
  /** Scans for changes. */
  readonly refresh: () => Promise<void>
  readonly close: () => void
}

export interface AccessListsParts extends Pick<ServerContext, 'onError'> {
  readonly settings: AllowedSettings
  /** Receives problems with torrents and lists; the tracker continues. */
  readonly report: (message: string) => void
}

/**
 * Reads the allowed torrents and addresses, and watches the directories for changes.
 * @throws BtkitError if something cannot be read
 */
export async function openAccessLists({
  settings,
  report,
  onError,
}: AccessListsParts): Promise<AccessLists> {
  const { listFile, isFed, controls, allowedAddresses, bannedAddresses } = settings
  const bannedFile = settings.bannedTorrents
  const directories = withoutNested([...settings.directories, ...settings.archives])
  const torrents = new TorrentList({ directories, listFile, bannedFile, isFed, controls, report })
  const files = { allowedFile: allowedAddresses, bannedFile: bannedAddresses }
  const addresses = new AddressRules({ ...files, report })
  await addresses.refresh()
  await torrents.refresh()
  const events = new DirectoryEvents({
    directories: () => torrents.watched,
    look: () => torrents.refresh().catch(onError),
  })
  events.update()
  const refresh = async () => {
    await addresses.refresh()
    await torrents.refresh()
    events.update()
  }
  return {
    torrents,
    addresses,
    refresh,
    close: () => {
      events.close()
    },
  }
}

/** Leaves out directories that are in others before them, which are searched with those. */
function withoutNested(directories: readonly string[]): string[] {
  return directories.filter((directory, i) => {
    return !directories.slice(0, i).some((other) => isWithin(directory, other))
  })
}
