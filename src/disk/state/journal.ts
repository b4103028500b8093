import {
  constants,
  copyFileSync,
  fdatasync,
  fstatSync,
  ftruncateSync,
  readSync,
  writeSync,
} from 'node:fs'
import { basename, dirname } from 'node:path'
import { promisify } from 'node:util'
import { checksumOf, isSameBytes } from '../../base/bytes.js'
import { closeDone, makeDirectory } from '../../base/directories.js'
import { asBtkitError, BtkitError, callSystem, orClose, osCodeOf } from '../../base/errors.js'
import { tooLarge } from '../look/read-bounded.js'
import { writeAtomically } from '../write/atomically.js'
import { openState, requireOwnDirectory } from './files.js'

const sync = promisify(fdatasync)

/** The version of the format. Files of a newer version are not touched. */
const VERSION = 1

/** The largest file that is read, in bytes: some millions of records. */
const MAX_SIZE = 2 ** 30

/** Outdated lines that do not matter, beside as many as there are records. */
const FEW = 100

const FULL =
  'no space left on device; make space on its disk and try again, or name another with --state-dir'

/** The first line of a file of records: what it lists, and for people what that is about. */
export interface JournalHead {
  readonly btkit: string
  readonly [about: string]: string | boolean
}

/** A file of records, and who is warned of its faults. */
export interface JournalOptions {
  readonly path: string
  /** The directory of all state. */
  readonly stateDirectory: string
  /** The first line, if the file has none. */
  readonly head: JournalHead
  /** Whether to keep changes only in memory (default: false). */
  readonly isReadOnly?: boolean | undefined
  /** Current time in milliseconds since 1970. */
  readonly now: () => number
  /** Receives a message if the file is damaged. */
  readonly warn: (message: string) => void
  /** The effect of lost lines, for the warning. */
  readonly loss: string
  /** Whether the caller has examined the directories (default: false). */
  readonly isTrusted?: boolean | undefined
}

/**
 * Records by key in a file of JSON lines, `[key, value, checksum]`. A change appends a line, and
 * the last line of a key counts. Without it btkit would not know after a kill which files are its
 * own.
 */
export class Journal {
  /**
   * The JSON of values by key, or its offset in the file: those of very many would fill the memory.
   */
  readonly #values = new Map<string, string | number>()
  /** Whether its file was damaged. */
  isDamaged = false
  /** Open until it is released, so that values are there even if the file is removed. */
  #file: LineFile | null = null
  /** The number of the file that the offsets are of, which may not be open. */
  #inode: number | undefined
  /** Lines in the file, without the first. */
  #lines = 0
  #pending: Change[] = []
  /** Changes that a full disk did not take, and whose callers know. */
  #refused: readonly Change[] = []
  /** Whether the file must be replaced: it is damaged, or nobody knows what a failure left. */
  #isStale = false
  #hasWritten = false
  #head: JournalHead
  #writing: Promise<void> = Promise.resolve()
  #next: Promise<void> | null = null

  /**
   * Reads the records. Damaged lines are ignored, and a copy of the damaged file is kept beside it.
   * @throws BtkitError `not-permitted`, `too-large` or `io`. The reasons include a newer version
   *   of the file, a file that is not a regular file, and a directory in which others could replace
   *   files.
   */
  constructor(private readonly options: JournalOptions) {
    const { path, stateDirectory, isTrusted } = options
    this.#head = options.head
    callSystem(`state ${path}`, () => {
      const places = isTrusted === true ? [] : [stateDirectory, dirname(path)]
      for (const directory of places) requireOwnDirectory(directory)
      const file = LineFile.open(path)
      if (file === null) return
      this.#file = file
      orClose(this.release.bind(this), () => {
        if (!this.#findValues(file)) this.#setAside()
      })
    })
  }

  /** The JSON of a value; undefined if there is none. */
  get(key: string): string | undefined {
    const value = this.#values.get(key)
    return value === undefined ? undefined : this.#jsonOf(value)
  }

  has(key: string): boolean {
    return this.#values.has(key)
  }

  /** The first line. */
  get head(): JournalHead {
    return this.#head
  }

  /** The number of records. */
  get size(): number {
    return this.#values.size
  }

  keys(): IterableIterator<string> {
    return this.#values.keys()
  }

  /** The keys, with the JSON of their values. */
  *entries(): IterableIterator<[string, string]> {
    for (const [key, value] of this.#values) yield [key, this.#jsonOf(value)]
  }

  #jsonOf(value: string | number): string {
    if (typeof value === 'string') return value
    const line = callSystem(`state ${this.options.path}`, () => {
      this.#file ??= LineFile.open(this.options.path)
      return this.#file?.stats.ino === this.#inode ? this.#file?.lineAt(value) : null
    })
    if (line) return line.toString('utf8', 0, line.length - TAIL)
    const why = 'another program replaced it or cut it off; run the command again'
    throw new BtkitError('io', `state ${this.options.path}: ${why}`)
  }

  /** Sets a value of JSON; null removes it. Durable after the next flush. */
  put(key: string, value: unknown): void {
    const change = [key, JSON.stringify(value)] as const
    this.#apply(change)
    if (this.options.isReadOnly !== true) this.#pending.push(change)
  }

  #apply([key, json]: Change): void {
    if (json === 'null') this.#values.delete(key)
    else this.#values.set(key, json)
  }

