import { createHmac, randomBytes } from 'node:crypto'
import { readRegular } from '../../files/read-regular.js'
import { AccessLog } from '../../server/exchange/access-log.js'
import { openLogSink, type LogSink } from '../../server/exchange/log-file.js'
import { History, HistoryFile } from '../history.js'
import { StateFile } from '../state/state-file.js'
import type { RedisAddress } from '../../redis/client.js'
import { SwarmStore } from '../swarms/swarm-store.js'
import { ID_SECRET } from '../protocol/connection-ids.js'
import { openAccessLists, type AccessLists } from './access-lists.js'
import { formatAddress } from '../protocol/peer-address.js'
import { assembleTracker } from './assemble.js'
import type { AnsweringSettings } from './settings.js'
import { StateSaver } from './state-saver.js'
import type { ServerContext } from '../../server/context.js'
import { BtkitError } from '../../errors.js'

/** The smallest and the largest size of a shared key in bytes. */
const MIN_KEY_SIZE = 16
const MAX_KEY_SIZE = 4096

/** Start of the store's clock in seconds. Peers loaded from the state have earlier times. */
const CLOCK_START = 10_000_000

/** The outside world of the tracker: clocks, warnings, log. */
export interface TrackerWorld extends ServerContext {
  /** Writes lines of the access log if no log file is set. */
  readonly writeLog: (lines: string) => void
}

/** The largest icon for browsers, in bytes. */
const MAX_FAVICON = 1024 * 1024

const done = () => Promise.resolve()

/** Keeps swarms in memory only. */
const NO_STATE: Pick<StateFile, 'load' | 'prepareToSave' | 'save'> = {
  load: done,
  prepareToSave: done,
  save: done,
}

/** All parts of a tracker that does not listen yet. */
export type PreparedTracker = Awaited<ReturnType<typeof prepareTracker>>

/**
 * Reads all files that the tracker needs and connects its parts. Changes nothing on disk except the
 * log, which is opened.
 * @throws BtkitError if something cannot be read or the log cannot be opened
 */
export async function prepareTracker(settings: AnsweringSettings, world: TrackerWorld) {
  const { now, monotonic, warn, onError } = world
  const favicon = await readFavicon(settings.favicon)
  const clock = storeClock(monotonic)
  const memory = new SwarmStore(settings.limits, clock)
  const path = settings.stateFile
  const state = path === null ? NO_STATE : new StateFile({ path, store: memory, now, report: warn })
  await state.load()
  const saver = new StateSaver(state, path ?? '', world)
  const history = new History()
  const historyPath = path === null ? null : `${path}.history`
  const historyFile = new HistoryFile({ path: historyPath, history, now, warn })
  await historyFile.load()
  const sink = await openLogSink({ ...world, logFile: settings.logFile })
  const admitted = await openAccessLists({
    settings: settings.allowed,
    report: warn,
    onError,
  }).catch(async (error: unknown) => {
    await sink.close()
    throw error
  })
  const log = openLog(settings, sink, world)
  const ids = await connectionIdParts(settings.store?.keyFile ?? null, world)
  const shared =
    settings.store === null
      ? null
      : await openExchange(settings.store.address, { memory, admitted, now: clock }, warn)
  const swarms = { store: memory, memory, shared }
  const parts = {
    ...world,
    ...swarms,
    ...ids,
    settings,
    admitted,
    favicon,
    log,
    history,
  }
  const tracker = assembleTracker({ ...parts, saver })
  const close = async () => {
    await shared?.close()
    admitted.close()
    log?.flush()
    await sink.close()
  }
  return { ...parts, state, saver, historyFile, sink, tracker, close }
}

/** Opens the exchange with other trackers. Only then is the client of Redis loaded. */
async function openExchange(
  address: RedisAddress,
  {
    memory,
    admitted,
    now,
  }: {
    readonly memory: SwarmStore
    readonly admitted: AccessLists
    readonly now: () => number
  },
  warn: (message: string) => void,
) {
  const { PeerExchange } = await import('../exchange/peer-exchange.js')
  const { torrents, addresses } = admitted
  return new PeerExchange({
    address,
    store: memory,
    allows: (infoHash) => {
      const hash = Buffer.from(infoHash).toString('hex')
      const isKnown = torrents.isOpen || torrents.torrents.get(hash)?.failure === null
      return isKnown && !torrents.banned.has(hash)
    },
    permits: (bytes) => addresses.permits(formatAddress(bytes)),
    ...{ now, warn },
  })
}

/**
 * The secret and the clock of UDP connection ids. Trackers with the same key accept each other's
 * ids, and so need a common clock.
 * @throws BtkitError if the key cannot be read or is too short
 */
async function connectionIdParts(keyFile: string | null, { now, monotonic }: TrackerWorld) {
  if (keyFile === null) {
    return { idSecret: randomBytes(ID_SECRET), idClock: () => monotonic() / 1000 }
  }
  const [key = ''] = Buffer.from(await readSharedKey(keyFile))
    .toString('latin1')
    .split(/\s/)
  const idSecret = createHmac('sha256', key).update('btkit connection ids').digest()
  return { idSecret, idClock: () => now() / 1000 }
}

async function readFavicon(path: string | null): Promise<Uint8Array | null> {
  return path === null ? null : ((await readRegular(path, MAX_FAVICON, null))?.bytes ?? null)
}

function openLog(
  settings: AnsweringSettings,
  sink: LogSink,
  { now }: TrackerWorld,
): AccessLog | null {
  const { logFormat: format, clientAddresses } = settings
  if (format === 'off') return null
  const write = (lines: string) => {
    sink.write(lines)
  }
  return new AccessLog({ format, clientAddresses, now, write })
}

/** The store's clock in seconds. `monotonic` returns milliseconds since the tracker began. */
function storeClock(monotonic: () => number): () => number {
  return () => CLOCK_START + Math.floor(monotonic() / 1000)
}

/**
 * Reads the key in a file, without white space at its end.
 * @throws BtkitError if it cannot be read or is too short
 */
async function readSharedKey(path: string): Promise<Uint8Array> {
  const file = await readRegular(path, MAX_KEY_SIZE, null)
  const key = Buffer.from(
    Buffer.from(file?.bytes ?? [])
      .toString('latin1')
      .trimEnd(),
    'latin1',
  )
  if (key.length < MIN_KEY_SIZE) {
    throw new BtkitError(
      'usage',
      `${path}: the key is too short; use at least ${MIN_KEY_SIZE} bytes`,
    )
  }
  return key
}
