import { type FSWatcher, watch } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { basename, dirname, join } from 'node:path'
import { isWithin } from '../../disk/look/inside.js'
import { clientKey } from '../../server/connections/client-address.js'
import { Shares } from '../../server/connections/connection-limits.js'
import type { ServerContext } from '../../server/context.js'
import { AddressRules } from './address-rules.js'
import { TorrentList } from './torrent-list.js'

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
  /** Has the addresses received again. */
  readonly applyAddresses: () => Promise<void>
  /** See `DirectoryEvents.settled`. */
  readonly settled: (client: string | null) => Promise<boolean>
  readonly close: () => void
}

interface AccessWorld extends Pick<ServerContext, 'warn' | 'onError'> {
  /** Receives the addresses whenever their files were read. */
  readonly onAddresses: (addresses: AddressRules) => Promise<void>
}

/**
 * Reads the lists of torrents and addresses, begins to read the directories, and watches those for
 * changes. Problems with torrents and lists are warnings; the tracker continues.
 * @throws BtkitError if a list cannot be read
 */
export async function openAccessLists(
  settings: AllowedSettings,
  { warn: report, onError, onAddresses }: AccessWorld,
): Promise<AccessLists> {
  const { listFile, isFed, controls, allowedAddresses, bannedAddresses } = settings
  const bannedFile = settings.bannedTorrents
  // A directory in another one before it is searched with that
  const directories = [...settings.directories, ...settings.archives].filter((each, at, all) => {
    return !all.slice(0, at).some((other) => isWithin(each, other))
  })
  const torrents = new TorrentList({ directories, listFile, bannedFile, isFed, controls, report })
  const addresses = new AddressRules(allowedAddresses, bannedAddresses, report)
  const refreshAddresses = async () => {
    if (await addresses.refresh()) await onAddresses(addresses)
  }
  await refreshAddresses()
  await torrents.readLists()
  const events = new DirectoryEvents(
    () => torrents.watched,
    () => torrents.refresh().catch(onError),
  )
  const scan = async () => {
    await torrents.refresh()
    events.update()
  }
  // The caller of `TorrentList.started` reports a failure
  scan().catch(() => undefined)
  const refresh = async () => {
    await refreshAddresses()
    await scan()
  }
  return {
    torrents,
    addresses,
    refresh,
    applyAddresses: () => (addresses.isOpen ? Promise.resolve() : onAddresses(addresses)),
    settled: (client) => events.settled(client),
    close: () => {
      events.close()
    },
  }
}

/** Milliseconds between an event and its scan, because one copied file causes many events. */
const DELAY = 250

/** After a scan, the next waits this many times as long as the scan took, to spare the disk. */
const REST = 10

/** The most requests that wait for a scan: a stranger must not fill the memory with them. */
const MOST_WAITING = { all: 10_000, perClient: 100, perNetwork: 1000 }

/** Milliseconds of rest after which no request waits for the next scan. */
const PATIENCE = 10_000

/** The most directories that are watched. The others are only scanned at intervals. */
const MAX_WATCHED = 1000

/** Starts a scan when a directory changes. Does nothing if the system cannot watch directories. */
export class DirectoryEvents {
  readonly #watchers = new Map<string, FSWatcher>()
  /** The directories of which all changes count. */
  #within: ReadonlySet<string> = new Set()
  #timer: NodeJS.Timeout | null = null
  #looking: Promise<void> | null = null
  /** Wait for the scan that the timer starts. */
  #waiting: (() => void)[] = []
  /** Counts the requests that wait, for that scan or the one that runs. */
  readonly #waiters = new Shares(MOST_WAITING)
  #rest = 0
  #isClosed = false

  /** `directories` returns those to watch now; `look` scans for changes and must not fail. */
  constructor(
    private readonly directories: () => readonly string[],
    private readonly look: () => Promise<void>,
  ) {}

  /**
   * Starts watching new directories and stops watching removed ones. The directories above are
   * watched, too: another directory may come to the place of one, or a link be switched.
   */
  update(): void {
    if (this.#isClosed) return
    const within = this.directories().slice(0, MAX_WATCHED)
    this.#within = new Set(within)
    const wanted = new Set([...within, ...within.map((each) => dirname(each))])
    for (const [directory, watcher] of this.#watchers) {
      if (wanted.has(directory)) continue
      watcher.close()
      this.#watchers.delete(directory)
    }
    for (const directory of wanted) if (!this.#watchers.has(directory)) this.#watch(directory)
  }

  /**
   * Resolves when the scan ends that a change has caused, so that a torrent is known as soon as it
   * is there. Returns false if nothing has changed, if scans take so long that nobody waits, or if
   * too many wait, of all or of the client at this address; null stands for one on a Unix socket.
   */
  async settled(client: string | null): Promise<boolean> {
    // An event that came together with a request is handled first
    await setImmediate()
    if (this.#rest > PATIENCE || this.#isClosed) return false
    if (this.#timer === null && this.#looking === null) return false
    const key = client === null ? null : clientKey(client)
    if (!this.#waiters.take(key)) return false
    if (this.#timer !== null) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    else await this.#looking
    this.#waiters.give(key)
    return true
  }

  close(): void {
    this.#isClosed = true
    if (this.#timer) clearTimeout(this.#timer)
    for (const resolve of this.#waiting) resolve()
    for (const watcher of this.#watchers.values()) watcher.close()
    this.#watchers.clear()
  }

  #watch(directory: string): void {
    try {
      const watcher = watch(directory, { persistent: false }, (_event, name) => {
        const [path, own] = [join(directory, name ?? ''), basename(directory)]
        if (!this.#within.has(directory) && name !== own && !this.#within.has(path)) return
        // A watch stays at what was there before
        if (this.#within.has(path)) this.#drop(path)
        if (name === own) this.#drop(directory)
        this.#timer ??= setTimeout(this.#begin, DELAY + this.#rest).unref()
      })
      watcher.on('error', () => {
        this.#drop(directory)
      })
      this.#watchers.set(directory, watcher)
    } catch {
      // No watch is available, or the directory is gone: the next periodic scan finds the changes
    }
  }

  #drop(directory: string): void {
    this.#watchers.get(directory)?.close()
    this.#watchers.delete(directory)
  }

  readonly #begin = (): void => {
    const waiting = this.#waiting
    this.#waiting = []
    const looking = this.#look().finally(() => {
      if (this.#looking === looking) this.#looking = null
      for (const resolve of waiting) resolve()
    })
    this.#looking = looking
  }

  async #look(): Promise<void> {
    // This scan may miss later changes, so they must start another one
    this.#timer = null
    this.update()
    const begun = performance.now()
    await this.look()
    this.#rest = REST * (performance.now() - begun)
    this.update()
  }
}
