import { randomBytes } from 'node:crypto'
import { readRegular } from '../../files/read-regular.js'
import { AccessLog } from '../../server/exchange/access-log.js'
import { openLogSink, type LogSink } from '../../server/exchange/log-file.js'
import { ForeignPeers } from '../answers/foreign-peers.js'
import type { SharingRules } from '../answers/tracker-calls.js'
import { StateFile } from '../state/state-file.js'
import { openSwarms } from '../swarms/open-swarms.js'
import { ID_SECRET } from '../protocol/connection-ids.js'
import { openAccessLists } from './access-lists.js'
import { assembleTracker } from './assemble.js'
import type { AnsweringSettings, MultitrackerSettings } from './settings.js'
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
  const sharing = await openSharing(settings.multitracker)
  const memory = openSwarms({ limits: settings.limits, now: storeClock(monotonic), randomBytes })
  const path = settings.stateFile
  const state = path === null ? NO_STATE : new StateFile({ path, store: memory, now, report: warn })
  await state.load()
  const saver = new StateSaver(state, path ?? '', world)
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
  const foreign = settings.multitracker.isEnabled ? new ForeignPeers(monotonic) : null
  const idSecret = randomBytes(ID_SECRET)
  const swarms = { store: memory, memory }
  const parts = {
    ...world,
    ...swarms,
    settings,
    admitted,
    idSecret,
    sharing,
    foreign,
    favicon,
    log,
  }
  const tracker = assembleTracker({ ...parts, saver })
  const close = async () => {
    admitted.close()
    log?.flush()
    await sink.close()
  }
  return { ...parts, state, saver, sink, tracker, close }
}

/** @throws BtkitError if the key cannot be read or is too short */
async function openSharing({ keyFile, ...rules }: MultitrackerSettings): Promise<SharingRules> {
  const key = keyFile === null ? null : await readSharedKey(keyFile)
  return { ...rules, key, ownId: randomBytes(20) }
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
