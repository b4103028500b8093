import { setTimeout } from 'node:timers/promises'
import type { KeeperSettings } from '../../../core/launch/torrent-keeper.js'
import { TorrentKeeper } from '../../../core/launch/torrent-keeper.js'
import type { HashContext } from '../../../core/digests/hash-content.js'
import { waitingFor } from '../../../core/publish/wait-for.js'
import { BtkitError } from '../../../errors.js'
import { openClients, syncClient, type NamedClient } from '../../arguments/open-clients.js'
import type { Io } from '../../io.js'
import type { Display } from '../../output/torrent-display.js'
import type { LaunchOptions } from './options.js'

/** Milliseconds that a client may take to check data before the next one's turn. */
const WAIT_MS = 60_000

/** Milliseconds that a client may take to remove torrents at the end. */
const LAST_CALL_MS = 10_000

/** The directories to seed and the clients that seed them. */
export interface LaunchRun {
  /** Absolute paths. */
  readonly directories: readonly string[]
  readonly clients: readonly NamedClient[]
  readonly options: LaunchOptions
  readonly hashContext: HashContext
  readonly display: Display
  readonly io: Io
}

/** A client with the keeper of its torrents. */
interface Keeping {
  readonly keeper: TorrentKeeper
  readonly named: NamedClient
}

/** Keeps clients seeding until a signal stops the command. */
export async function keepSeeding(run: LaunchRun): Promise<TorrentKeeper[]> {
  const { clients, options, display, io } = run
  let changes = 0
  const onChange = () => changes++
  const keepings = clients.map((named) => ({ keeper: createKeeper(named, run, onChange), named }))
  const failed = new Set<string>()
  const failing = new AbortController()
  const signal = AbortSignal.any([io.signal, failing.signal])
  try {
    await unlessAborted(signal, () => update(keepings, failed, display))
    await Promise.all([
      repeat(options.parseDirInterval, signal, async () => {
        const before = changes
        await update(keepings, failed, display)
        // The table must not show removed torrents until the next interval
        if (changes !== before && display.isLive) await show(keepings, display, signal)
      }),
      repeat(display.interval, signal, () => show(keepings, display, signal)),
    ])
  } finally {
    // If one loop fails, the other ends, too
    failing.abort()
    display.clear()
  }
  return keepings.map(({ keeper }) => keeper)
}

/** Removes the added torrents from named clients. Returns the exit status. */
export async function letGo(
  keepers: readonly TorrentKeeper[],
  { options, display, io }: LaunchRun,
): Promise<number> {
  let status = 0
  const ending = new AbortController()
  const timer = global.setTimeout(() => {
    ending.abort()
  }, LAST_CALL_MS)
  const last = { ...io, signal: ending.signal }
  const clients = openClients(options.client, Math.min(LAST_CALL_MS, options.clientTimeout), last)
  try {
    for (const [i, { client }] of clients.entries()) {
      await keepers[i]?.withdrawAll(client).catch((error: unknown) => {
        if (!(error instanceof BtkitError)) throw error
        display.reportError(error)
        status = 1
      })
    }
  } finally {
    clearTimeout(timer)
  }
  return status
}

function createKeeper(named: NamedClient, run: LaunchRun, hear: () => void): TorrentKeeper {
  const { directories, options, hashContext, display, io } = run
  const settings: KeeperSettings = {
    directories,
    inOwnDirectory: options.saveasStyle === 3,
    checkHashes: options.checkHashes,
    maxTorrentSize: options.maxTorrentSize,
    hashContext,
    onChange: (change, torrent) => {
      hear()
      display.note(`${change} ${torrent}`)
    },
    onProblem: display.reportError,
  }
  return new TorrentKeeper(syncClient(named, options, waitingFor(WAIT_MS, io)), settings)
}

/**
 * Updates all clients. An unreachable client is reported once and tried again at the next update.
 */
async function update(keepings: readonly Keeping[], failed: Set<string>, display: Display) {
  for (const { keeper, named } of keepings) {
    const { label } = named.client
    try {
      await keeper.update()
      failed.delete(label)
    } catch (error) {
      if (!(error instanceof BtkitError) || error.code === 'interrupted') throw error
      if (!failed.has(label)) display.reportError(error)
      failed.add(label)
    }
  }
}

async function show(keepings: readonly Keeping[], display: Display, signal: AbortSignal) {
  const lists = keepings.map(async ({ keeper, named }) => {
    try {
      const { client } = named
      const own = keeper.ownOf(await client.list())
      return own.map((torrent) => ({ client: client.label, ...torrent }))
    } catch (error) {
      // The next update reports why
      if (!(error instanceof BtkitError) || error.code === 'interrupted') throw error
      return []
    }
  })
  const torrents = (await Promise.all(lists)).flat()
  // The display may have been cleared meanwhile
  if (!signal.aborted) display.show(torrents)
}

/** Repeats an action with a pause of `ms` milliseconds, until aborted. */
async function repeat(ms: number, signal: AbortSignal, act: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await unlessAborted(signal, async () => {
      await act()
      await setTimeout(ms, undefined, { signal })
    })
  }
}

/** Runs an action and ignores its error if it was aborted. */
async function unlessAborted(signal: AbortSignal, act: () => Promise<void>): Promise<void> {
  try {
    await act()
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
