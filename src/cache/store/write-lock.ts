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

/** How LMDB's lock file begins, with how it is laid out by LMDB 0.9 for x86-64 and glibc. */
const BEGINNING = Buffer.from('dec0efbe02602f2c', 'hex')

/** Where the mutex of writers is; it begins with the number of the thread that has it (futex(2)). */
const MUTEX = 64
const THREAD = 0x3fffffff

/** How long a lock may be held before the cache is given up, and time between looks, in milliseconds. */
export const LOCK_PATIENCE = 2000
export const LOCK_LOOK = 20

/**
 * The lock that LMDB's writers have by turns, for a fraction of a second each. LMDB waits for it
 * without end, and the whole thread with it, also when the process that has it was stopped.
 */
export class WriteLock {
  readonly #path: string
  /** The descriptor that LMDB has of the lock file in this process; null: not looked for yet. */
  #descriptor: number | null = null

  constructor(database: string) {
    // As the system spells it
    const directory = realpathSync(dirname(database))
    this.#path = join(directory, `${basename(database)}-lock`)
  }

  /**
   * The number of the other process that has the lock, or of its thread; null when none has it, and on
   * systems where that can't be told.
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
   * Resolves when no other process has the lock.
   * @throws Error when one keeps it for too long
   */
  async whenFree(): Promise<void> {
    const end = performance.now() + LOCK_PATIENCE
    for (let holder = this.holder(); holder !== null; holder = this.holder()) {
      if (performance.now() >= end) throw lockedError(holder)
      await setTimeout(LOCK_LOOK)
    }
  }

  /**
   * Reads by the descriptor that LMDB has: closing another of this process would end LMDB's own
   * locks on the file (fcntl(2)).
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

  /** Whether it is a process that has the file: the number may be of one that is long gone. */
  #isHeldBy(thread: number): boolean {
    try {
      return (
        thread !== process.pid && readFileSync(`/proc/${thread}/maps`, 'utf8').includes(this.#path)
      )
    } catch (error) {
      // Such as EACCES: somebody else's
      return osCodeOf(error) !== 'ENOENT'
    }
  }
}

/** Why a cache is given up whose lock somebody keeps. */
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
