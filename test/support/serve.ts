import type { TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { FIXED_LIMITS } from '../../src/mirror/options.js'
import type { Io } from '../../src/cli/io.js'
import { Captured, runBtkit, type RunResult } from './run-btkit.js'
import { makeScratch, type Files } from './scratch.js'

/** A `btkit serve` that runs inside the test. */
export interface ServedMirror {
  /** The real path of the mirror's root. */
  readonly root: string
  /** Such as `http://127.0.0.1:12345`. */
  readonly address: string
  readonly port: number
  /** Standard output and error so far. */
  readonly stdout: Captured
  readonly stderr: Captured
  readonly cacheDir: string
  /** Sends SIGHUP. */
  readonly hangUp: () => void
  /** Sends SIGTERM, and resolves with what the program came to. */
  readonly stop: () => Promise<RunResult>
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
}

export type FixedLimits = Partial<typeof FIXED_LIMITS>

export const TRACKER = 'http://tracker.example/announce'

/** The clock of such a service: ahead, so that files written just now count as settled. */
const AHEAD = 5_000

/** Serves a mirror until the test ends. */
export async function serveMirror(t: TestContext, setup: ServeSetup = {}): Promise<ServedMirror> {
  const { args = [], io = {} } = setup
  const root = setup.root ?? makeScratch(t, setup.files)
  const cacheDir = setup.cacheDir ?? makeScratch(t)
  const stdout = new Captured()
  const stderr = new Captured()
  const stopping = new AbortController()
  let hangUp: () => void = () => undefined
  const trackers = args.some((arg) => arg.startsWith('--track')) ? [] : ['--tracker', TRACKER]
  // However slow the machine, unless a test says otherwise
  const patience = ['--wait', '300']
  const place = ['--port', '0', '--cache-dir', cacheDir, '--threads', '2']
  const options = [...place, ...patience, ...trackers, ...args]
  const usual = { ...FIXED_LIMITS }
  Object.assign(FIXED_LIMITS, setup.limits)
  const ended = runBtkit(['serve', root, ...options], {
    now: () => Date.now() + AHEAD,
    onHangup: (act) => {
      hangUp = act
    },
    ...io,
    stdout,
    stderr,
    signal: stopping.signal,
  })
  const stop = async () => {
    stopping.abort()
    return ended
  }
  t.after(stop)
  const address = await findAddress(stdout, ended).finally(() => Object.assign(FIXED_LIMITS, usual))
  const port = Number(address.split(':').at(-1))
  return {
    root,
    address,
    port,
    stdout,
    stderr,
    cacheDir,
    hangUp: () => {
      hangUp()
    },
    stop,
  }
}

/** Waits until the service says where it is. */
async function findAddress(stdout: Captured, ended: Promise<RunResult>): Promise<string> {
  let result: RunResult | undefined
  void ended.then((end) => (result = end))
  for (;;) {
    const address = /^address: +(.+)$/m.exec(stdout.text)?.[1]
    if (address) return address
    if (result) throw new Error(`serve ended: ${JSON.stringify(result)} ${stdout.text}`)
    await setTimeout(5)
  }
}
