import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { constants } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { BtkitError, callSystem, refuseAborted } from '../../base/errors.js'
import { monotonicNow } from '../../base/process.js'
import { loadNative } from '../../base/native-addon.js'

/** The exit status that flock(1) must use if another process holds the lock. */
const HELD = 75

/** How often to try again while another process holds the lock, in milliseconds. */
const LOOK_AGAIN = 50

/** How long one call of flock(1) waits, in seconds: many that start it often would keep all cores busy. */
const PROGRAM_WAITS = 1

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

/**
 * Tries to lock an open directory, and may wait for some of the seconds that are left. `missing` means
 * that flock(1) is.
 */
export type TryLock = (
  descriptor: number,
  secondsLeft: number,
) => Promise<'locked' | 'held' | 'missing' | 'failed'>

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
  tryLock?: TryLock,
): Promise<DirectoryLock> {
  const descriptor = callSystem(path, () => openSync(path, 'r'))
  return lockDescriptor(descriptor, path, { ...wait, tryLock })
}

/**
 * Locks an open descriptor. Closes it if locking fails, or when the lock is released.
 * @throws BtkitError as lockDirectory does, with `path` in the message
 */
export async function lockDescriptor(
  descriptor: number,
  path: string,
  {
    waitSeconds,
    signal,
    tryLock = tryNative ?? tryProgram,
  }: LockWait & { tryLock?: TryLock | undefined },
): Promise<DirectoryLock> {
  const release = () => {
    closeSync(descriptor)
  }
  const deadline = monotonicNow() + waitSeconds * 1000
  try {
    for (;;) {
      const secondsLeft = Math.max(0, deadline - monotonicNow()) / 1000
      const answer = await tryLock(descriptor, secondsLeft)
      if (answer === 'locked') return { release }
      if (answer !== 'held') throw new BtkitError('io', `${path}: ${IMPOSSIBLE[answer]}`)
      if (monotonicNow() >= deadline)
        throw new BtkitError('locked', `${path}: another run holds the lock; wait until it ends`)
      await setTimeout(LOOK_AGAIN, null, { signal }).catch(() => undefined)
      refuseAborted(signal)
    }
  } catch (error) {
    release()
    throw error
  }
}

const IMPOSSIBLE = {
  missing: 'cannot be locked; install flock (util-linux) or build the native addon',
  failed: 'cannot be locked',
}

/** The native addon's functions, which return 0 or an error; native/file_lock.h has the contract. */
interface LocksAddon {
  tryLock(descriptor: number): number
  lockByte(descriptor: number, offset: number): number
  unlockByte(descriptor: number, offset: number): number
}

const addon = loadNative<LocksAddon>('tryLock', 'lockByte', 'unlockByte')

/** Locks with flock(2); null if the addon is missing. */
export const tryNative: TryLock | null =
  addon &&
  ((descriptor) => {
    const errno = addon.tryLock(descriptor)
    if (errno === 0) return Promise.resolve('locked')
    return Promise.resolve(errno === constants.errno.EWOULDBLOCK ? 'held' : 'failed')
  })

/** Locks with flock(1). */
export const tryProgram: TryLock = (descriptor, secondsLeft) => {
  const wait = Math.min(PROGRAM_WAITS, secondsLeft).toFixed(3)
  const args = ['--exclusive', '--conflict-exit-code', String(HELD), '--timeout', wait, '3']
  return new Promise((resolve) => {
    const child = spawn('flock', args, { stdio: ['ignore', 'ignore', 'ignore', descriptor] })
    child.once('error', () => {
      resolve('missing')
    })
    child.once('exit', (status) => {
      if (status === 0) resolve('locked')
      // Ctrl-C in a terminal also reaches flock(1); the next try follows only without it
      else resolve(status === HELD || status === null ? 'held' : 'failed')
    })
  })
}

/**
 * Many locks in one file, each on one of its bytes. The kernel releases those of a process that ends
 * in any way. The file stays empty.
 */
export class ByteLocks {
  private constructor(
    private readonly descriptor: number,
    private readonly functions: LocksAddon,
  ) {}

  /**
   * Opens the file, which is created if it does not exist. Null if it cannot be opened, or without
   * the native addon.
   */
  static open(path: string): ByteLocks | null {
    if (addon === null) return null
    try {
      return new ByteLocks(openSync(path, 'a', 0o600), addon)
    } catch {
      return null
    }
  }

  /**
   * Locks a byte: `held` if another open file has the lock, `impossible` if the file system or the
   * system has no such locks.
   */
  tryLock(offset: number): 'locked' | 'held' | 'impossible' {
    const errno = this.functions.lockByte(this.descriptor, offset)
    if (errno === 0) return 'locked'
    return errno === constants.errno.EAGAIN ? 'held' : 'impossible'
  }

  unlock(offset: number): void {
    this.functions.unlockByte(this.descriptor, offset)
  }

  /** Closes the file, which releases all locks. */
  close(): void {
    closeSync(this.descriptor)
  }
}
