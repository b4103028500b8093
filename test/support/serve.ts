import type { TestContext } from 'node:test'
import { FIXED_LIMITS } from '../../src/mirror/options.js'
import { USUAL_LIMITS } from '../../src/tracker/swarms/swarm-types.js'
import type { Io } from '../../src/cli/io.js'
import { type RunningCommand, startBtkit } from './run-btkit.js'
import { makeScratch, type Files } from './scratch.js'
import { TRACKER } from './torrents.js'
import { untilFiles } from '../mirror/read-metric.js'

/** A `btkit serve` that runs inside the test. */
export interface ServedMirror extends RunningCommand {
  /** The real path of the mirror's root. */
  readonly root: string
  /** Such as `http://127.0.0.1:12345`. */
  readonly address: string
  readonly port: number
  readonly cacheDir: string
}

export interface ServeSetup {
  /** The files on the mirror, or its directory. */
  readonly files?: Files
  readonly root?: string
  /** Options beside `--port 0`; without any of trackers, there is one tracker. */
  readonly args?: readonly string[]
  /** Where the cache is, to serve once more with the same. */
  readonly cacheDir?: string
  readonly io?: Partial<Io>
  /** Limits in place of the usual ones, which take long to reach. */
  readonly limits?: FixedLimits
  /** How many files must be hashed ahead before it is used. */
  readonly ready?: number
}

export type FixedLimits = Partial<typeof FIXED_LIMITS>

/** The clock of such a service: ahead, so that files written just now count as settled. */
const AHEAD = 5_000

/** Serves a mirror until the test ends. */
export async function serveMirror(t: TestContext, setup: ServeSetup = {}): Promise<ServedMirror> {
  const { args = [], io = {} } = setup
  const root = setup.root ?? makeScratch(t, setup.files)
  const cacheDir = setup.cacheDir ?? makeScratch(t)
  const trackers = args.some((arg) => arg.startsWith('--track')) ? [] : ['--tracker', TRACKER]
  // However slow the machine, unless a test says otherwise
  const patience = ['--max-wait', '300']
  const place = ['--port', '0', '--cache-dir', cacheDir, '--threads', '2']
  const options = [...place, ...patience, ...trackers, ...args]
  const [usual, usualPeers] = [{ ...FIXED_LIMITS }, { ...USUAL_LIMITS }]
  Object.assign(FIXED_LIMITS, { warmInterval: 100, ...setup.limits })
  // As for startTrack
  USUAL_LIMITS.maxPeers = 10_000
  const served = startBtkit(t, ['serve', root, ...options], {
    now: () => Date.now() + AHEAD,
    ...io,
  })
  const said = served.said(/^address: +(.+)$/m)
  const address = await said.finally(() => {
    Object.assign(FIXED_LIMITS, usual)
    Object.assign(USUAL_LIMITS, usualPeers)
  })
  const port = Number(address.split(':').at(-1))
  if (setup.ready !== undefined) await untilFiles(port, 'ready', setup.ready)
  return { ...served, root, address, port, cacheDir }
}
