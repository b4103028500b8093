import { closeSync, fstatSync, fsync, fsyncSync, openSync, readFileSync } from 'node:fs'
import { rmSync, statSync, writeSync } from 'node:fs'
import { uptime } from 'node:os'
import { promisify } from 'node:util'
import { osCodeOf } from '../../errors.js'

/**
 * Deaths of processes in a row after which a file is checked nevertheless. A kill does not damage the
 * file; but whoever died may have died of damage, and would do so again and again.
 */
const MAX_DEATHS = 3

/**
 * The path of the mark that stands beside a cache's file and says one of these:
 *
 * - `closed SIZE INODE CTIME`: all of the file was on the disk when it looked like this
 * - `open BOOT PROCESS DEATHS`: processes may write to the file, or were killed while they did. Only
 *   a crash of the machine damages it then, as nothing is written in an order that survives one
 */
export function markPath(path: string): string {
  return `${path}-mark`
}

/**
 * Whether a file can be opened without a check. LMDB trusts its file: a damaged one can end the
 * process.
 */
export function isTrusted(path: string): boolean {
  const mark = readMark(path)
  if (!mark.startsWith('closed ')) return deathsAt(mark) < MAX_DEATHS
  return mark === closedMark(statSync(path, { bigint: true }))
}

/** The file that a store is opened in, whatever has its name by now. */
export class OpenedFile {
  readonly #path: string
  /** As long as it is open, no other file has its inode. */
  readonly #file: number
  /** The mark that the file had when it was closed; empty when there was none to rely on. */
  readonly #before: string
  readonly #deaths: number
  #isWritten = false

  /** Creates the file if there is none. `isTrusted` is whether it needed no check. */
  constructor(path: string, isTrusted: boolean) {
    this.#path = path
    this.#file = openSync(path, 'a', 0o664)
    const mark = isTrusted ? readMark(path) : ''
    this.#before = mark.startsWith('closed ') ? mark : ''
    const deaths = deathsAt(mark)
    this.#deaths = deaths < MAX_DEATHS ? deaths : 0
    this.#mark(this.#openMark())
  }

  /** To be called before each transaction. Another process may have marked the file as closed. */
  beforeWrite(): void {
    if (this.#isWritten && readMark(this.#path).startsWith('open ')) return
    if (!this.#isInPlace()) return
    this.#isWritten = true
    // On the disk before anything else is
    this.#mark(this.#openMark(), fsyncSync)
  }

  /**
   * Lets go of the file once its store is closed. A sound one is brought to the disk and marked as
   * closed, though others may have it open: they mark it as open before they write. One that took
   * its place, as it was set aside or removed, is left to those who use that.
   */
  async close(isSound: boolean): Promise<void> {
    try {
      // From before it is brought to the disk: what is written to it meanwhile is not in the mark
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
      // It costs the next process a check, and is no reason for this one to fail
    }
  }
}

/** Processes in a row that died with the file open; infinitely many when the machine may have. */
function deathsAt(mark: string): number {
  const [state, boot, pid, deaths] = mark.split(' ')
  if (state !== 'open' || boot !== bootId()) return Infinity
  const before = /^\d$/.test(deaths ?? '') ? Number(deaths) : Infinity
  return before + (isRunning(Number(pid)) ? 0 : 1)
}

function closedMark({ size, ino, ctimeNs }: { size: bigint; ino: bigint; ctimeNs: bigint }) {
  return `closed ${size} ${ino} ${ctimeNs}`
}

/** What the mark says; nothing when there is none. */
function readMark(path: string): string {
  try {
    return readFileSync(markPath(path), 'utf8')
  } catch {
    return ''
  }
}

/** Tells one start of the machine from another. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    // The minute of the start; at worst the file is checked once more
    return `minute-${Math.round((Date.now() / 1000 - uptime()) / 60)}`
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // It belongs to someone else
    return osCodeOf(error) === 'EPERM'
  }
}
