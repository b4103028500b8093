import {
  closeSync,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  realpathSync,
  statSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { osCodeOf } from '../../errors.js'

/** The beginning of LMDB's lock file, in the layout of LMDB 0.9 on x86-64 with glibc. */
const BEGINNING = Buffer.from('dec0efbe02602f2c', 'hex')

/**
 * Offset of the writers' mutex. It begins with the number of the thread that holds it (futex(2)).
 */
const MUTEX = 64
const THREAD = 0x3fffffff

/**
 * The time that another process may hold the lock before the cache is no longer used, and the
 * polling interval, in milliseconds.
 */
export const LOCK_PATIENCE = 2000
export const LOCK_LOOK = 20

/**
 * The lock that LMDB's writers hold in turn, for a fraction of a second each. LMDB waits for it
 * forever and blocks the thread, even if its holder was stopped.
 */
export class WriteLock {
  readonly #path: string
  /** LMDB's own descriptor of the lock file in this process; null before the search. */
  #descriptor: number | null = null

  constructor(database: string) {
    // The real path, as the system reports it
    const directory = realpathSync(dirname(database))
    this.#path = join(directory, `${basename(database)}-lock`)
  }

  /**
   * Returns the number of the other process (or of its thread) that holds the lock. Null if no
   * process holds it, and on systems that do not report it.
   */
  holder(): number | null {
    if (process.platform !== 'linux') return null
    const bytes = Buffer.alloc(MUTEX + 4)
    try {
      this.#read(bytes)
    } catch (error) {
      if (osCodeOf(error) === undefined) throw error
      return null
    }
    if (!bytes.subarray(0, BEGINNING.length).equals(BEGINNING)) return null
    const thread = bytes.readUInt32LE(MUTEX) & THREAD
    return thread !== 0 && this.#isHeldBy(thread) ? thread : null
  }

  /**
   * Resolves when no other process holds the lock.
   * @throws Error if a process holds it for too long
   */
  async whenFree(): Promise<void> {
    const end = performance.now() + LOCK_PATIENCE
    for (let holder = this.holder(); holder !== null; holder = this.holder()) {
      if (performance.now() >= end) throw lockedError(holder)
      await setTimeout(LOCK_LOOK)
    }
  }

  /**
   * Reads through LMDB's own descriptor: closing another descriptor in this process would release
   * LMDB's locks on the file (fcntl(2)).
   */
  #read(bytes: Buffer): void {
    const { ino } = statSync(this.#path)
    if (this.#descriptor === null || !isFile(this.#descriptor, ino)) {
      this.#descriptor = findDescriptor(this.#path)
    }
    if (this.#descriptor !== null) {
      readSync(this.#descriptor, bytes, 0, bytes.length, 0)
      return
    }
    const descriptor = openSync(this.#path, 'r')
    try {
      readSync(descriptor, bytes, 0, bytes.length, 0)
    } finally {
      closeSync(descriptor)
    }
  }

  /**
   * Whether that process really has the file open: the number may belong to a process that ended
   * long ago.
   */
  #isHeldBy(thread: number): boolean {
    try {
      return (
        thread !== process.pid && readFileSync(`/proc/${thread}/maps`, 'utf8').includes(this.#path)
      )
    } catch (error) {
      // For example EACCES: another user's process
      return osCodeOf(error) !== 'ENOENT'
    }
  }
}

/** Returns the error for a lock that another process does not release. */
export function lockedError(holder: number): Error {
  return new Error(`process ${holder} keeps it locked; continue or end that process`)
}

function isFile(descriptor: number, inode: number): boolean {
  try {
    return fstatSync(descriptor).ino === inode
  } catch {
    return false
  }
}

function findDescriptor(path: string): number | null {
  const found = readdirSync('/proc/self/fd').find((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`) === path
    } catch {
      return false
    }
  })
  return found === undefined ? null : Number(found)
}
