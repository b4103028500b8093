import { setTimeout } from 'node:timers/promises'
import type { KeeperSettings } from '../../../core/launch/torrent-keeper.js'
import { TorrentKeeper } from '../../../core/launch/torrent-keeper.js'
import type { HashContext } from '../../../core/digests/hash-content.js'
import { BtkitError } from '../../../errors.js'
import {
  openClients,
  syncClient,
  waitingFor,
  type NamedClient,
} from '../../arguments/open-clients.js'
import type { Io } from '../../io.js'
import type { Display } from '../../output/torrent-display.js'
import type { LaunchOptions } from './options.js'

/** How long a client may take to look at data before the others go on, in milliseconds. */
const WAIT_MS = 60_000

/** How long a client may take to let go of torrents at the end, in milliseconds. */
const LAST_CALL_MS = 10_000

/** What is kept seeding, in which clients. */
export interface LaunchRun {
  /** Absolute paths. */
  readonly directories: readonly string[]
  readonly clients: readonly NamedClient[]
  readonly options: LaunchOptions
  readonly hashContext: HashContext
  readonly display: Display
  readonly io: Io
}

/** A client with what it is to seed. */
interface Keeping {
  readonly keeper: TorrentKeeper
  readonly named: NamedClient
}

/** Keeps clients seeding until a signal asks to stop. */
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
        // A table must not show until the next look what is gone
        if (changes !== before && display.isLive) await show(keepings, display, signal)
      }),
      repeat(display.interval, signal, () => show(keepings, display, signal)),
    ])
  } finally {
    // When one fails, the other ends as well
    failing.abort()
    display.clear()
  }
  return keepings.map(({ keeper }) => keeper)
}

/** Has named clients let go of what they were given. Returns the exit status. */
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
    checkHashes: options.checkHashes === 1,
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

/** A client that does not answer is told once, and tried again the next time. */
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
      return keeper.ownOf(await named.client.list())
    } catch (error) {
      // The next look at the directories tells why
      if (!(error instanceof BtkitError) || error.code === 'interrupted') throw error
      return []
    }
  })
  const torrents = (await Promise.all(lists)).flat()
  // The display may have been taken away meanwhile
  if (!signal.aborted) display.show(torrents)
}

/** Acts now, and again each time so many milliseconds after it is done, until asked to stop. */
async function repeat(ms: number, signal: AbortSignal, act: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await unlessAborted(signal, async () => {
      await act()
      await setTimeout(ms, undefined, { signal })
    })
  }
}

/** Acts; what fails because it is asked to stop is no failure. */
async function unlessAborted(signal: AbortSignal, act: () => Promise<void>): Promise<void> {
  try {
    await act()
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
