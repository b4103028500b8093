import { spawn, type StdioOptions } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { asBtkitError, BtkitError } from '../errors.js'

/** What flock(1) is told to exit with when another holds the lock. */
const HELD = 75

/** A lock that the kernel takes back when this process ends, however that happens. */
export interface DirectoryLock {
  readonly release: () => void
}

/**
 * Locks a directory, leaving no trace in it, against other runs that do the same. Node can't call
 * flock(2), so flock(1) does it on a descriptor that it inherits: the lock belongs to the open
 * directory, and stays when flock(1) has ended.
 *
 * @param waitSeconds how long to wait for another run
 * @param signal ends the wait
 * @throws BtkitError `locked` when another run holds the lock, `interrupted`, `io` when it can't be
 * had at all
 */
export async function lockDirectory(
  path: string,
  waitSeconds: number,
  signal: AbortSignal,
): Promise<DirectoryLock> {
  const descriptor = openDirectory(path)
  try {
    const answer = await flock(descriptor, waitSeconds, signal)
    if (answer !== 'locked') throw explain(answer, path)
  } catch (error) {
    closeSync(descriptor)
    throw error
  }
  return {
    release: () => {
      closeSync(descriptor)
    },
  }
}

function openDirectory(path: string): number {
  try {
    return openSync(path, 'r')
  } catch (error) {
    throw asBtkitError(error, path)
  }
}

/** What flock(1) made of it. */
type Answer = 'locked' | 'held' | 'interrupted' | 'missing' | 'failed'

function flock(descriptor: number, waitSeconds: number, signal: AbortSignal): Promise<Answer> {
  const limit = waitSeconds > 0 ? ['--wait', String(waitSeconds)] : ['--nonblock']
  const args = ['--exclusive', '--conflict-exit-code', String(HELD), ...limit, '3']
  return new Promise((resolve) => {
    const stdio: StdioOptions = ['ignore', 'ignore', 'ignore', descriptor]
    const child = spawn('flock', args, { stdio, signal })
    child.once('error', () => {
      resolve(signal.aborted ? 'interrupted' : 'missing')
    })
    child.once('exit', (status) => {
      if (status === 0) resolve('locked')
      else if (status === HELD) resolve('held')
      // Ctrl-C in a terminal reaches flock(1) as well
      else resolve(status === null ? 'interrupted' : 'failed')
    })
  })
}

function explain(answer: Exclude<Answer, 'locked'>, path: string): BtkitError {
  switch (answer) {
    case 'held':
      return new BtkitError('locked', `${path}: another run holds the lock`)
    case 'interrupted':
      return new BtkitError('interrupted', 'interrupted')
    case 'missing':
      return new BtkitError('io', `${path}: can't be locked: flock of util-linux is not there`)
    case 'failed':
      return new BtkitError('io', `${path}: can't be locked`)
  }
}
