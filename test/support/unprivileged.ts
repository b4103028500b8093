import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync } from 'node:fs'
import type { TestContext } from 'node:test'
import { projectRoot, type SpawnOptions } from './programs.js'
import { makeScratch, type Files } from './scratch.js'

const NOBODY = 65534
const isRoot = process.getuid?.() === 0

/** How to run an executable as a user whom permissions stop, which they don't root. */
export const unprivileged: SpawnOptions = isRoot ? { uid: NOBODY, gid: NOBODY } : {}

/** For tests of what permissions forbid. */
export const unlessAlwaysPermitted = { skip: findReason() }

/** For tests in which one user runs what belongs to another: only root can be both. */
export const unlessTwoUsers = isRoot ? unlessAlwaysPermitted : { skip: 'needs root' }

/** A directory that such a user can write to. */
export function makeOpenScratch(t: TestContext, files: Files = {}): string {
  const directory = makeScratch(t, files)
  chmodSync(directory, 0o777)
  return directory
}

/** A directory of whom `options` run executables as, and of nobody else. */
export function makeOwnScratch(t: TestContext, options: SpawnOptions): string {
  const directory = makeScratch(t)
  if (options.uid !== undefined) giveAway(directory)
  return directory
}

/** Makes a directory, or a file, such a user's own. */
export function giveAway(path: string): void {
  if (isRoot) chownSync(path, NOBODY, NOBODY)
}

function findReason(): string | false {
  if (process.platform === 'win32') return 'no POSIX permissions here'
  if (!isRoot) return false
  const args = ['--eval', "require('node:fs').readdirSync(process.argv[1])", projectRoot]
  const { status } = spawnSync(process.execPath, args, { ...unprivileged, stdio: 'ignore' })
  return status !== 0 && 'only root can run btkit here'
}
