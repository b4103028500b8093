import {
  closeSync,
  fstatSync,
  fsync,
  fsyncSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { uptime } from 'node:os'
import { promisify } from 'node:util'
import { osCodeOf } from '../../errors.js'

/**
 * Number of consecutive deaths of processes after which a file is checked. A kill does not damage
 * the file, but damage may have killed the processes, and would do so again.
 */
const MAX_DEATHS = 3

/**
 * Returns the path of the mark beside a cache's file. The mark says one of these:
 *
 * - `closed SIZE INODE CTIME`: all of the file was on the disk when it had these properties
 * - `open BOOT PROCESS DEATHS`: processes may write to the file, or died while they wrote. Then
 *   only a crash of the machine damages it, because the order of writes does not survive one.
 */
export function markPath(path: string): string {
  return `${path}-mark`
}

/**
 * Whether a file can be opened without a check. LMDB trusts its file: a damaged one can crash the
 * process.
 */
export function isTrusted(path: string): boolean {
  const mark = readMark(path)
  if (!mark.startsWith('closed ')) return deathsAt(mark) < MAX_DEATHS
  return mark === closedMark(statSync(path, { bigint: true }))
}

/** The file that a store was opened in, even if another file has its name now. */
export class OpenedFile {
  readonly #path: string
  /** While this descriptor is open, no other file can get the same inode number. */
  readonly #file: number
  /** The mark of the closed file before it was opened; empty if there was no reliable mark. */
  readonly #before: string
  readonly #deaths: number
  #isWritten = false

  /** Creates the file if it does not exist. `isTrusted` says whether it needed no check. */
  constructor(path: string, isTrusted: boolean) {
    this.#path = path
    this.#file = openSync(path, 'a', 0o664)
    const mark = isTrusted ? readMark(path) : ''
    this.#before = mark.startsWith('closed ') ? mark : ''
    const deaths = deathsAt(mark)
    this.#deaths = deaths < MAX_DEATHS ? deaths : 0
    this.#mark(this.#openMark())
  }

  /**
   * Must be called before each transaction, because another process may have marked the file as
   * closed.
   */
  beforeWrite(): void {
    if (this.#isWritten && readMark(this.#path).startsWith('open ')) return
    if (!this.#isInPlace()) return
    this.#isWritten = true
    // The mark must be on the disk before any change
    this.#mark(this.#openMark(), fsyncSync)
  }

  /**
   * Closes the file after its store was closed. A sound file is synced and marked as closed, even
   * if other processes have it open: they mark it as open before they write. If another file has
   * taken its place, that file's mark stays unchanged.
   */
  async close(isSound: boolean): Promise<void> {
    try {
      // Read before the sync: the mark must not cover what is written during the sync
      const stats = fstatSync(this.#file, { bigint: true })
      if (!this.#isInPlace()) return
      if (!isSound) rmSync(markPath(this.#path), { force: true })
      else if (closedMark(stats) === this.#before) this.#mark(this.#before)
      else {
        await promisify(fsync)(this.#file)
        this.#mark(closedMark(stats))
      }
    } catch {
      // The mark still says that the file is open
    } finally {
      closeSync(this.#file)
    }
  }

  #isInPlace(): boolean {
    const current = statSync(this.#path, { throwIfNoEntry: false })
    return current?.ino === fstatSync(this.#file).ino
  }

  #openMark(): string {
    return `open ${bootId()} ${process.pid} ${this.#deaths}`
  }

  #mark(mark: string, sync: (file: number) => void = () => undefined): void {
    try {
      const file = openSync(markPath(this.#path), 'w', 0o664)
      try {
        writeSync(file, mark)
        sync(file)
      } finally {
        closeSync(file)
      }
    } catch {
      // Not an error: the next process makes a check
    }
  }
}

/**
 * Returns how many processes in a row died with the file open; Infinity if the machine may have
 * crashed.
 */
function deathsAt(mark: string): number {
  const [state, boot, pid, deaths] = mark.split(' ')
  if (state !== 'open' || boot !== bootId()) return Infinity
  const before = /^\d$/.test(deaths ?? '') ? Number(deaths) : Infinity
  return before + (isRunning(Number(pid)) ? 0 : 1)
}

function closedMark({ size, ino, ctimeNs }: { size: bigint; ino: bigint; ctimeNs: bigint }) {
  return `closed ${size} ${ino} ${ctimeNs}`
}

/** Returns the content of the mark; empty if there is none. */
function readMark(path: string): string {
  try {
    return readFileSync(markPath(path), 'utf8')
  } catch {
    return ''
  }
}

/** Identifies one boot of the machine. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    // The minute of the boot; an error of a minute only causes a needless check
    return `minute-${Math.round((Date.now() / 1000 - uptime()) / 60)}`
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // The process belongs to another user
    return osCodeOf(error) === 'EPERM'
  }
}
