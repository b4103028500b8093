import { isWithin } from '../../files/inside.js'
import { AddressRules } from './address-rules.js'
import { DirectoryEvents } from './directory-events.js'
import { TorrentList } from './torrent-list.js'
import type { ServerContext } from '../../server/context.js'

/** The torrents that are tracked and the clients that may ask. */
export interface AllowedSettings {
  readonly directories: readonly string[]
  /** Directories of retired torrents, which are tracked and listed apart. */
  readonly archives: readonly string[]
  readonly listFile: string | null
  /** Whether another part of the program, such as the mirror, adds torrents. */
  readonly isFed: boolean
  /** Whether `failure reason` and `warning message` inside torrents are obeyed. */
  readonly controls: boolean
  readonly allowedAddresses: string | null
  readonly bannedAddresses: string | null
  /** A file of info hashes that are refused; null for none. */
  readonly bannedTorrents: string | null
  /** Milliseconds between two scans of all of these. */
  readonly interval: number
}

/** The allowed torrents and addresses, kept current. */
export interface AccessLists {
  readonly torrents: TorrentList
  readonly addresses: AddressRules
  /** Scans for changes. */
  readonly refresh: () => Promise<void>
  readonly close: () => void
}

/**
 * Reads the allowed torrents and addresses, and watches the directories for changes. Problems with
 * torrents and lists are warnings; the tracker continues.
 * @throws BtkitError if something cannot be read
 */
export async function openAccessLists(
  settings: AllowedSettings,
  { warn: report, onError }: Pick<ServerContext, 'warn' | 'onError'>,
): Promise<AccessLists> {
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
