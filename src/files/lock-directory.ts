import { spawn } from 'node:child_process'
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
 * flock(2), so flock(1) does it on a descriptor that it inherits: the lock is on what the
 * descriptor stands for, and stays when flock(1) has ended.
 *
 * @param waitSeconds how long to wait for another run
 * @throws BtkitError `locked` when another run holds the lock, `io` when it can't be had at all
 */
export async function lockDirectory(path: string, waitSeconds: number): Promise<DirectoryLock> {
  const descriptor = openDirectory(path)
  try {
    await flock(descriptor, path, waitSeconds)
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

function flock(descriptor: number, path: string, waitSeconds: number): Promise<void> {
  const limit = waitSeconds > 0 ? ['--wait', String(waitSeconds)] : ['--nonblock']
  const args = ['--exclusive', '--conflict-exit-code', String(HELD), ...limit, '3']
  return new Promise((resolve, reject) => {
    const child = spawn('flock', args, { stdio: ['ignore', 'ignore', 'ignore', descriptor] })
    child.once('error', () => {
      reject(new BtkitError('io', `${path}: can't be locked: flock of util-linux is not there`))
    })
    child.once('exit', (status) => {
      if (status === 0) resolve()
      else if (status === HELD)
        reject(new BtkitError('locked', `${path}: another run holds the lock`))
      else reject(new BtkitError('io', `${path}: can't be locked`))
    })
  })
}
