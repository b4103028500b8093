import { mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { pseudoRandom } from './pseudo-random.js'
import { makeScratch } from './scratch.js'
import { parseJson, runBtkit, type RunResult } from './run-btkit.js'

/** A key for shared records. */
export const KEY = 'a'.repeat(64)
export const OTHER_KEY = 'b'.repeat(64)

/** A machine with a cache and a copy of the files of its own. */
export interface Machine {
  readonly name: string
  readonly directory: string
  /** The copy of the files, which all machines share as `mirror`. */
  readonly root: string
  readonly cacheDir: string
  /** Runs a command that knows the share. */
  readonly run: (...args: string[]) => Promise<RunResult>
  /** Runs a command at a time in milliseconds since 1970. */
  readonly runAt: (ms: number, args: readonly string[]) => Promise<RunResult>
  /** Makes the torrent of a file, and returns what happened. */
  readonly make: (name: string, ...args: string[]) => Promise<Made>
}

interface Made {
  readonly bytesHashed: number
  readonly infoHash: string
  readonly stderr: string
}

/** Files by name: 1 MiB of 64 pieces of 16 KiB. */
export const SIZE = 1024 * 1024

/** Writes a file of pseudo-random bytes with the same time on all machines. */
export function plantShared(
  { root, size = SIZE }: Pick<Machine, 'root'> & { readonly size?: number },
  name: string,
  seed = 1,
): string {
  const path = join(root, name)
  writeFileSync(path, pseudoRandom(size, seed))
  utimesSync(path, 1_700_000_000, 1_700_000_000)
  return path
}

export interface MachineSetup {
  /** Redis. */
  readonly url: string
  /** The lines of its key file. */
  readonly keys?: readonly string[]
  /** Milliseconds by which its clock is ahead: later than the change times of all files. */
  readonly aheadMs?: number
}

/** Makes a machine without files. */
export function makeMachine(
  t: TestContext,
  name: string,
  { url, keys = [KEY], aheadMs = 60_000 }: MachineSetup,
): Machine {
  const directory = makeScratch(t)
  const root = join(directory, 'files')
  mkdirSync(root)
  const keyFile = join(directory, 'key')
  writeFileSync(keyFile, keys.join('\n'), { mode: 0o600 })
  const cacheDir = join(directory, 'cache')
  const now = () => Date.now() + aheadMs
  const env = { BTKIT_CACHE_DIR: cacheDir, BTKIT_STATE_DIR: join(directory, 'state') }
  const runAt = (ms: number, args: readonly string[]) =>
    runBtkit(args, { env, now: () => ms, cwd: directory })
  const run = (...args: string[]) => runBtkit(args, { env, now, cwd: directory })
  const sharing = ['--cache-url', url, '--share', `mirror=${root}`]
  const own = ['--share-key-file', keyFile]
  const make = async (file: string, ...args: string[]) => {
    const torrent = join(directory, `${file}.torrent`)
    const what = ['makemetafile', join(root, file), '--target', torrent, '--trackerless', '--force']
    const pieces = ['--piece-length', '16K', '--json', '--quiet']
    const result = await run(...what, ...pieces, ...sharing, ...own, ...args)
    if (result.status !== 0) throw new Error(result.stderr)
    const { bytesHashed, infoHash, infoHashV2 } = parseJson(result) as Record<string, string>
    return {
      bytesHashed: Number(bytesHashed),
      infoHash: infoHash ?? infoHashV2 ?? '',
      stderr: result.stderr,
    }
  }
  return { name, directory, root, cacheDir, run, runAt, make }
}
