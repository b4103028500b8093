import assert from 'node:assert/strict'
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { KEY } from './fleet.js'
import { pseudoRandom } from './pseudo-random.js'
import { runBtkit, startBtkit, type RunResult } from './run-btkit.js'
import { makeScratch } from './scratch.js'
import { until } from './until.js'

/** A machine that asks workers to hash. */
export interface AskingMachine {
  readonly root: string
  readonly at: (name: string) => string
  readonly run: (...args: string[]) => Promise<RunResult>
  /** Arguments of a command that asks the workers of a Redis. */
  readonly asking: readonly string[]
  /** Starts a worker in this process until the test ends. It sees the same files. */
  readonly startWorker: (name: string, ...args: string[]) => Promise<StartedWorker>
}

/** A worker, and the function that stops it as a signal does. */
interface StartedWorker {
  readonly stdout: () => string
  readonly stderr: () => string
  readonly stop: () => Promise<number>
}

/** The name by which a queue shows a worker of this process. */
export const workerName = (machine: string) => `${machine}/${process.pid}`

/** The time of planted files, in seconds since 1970. */
export const PLANTED = 1_690_000_000

/** Plants files of these sizes. */
function plantFiles(directory: string, sizes: Readonly<Record<string, number>>): void {
  for (const [i, [name, size]] of Object.entries(sizes).entries()) {
    const path = join(directory, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, pseudoRandom(size, i + 1))
    utimesSync(path, PLANTED, PLANTED)
  }
}

/** Writes a file with these keys, and returns its path. */
export function plantKeys(t: Pick<TestContext, 'after'>, ...keys: string[]): string {
  const path = join(makeScratch(t), 'key')
  writeFileSync(path, keys.join('\n'), { mode: 0o600 })
  return path
}

/** Makes a machine with files in its share `s`, and the queue at a Redis. */
export function makeAsking(
  t: TestContext,
  url: string,
  sizes: Readonly<Record<string, number>>,
): AskingMachine {
  const directory = makeScratch(t)
  const root = join(directory, 'files')
  plantFiles(root, sizes)
  // Later than the change times of all files
  const now = () => Date.now() + 60_000
  const env = {
    BTKIT_CACHE_DIR: join(directory, 'cache'),
    BTKIT_STATE_DIR: join(directory, 'state'),
  }
  const at = (name: string) => join(root, name)
  const shared = ['--queue', url, '--share', `s=${root}`, '--share-key-file', plantKeys(t, KEY)]
  return {
    root,
    at,
    asking: shared,
    run: (...args) => runBtkit(args, { env, now, cwd: directory }),
    startWorker: async (name, ...args) => {
      const own = ['--share-machine', name, '--cache-dir', join(directory, `cache-${name}`)]
      const all = ['worker', ...shared, ...own, ...args]
      const { stdout, stderr, ...running } = startBtkit(t, all, { env, now, cwd: directory })
      const stop = async () => (await running.stop()).status
      await until('the worker is connected', async () => {
        const { stdout: text } = await runBtkit(['queue', 'status', '--queue', url, '--json'])
        return (JSON.parse(text) as { workers: string[] }).workers.includes(workerName(name))
      })
      return { stdout: () => stdout.text, stderr: () => stderr.text, stop }
    },
  }
}

/** Makes a torrent, and returns its info hashes and what was printed to standard error. */
export async function infoHashesFrom(machine: AskingMachine, args: readonly string[]) {
  const result = await machine.run(
    'makemetafile',
    ...args,
    '--no-cache',
    '--trackerless',
    '--json',
    '--quiet',
    '--force',
  )
  assert.equal(result.status, 0, result.stderr)
  const { infoHash, infoHashV2 } = JSON.parse(result.stdout) as Record<string, string>
  return { hashes: [infoHash, infoHashV2], stderr: result.stderr }
}
