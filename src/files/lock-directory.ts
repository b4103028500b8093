import { spawn, type StdioOptions } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { constants } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { BtkitError, callSystem } from '../errors.js'
import { monotonicNow } from '../monotonic.js'
import { loadNative } from '../native-addon.js'

/** The exit status that flock(1) must use if another process holds the lock. */
const HELD = 75

/** How often to try again while another process holds the lock, in milliseconds. */
const LOOK_AGAIN = 50

/** A lock that the kernel releases when this process ends in any way. */
export interface DirectoryLock {
  readonly release: () => void
}

/** How long to wait while another run holds a lock. */
export interface LockWait {
  readonly waitSeconds: number
  /** Ends the wait. */
  readonly signal: AbortSignal
}

/** A function that locks an open directory. */
export type Locker = (descriptor: number, wait: LockWait) => Promise<Answer>

/** The result of an attempt to lock. */
type Answer = 'locked' | 'held' | 'interrupted' | 'missing' | 'failed'

/**
 * Locks a directory against other runs that also lock it. Leaves no trace in the directory. The
 * native addon calls flock(2); without the addon, flock(1) locks a descriptor that it inherits. The
 * lock belongs to the open directory, so it stays after flock(1) has ended.
 *
 * @throws BtkitError `locked` if another run holds the lock; wait until it ends, `interrupted`, or `io` if locking is
 *   impossible
 */
export async function lockDirectory(
  path: string,
  wait: LockWait,
  lock: Locker = nativeLocker ?? lockByProgram,
): Promise<DirectoryLock> {
  return lockDescriptor(openDirectory(path), path, { wait, lock })
}

/** How to lock a descriptor. */
interface Locking {
  readonly wait: LockWait
  readonly lock?: Locker
}

/**
 * Locks an open descriptor. Closes it if locking fails, or when the lock is released.
 * @throws BtkitError as lockDirectory does, with `path` in the message
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
  return callSystem(path, () => openSync(path, 'r'))
}

/** Locks with the native addon; null if the addon is missing. */
export const nativeLocker: Locker | null = loadNativeLocker()

function loadNativeLocker(): Locker | null {
  const addon = loadNative<{ tryLock: TryLock }>('tryLock')
  return addon && lockerOf(addon.tryLock)
}

/** Returns 0 or a system error number; native/file_lock.h has the contract. */
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

/** Locks with flock(1). */
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
      // Ctrl-C in a terminal also reaches flock(1)
      else resolve(status === null ? 'interrupted' : 'failed')
    })
  })
}

function explain(answer: Exclude<Answer, 'locked'>, path: string): BtkitError {
  switch (answer) {
    case 'held':
      return new BtkitError('locked', `${path}: another run holds the lock; wait until it ends`)
    case 'interrupted':
      return new BtkitError('interrupted', 'interrupted')
    case 'missing':
      return new BtkitError(
        'io',
        `${path}: cannot be locked; install flock (util-linux) or build the native addon`,
      )
    case 'failed':
      return new BtkitError('io', `${path}: cannot be locked`)
  }
}
