import { constants, fstatSync, openSync, unlinkSync } from 'node:fs'
import { constants as system } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { closeDone } from '../../base/directories.js'
import { BtkitError, orClose, refuseAborted, tryOr } from '../../base/errors.js'
import { monotonicNow } from '../../base/process.js'
import { loadNative } from '../../base/native-addon.js'
import { NO_LINK, NO_WAIT } from '../look/read-bounded.js'
import { statIfThere } from '../look/stat-files.js'

/** How often to try again while another process holds a lock, in milliseconds. */
const LOOK_AGAIN = 50

/** A lock that the kernel releases when this process ends in any way. */
export interface FileLock {
  readonly release: () => void
}

/** How long to wait while another run holds a lock. */
export interface LockWait {
  readonly waitSeconds: number
  /** Ends the wait. */
  readonly signal: AbortSignal
}

/** The descriptor serves only for the lock, and links are not followed. */
const FLAGS = constants.O_RDWR | constants.O_CREAT | NO_LINK | NO_WAIT

/** Only this user may open the file: whoever may can hold the lock. */
const MODE = 0o600

/**
 * Locks what `shown` names against other runs that lock it by the same file, by flock(2). The file
 * is made if it is not there, and removed with the lock. Without the native addon only other locks
 * of this process are waited for.
 * @throws BtkitError `locked` if another run holds the lock; wait until it ends, `interrupted`, or
 *   `io` if locking is impossible; system errors unchanged if the file cannot be opened
 */
export async function lockByFile(file: string, shown: string, wait: LockWait): Promise<FileLock> {
  for (;;) {
    const descriptor = openSync(file, FLAGS, MODE)
    const { release } = await lockDescriptor(descriptor, shown, wait)
    try {
      if (isAt(file, descriptor)) return { release: removeBefore(release, file, descriptor) }
    } catch (error) {
      release()
      throw error
    }
    // The run that held the lock has just removed the file
    release()
  }
}

function idOf(descriptor: number): string {
  const { dev, ino } = fstatSync(descriptor)
  return `${dev}:${ino}`
}

/** Whether a path still refers to the open file. */
function isAt(path: string, descriptor: number): boolean {
  const [open, there] = [fstatSync(descriptor), statIfThere(path)]
  return there?.ino === open.ino && there.dev === open.dev
}

/** Removes the lock file while it is locked, unless it is a foreign file with content. */
function removeBefore(release: () => void, path: string, descriptor: number): () => void {
  return () => {
    try {
      const stats = fstatSync(descriptor)
      if (stats.isFile() && stats.size === 0 && isAt(path, descriptor)) unlinkSync(path)
    } catch {
      // A lock file left behind does no harm
    }
    release()
  }
}

/**
 * Locks an open descriptor. Closes it if locking fails, or when the lock is released.
 * @throws BtkitError as lockByFile does, with `path` in the message
 */
async function lockDescriptor(descriptor: number, path: string, wait: LockWait): Promise<FileLock> {
  const own = orClose(closeDone.bind(null, descriptor), () => idOf(descriptor))
  try {
    const errno = await waitForLock(own, () => addon?.tryLock(descriptor) ?? 0, path, wait)
    if (errno !== 0) throw cannotLock(path)
  } catch (error) {
    closeDone(descriptor)
    throw error
  }
  const release = () => {
    heldHere.delete(own)
    closeDone(descriptor)
  }
  return { release }
}

/**
 * Tries to get a lock until nobody else has it. Resolves to 0, or to the error number of a system
 * that has no such locks.
 * @throws BtkitError `locked` or `interrupted`, as lockByFile
 */
async function waitForLock(
  own: string,
  tryLock: () => number,
  shown: string,
  { waitSeconds, signal }: LockWait,
): Promise<number> {
  const deadline = monotonicNow() + waitSeconds * 1000
  for (;;) {
    const errno = heldHere.has(own) ? system.errno.EWOULDBLOCK : tryLock()
    if (errno === 0) heldHere.add(own)
    if (errno !== system.errno.EWOULDBLOCK) return errno
    if (monotonicNow() >= deadline)
      throw new BtkitError('locked', `${shown}: another run holds the lock; wait until it ends`)
    await setTimeout(LOOK_AGAIN, null, { signal }).catch(() => undefined)
    refuseAborted(signal)
  }
}

function cannotLock(shown: string): BtkitError {
  return new BtkitError('io', `${shown}: cannot be locked`)
}

/**
 * Seconds to wait for a lock of a file, which others have for a moment. Whoever may read files
 * could hold all of them for longer: after a wait in vain, none is waited for in the next minute.
 */
const MOMENT = 1
const MINUTE = 60_000
let hurriedUntil = -Infinity

/** Locks a file, if it is there and that is possible, against other runs that replace it. */
export async function lockFile(path: string): Promise<FileLock | null> {
  const { signal } = new AbortController()
  const waitSeconds = monotonicNow() < hurriedUntil ? 0 : MOMENT
  try {
    const descriptor = openSync(path, NO_WAIT)
    return await lockDescriptor(descriptor, path, { waitSeconds, signal })
  } catch (error) {
    const isHeld = error instanceof BtkitError && error.code === 'locked'
    if (isHeld && waitSeconds > 0) hurriedUntil = monotonicNow() + MINUTE
    return null
  }
}

/** The files that this process holds a lock of, by device and number. */
const heldHere = new Set<string>()

/**
 * The native addon's functions, which return 0 or an error; native/file_lock.h has the contract.
 */
interface LocksAddon {
  tryLock(descriptor: number): number
  lockByte(descriptor: number, offset: number): number
  unlockByte(descriptor: number, offset: number): number
}

const addon = loadNative<LocksAddon>('tryLock', 'lockByte', 'unlockByte')

/**
 * Many locks in one file, each on one of its bytes. The kernel releases those of a process that
 * ends in any way. The file stays empty.
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
    return addon && tryOr(null, () => new ByteLocks(openSync(path, 'a', 0o600), addon))
  }

  /**
   * Locks a byte: `held` if another open file has the lock, `impossible` if the file system or the
   * system has no such locks.
   */
  tryLock(offset: number): 'locked' | 'held' | 'impossible' {
    const errno = this.functions.lockByte(this.descriptor, offset)
    if (errno === 0) return 'locked'
    return errno === system.errno.EAGAIN ? 'held' : 'impossible'
  }

  unlock(offset: number): void {
    this.functions.unlockByte(this.descriptor, offset)
  }

  /** Closes the file, which releases all locks. */
  close(): void {
    closeDone(this.descriptor)
  }
}