  /**
   * Resolves when all records set so far would survive a power failure. Calls during a write share
   * the next one. The first call after a failure writes what is missing.
   * @throws BtkitError `not-permitted` or `io`
   */
  flush(): Promise<void> {
    const isDue = this.#pending.length > 0 || this.#refused.length > 0 || this.#isStale
    if (!isDue) return this.#writing
    const start = () => {
      this.#next = null
      this.#writing = this.#write()
      return this.#writing
    }
    this.#next ??= this.#writing.then(start, start)
    return this.#next
  }

  /**
   * Flushes what was set since the last flush, calls `use`, and closes the file as `release` does.
   */
  async close(use?: () => void): Promise<void> {
    const isDue = this.#pending.length > 0
    // The next reader finds a line for each record, not also those of how it came about
    const isMostlyOutdated = this.#lines + this.#pending.length > 1.5 * this.#values.size + FEW
    if (this.#hasWritten && isMostlyOutdated) this.#isStale = true
    try {
      await this.flush().catch((error: unknown) => {
        // Otherwise it was reported already, or only mends what is damaged
        if (isDue) throw error
      })
      use?.()
    } finally {
      this.release()
    }
  }

  /**
   * Replaces the file, with another first line.
   * @throws BtkitError `not-permitted` or `io`
   */
  rewrite(head: JournalHead): Promise<void> {
    this.#head = head
    this.#isStale = true
    return this.flush()
  }

  /** Flushes, and closes the file as `release` does: the next use opens it again. */
  async save(): Promise<void> {
    await this.flush()
    this.release()
  }

  /** Closes the file, of which too many cannot be open. A later use opens it again. */
  release(): void {
    if (this.#file) closeDone(this.#file.descriptor)
    this.#file = null
  }

  async #write(): Promise<void> {
    const lines = [...this.#refused, ...this.#pending]
    this.#refused = []
    this.#pending = []
    this.#hasWritten = true
    const isOutdated = this.#lines + lines.length > 2 * this.#values.size + FEW
    try {
      if (this.#isStale || isOutdated) await this.#replace()
      else await this.#append(lines)
    } catch (error) {
      if (this.#refused.length === 0) this.#isStale = true
      const { path, stateDirectory } = this.options
      const cause = error instanceof BtkitError ? error.cause : error
      if (osCodeOf(cause) !== 'ENOSPC') throw asBtkitError(error, `state ${path}`)
      // All files of the state share a disk, so the same line says it of each
      throw new BtkitError('io', `state ${stateDirectory}: ${FULL}`, { cause })
    }
  }

  async #append(changes: readonly Change[]): Promise<void> {
    const descriptor = openState(this.options.path, constants.O_RDWR | constants.O_APPEND)
    if (descriptor === null) return this.#replace()
    try {
      const { ino, size } = fstatSync(descriptor)
      if (ino !== this.#inode) {
        await this.#replace()
        return
      }
      const lines = changes.map(([key, json]) => lineOf(key, json))
      const bytes = Buffer.concat(lines)
      const failure = appendWhole(descriptor, bytes)
      if (failure) {
        if (failure.isUndone) this.#refused = changes
        throw failure.error
      }
      const isAlone = fstatSync(descriptor).size === size + bytes.length
      await sync(descriptor)
      this.#lines += changes.length
      // Behind lines of another program the values stay in memory, since nobody knows where they
      // are
      if (isAlone) this.#letGo(changes, lines, size)
    } finally {
      closeDone(descriptor)
    }
  }

  /** Keeps where values are in lines from an offset on, except those that were set again. */
  #letGo(changes: readonly Change[], lines: readonly Buffer[], start: number): void {
    let end = start
    for (const [i, [key, json]] of changes.entries()) {
      end += lines[i]?.length ?? 0
      const valueAt = end - '\n'.length - TAIL - Buffer.byteLength(json)
      if (this.#values.get(key) === json) this.#values.set(key, valueAt)
    }
  }

  async #replace(): Promise<void> {
    const { path } = this.options
    // A link that another program put there would be followed
    const replaced = openState(path, constants.O_RDONLY)
    if (replaced !== null) closeDone(replaced)
    else makeDirectory(dirname(path), 0o700)
    try {
      await writeAtomically(path, this.#allLines(), { mode: 0o600 })
    } catch (error) {
      // An old value that cannot be read says so itself
      if (!(error instanceof BtkitError) || !error.message.startsWith(path)) throw error
      throw new BtkitError(error.code, `state ${error.message}`, { cause: error.cause })
    }
    this.release()
    this.#file = LineFile.open(path)
    this.#isStale = false
    this.#lines = 0
    if (this.#file) this.#findValues(this.#file)
  }

  /** One at a time: all of a hundred thousand take as much memory as the rest of a run. */
  *#allLines(): Generator<Buffer> {
    yield lineOf('', JSON.stringify({ version: VERSION, ...this.#head }))
    // A value that is set meanwhile is also pending, and written once more
    for (const [key, json] of this.entries()) yield lineOf(key, json)
  }

  /** Finds the values in the file. Returns whether all lines are as they were written. */
  #findValues(file: LineFile): boolean {
    let [isIntact, hasHead, at] = [true, false, 0]
    this.#inode = file.stats.ino
    for (let line; (line = file.lineAt(at)) !== null; at += line.length + 1) {
      const found = readLine(line)
      if (found === null) isIntact = false
      else if (found.key === '') hasHead = this.#isOwnHead(this.#jsonOf(at + found.valueAt))
      else {
        this.#lines++
        // Only null begins with it
        if (line[found.valueAt] === LETTER_N) this.#values.delete(found.key)
        else this.#values.set(found.key, at + found.valueAt)
      }
    }
    // Set while the file was written
    for (const change of this.#pending) this.#apply(change)
    // A kill may have cut the last line off, too; a run may add lines while others read
    return isIntact && hasHead && at >= file.stats.size
  }

  #isOwnHead(json: string): boolean {
    const { path } = this.options
    const { version = VERSION, ...head } = JSON.parse(json) as JournalHead & { version?: number }
    if (version <= VERSION) {
      if (head.btkit !== this.#head.btkit) return false
      this.#head = head
      return true
    }
    this.release()
    const how = 'upgrade btkit or name another with --state-dir'
    throw new BtkitError('io', `state ${path}: a newer btkit wrote it; ${how}`)
  }

  /** Keeps a copy of the damaged file. The next flush replaces the file. */
  #setAside(): void {
    const { path, loss, warn, now, isReadOnly } = this.options
    this.isDamaged = true
    if (isReadOnly === true) {
      warn(`state ${path}: damaged; ${loss}`)
      return
    }
    const aside = `${path}.damaged-${now()}`
    copyFileSync(path, aside, constants.COPYFILE_EXCL)
    this.#isStale = true
    warn(`state ${path}: damaged, kept as ${basename(aside)}; ${loss}`)
  }
}

/**
 * Appends bytes to a file to which other processes may append, too. Returns null, or the error and
 * whether nothing of them is left: a full disk takes a part.
 */
function appendWhole(descriptor: number, bytes: Uint8Array) {
  let written = 0
  try {
    while (written < bytes.length) written += writeSync(descriptor, bytes, written)
    return null
  } catch (error) {
    const start = fstatSync(descriptor).size - written
    const last = Buffer.alloc(written)
    readSync(descriptor, last, 0, written, start)
    const isUndone = isSameBytes(last, bytes.subarray(0, written))
    if (isUndone) ftruncateSync(descriptor, start)
    return { error, isUndone }
  }
}

/**
 * Returns the first line of a file of records; null if there is no file, or it is damaged.
 * @throws BtkitError `io` or `too-large`; system errors unchanged
 */
export function readHead(path: string): Readonly<Record<string, unknown>> | null {
  const file = LineFile.open(path)
  if (file === null) return null
  try {
    const line = file.lineAt(0)
    const found = line && readLine(line)
    if (!line || found?.key !== '') return null
    return JSON.parse(line.toString('utf8', found.valueAt, line.length - TAIL)) as object as Record<
      string,
      unknown
    >
  } finally {
    closeDone(file.descriptor)
  }
}

/** The JSON of a value that was set; null removes it. */
type Change = readonly [key: string, json: string]

/**
 * Bytes that are read at once. Few, because values are not always used in the order of their lines.
 */
const WINDOW = 16 * 1024

/** A file of lines, of which only a few are in memory. */
class LineFile {
  #room: Buffer
  #window: Buffer
  #start = 0

  private constructor(
    readonly descriptor: number,
    /** Its state when it was opened. */
    readonly stats = fstatSync(descriptor),
  ) {
    this.#room = Buffer.allocUnsafe(Math.min(WINDOW, stats.size + 1))
    this.#window = this.#room.subarray(0, 0)
  }

  /** Opens a file; null if it does not exist. */
  static open(path: string): LineFile | null {
    const descriptor = openState(path, constants.O_RDONLY)
    if (descriptor === null) return null
    return orClose(closeDone.bind(null, descriptor), () => {
      const file = new LineFile(descriptor)
      if (file.stats.size <= MAX_SIZE) return file
      throw tooLarge(`state ${path}`, MAX_SIZE)
    })
  }

  /**
   * Returns the bytes from an offset to the next newline, until the next call; null if there is
   * none.
   */
  lineAt(at: number): Buffer | null {
    for (let isEnd = false; ;) {
      const start = at - this.#start
      const end = start < 0 ? -1 : this.#window.indexOf(NEWLINE, start)
      if (end >= 0) return this.#window.subarray(start, end)
      if (isEnd) return null
      // Longer lines need more room
      if (start === 0 && this.#window.length === this.#room.length)
        this.#room = Buffer.allocUnsafeSlow(2 * this.#room.length)
      // A file that grew since it was opened is read like a large one
      if (at >= this.stats.size && this.#room.length < WINDOW)
        this.#room = Buffer.allocUnsafe(WINDOW)
      // A read that fails leaves nothing of the last one
      this.#window = this.#room.subarray(0, 0)
      let [length, got] = [0, -1]
      // Some file systems give less at a time
      for (; got !== 0 && length < this.#room.length; length += got)
        got = readSync(this.descriptor, this.#room, { offset: length, position: at + length })
      isEnd = got === 0
      this.#window = this.#room.subarray(0, length)
      this.#start = at
    }
  }
}

/** The end of a line after the value, with the digits of its checksum. */
const tailOf = (checksum: number) => `,"${checksum.toString(16).padStart(DIGITS, '0')}"]`
const DIGITS = 8
const HEX = '0123456789abcdef'
const START = ',"'.length
const NO_CHECKSUM = ',"00000000"]'
const TAIL = NO_CHECKSUM.length
const [NEWLINE, QUOTE, BACKSLASH, LETTER_N] = [0x0a, 0x22, 0x5c, 0x6e]

/** Returns the line of a value, with its newline. */
export function lineOf(key: string, json: string): Buffer {
  const line = Buffer.from(`[${JSON.stringify(key)},${json}${NO_CHECKSUM}\n`)
  const end = line.length - TAIL - 1
  line.write(tailOf(checksumOf(line, [0, end])), end, 'latin1')
  return line
}

/** Finds the key and the value of a line; null if it is damaged. */
function readLine(line: Buffer) {
  const last = line.length - TAIL
  if (last <= 0 || !hasChecksum(line, last, checksumOf(line, [0, last]))) return null
  let close = '["'.length
  while (line[close] !== QUOTE) close += line[close] === BACKSLASH ? 2 : 1
  const text = line.toString('utf8', '["'.length, close)
  const key = text.includes('\\') ? (JSON.parse(`"${text}"`) as string) : text
  return { key, valueAt: close + '",'.length }
}

/** Whether the end of a line is that of a checksum, as tailOf spells it. */
function hasChecksum(bytes: Uint8Array, last: number, checksum: number): boolean {
  let rest = checksum
  for (let at = TAIL - 1; at >= 0; at--) {
    const isDigit = at >= START && at < START + DIGITS
    const expected = isDigit ? HEX.charCodeAt(rest & 0xf) : NO_CHECKSUM.charCodeAt(at)
    if (bytes[last + at] !== expected) return false
    if (isDigit) rest >>>= 4
  }
  return true
}
