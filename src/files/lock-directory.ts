import { spawn, type StdioOptions } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { constants } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { asBtkitError, BtkitError } from '../errors.js'
import { monotonicNow } from '../monotonic.js'
import { loadNative } from '../native-addon.js'

/** What flock(1) is told to exit with when another holds the lock. */
const HELD = 75

/** How long to wait between two looks at a lock that another holds, in milliseconds. */
const LOOK_AGAIN = 50

/** A lock that the kernel takes back when this process ends, however that happens. */
export interface DirectoryLock {
  readonly release: () => void
}

/** How long to wait for another run that holds a lock. */
export interface LockWait {
  readonly waitSeconds: number
  /** Ends the wait. */
  readonly signal: AbortSignal
}

/** What locks an open directory. */
export type Locker = (descriptor: number, wait: LockWait) => Promise<Answer>

/** What became of it. */
type Answer = 'locked' | 'held' | 'interrupted' | 'missing' | 'failed'

/**
 * Locks a directory, leaving no trace in it, against other runs that do the same: by flock(2), which
 * the addon calls or, where that is not built, flock(1) does on a descriptor that it inherits. The
 * lock belongs to the open directory, and stays when flock(1) has ended.
 *
 * @throws BtkitError `locked` when another run holds the lock, `interrupted`, `io` when it can't be
 * had at all
 */
export async function lockDirectory(
  path: string,
  wait: LockWait,
  lock: Locker = nativeLocker ?? lockByProgram,
): Promise<DirectoryLock> {
  return lockDescriptor(openDirectory(path), path, { wait, lock })
}

/** How a descriptor is locked. */
interface Locking {
  readonly wait: LockWait
  readonly lock?: Locker
}

/**
 * Locks what is open under a descriptor, and closes that when it can't be had or is released.
 * @throws BtkitError as lockDirectory does, naming `path`
 */
export async function lockDescriptor(
  descriptor: number,
  path: string,
  { wait, lock = nativeLocker ?? lockByProgram }: Locking,
): Promise<DirectoryLock> {
  try {
    const answer = await lock(descriptor, wait)
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

/** Has the addon lock it; null where that is not built. */
export const nativeLocker: Locker | null = loadNativeLocker()

function loadNativeLocker(): Locker | null {
  const addon = loadNative<{ tryLock: TryLock }>('tryLock')
  return addon && lockerOf(addon.tryLock)
}

/** Returns 0, or the number of the system's error; native/file_lock.h has the contract. */
type TryLock = (descriptor: number) => number

function lockerOf(tryLock: TryLock): Locker {
  return async (descriptor, { waitSeconds, signal }) => {
    const deadline = monotonicNow() + waitSeconds * 1000
    for (;;) {
      const errno = tryLock(descriptor)
      if (errno === 0) return 'locked'
      if (errno !== constants.errno.EWOULDBLOCK) return 'failed'
      if (monotonicNow() >= deadline) return 'held'
      await setTimeout(LOOK_AGAIN, null, { signal }).catch(() => undefined)
      if (signal.aborted) return 'interrupted'
    }
  }
}

/** Has flock(1) lock it. */
export const lockByProgram: Locker = (descriptor, { waitSeconds, signal }) => {
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
      return new BtkitError(
        'io',
        `${path}: can't be locked: the accelerator is not built, and flock of util-linux not there`,
      )
    case 'failed':
      return new BtkitError('io', `${path}: can't be locked`)
  }
}
