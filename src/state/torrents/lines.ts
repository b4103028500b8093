import { AFTER_NAME, parseRecord, toAscii } from './record.js'

/** The version of the format. Files of a newer version are not touched. */
export const VERSION = 1

/** Length of a line's prefix: a checksum of eight hexadecimal digits and a space. */
const PREFIX = 9

const NEWLINE = 0x0a

/** The content of a file of lines. */
export interface ScannedLines {
  /** The version in the first line; null if that is damaged or missing. */
  readonly version: number | null
  /** For each torrent, the offset in bytes where its last line continues after the name. */
  readonly places: Map<string, number>
  /** Number of lines that later lines of the same torrent replaced. */
  readonly outdated: number
  /** Number of damaged lines. */
  readonly damaged: number
  /** Bytes up to the end of the last whole line. A kill may leave a partial line after it. */
  readonly length: number
}

/** Returns the first line of a file: its version, and for people the directory it is about. */
export function headLine(target: string): Buffer {
  return frameLine(toAscii(JSON.stringify({ btkit: 'torrents', version: VERSION, target })))
}

/** Returns the line for a JSON text in ASCII: checksum, JSON, newline. */
export function frameLine(json: string): Buffer {
  return frameLines([json])
}

/** Returns the lines for several JSON texts, joined. */
export function frameLines(jsons: readonly string[]): Buffer {
  const lines = Buffer.allocUnsafe(jsons.reduce((sum, json) => sum + framedLength(json), 0))
  const view = viewOf(lines)
  let start = 0
  for (const json of jsons) {
    const end = start + PREFIX + json.length
    lines.write(json, start + PREFIX, 'latin1')
    const sum = checksum(view, start + PREFIX, end).toString(16)
    lines.write(`${sum.padStart(PREFIX - 1, '0')} `, start, 'latin1')
    lines[end] = NEWLINE
    start = end + 1
  }
  return lines
}

/** Returns the length in bytes of the line for a JSON text. */
export function framedLength(json: string): number {
  return PREFIX + json.length + 1
}

/** Scans all lines. A damaged line does not affect the others. */
export function scanLines(bytes: Buffer): ScannedLines {
  const places = new Map<string, number>()
  const view = viewOf(bytes)
  const seen = { version: null as number | null, outdated: 0, damaged: 0 }
  let start = 0
  for (let end; (end = bytes.indexOf(NEWLINE, start)) >= 0; start = end + 1) {
    const known = isIntact(view, start, end) ? readLine(bytes, start + PREFIX, end) : null
    if (known === null) seen.damaged++
    else if ('version' in known) seen.version = known.version
    else {
      if (places.delete(known.name)) seen.outdated++
      if (known.place === null) seen.outdated++
      else places.set(known.name, known.place)
    }
  }
  return { ...seen, places, length: start }
}

/** Returns the whole line that contains `place`, with its newline. */
export function lineAt(bytes: Buffer, place: number): Buffer {
  const start = bytes.lastIndexOf(NEWLINE, place) + 1
  return bytes.subarray(start, bytes.indexOf(NEWLINE, place) + 1)
}

/** Returns the JSON of a line that frameLine made. */
export function unframeLine(line: Buffer): string {
  return line.toString('latin1', PREFIX, line.length - 1)
}

type Line = { readonly name: string; readonly place: number | null } | { readonly version: number }

/** Reads only the name of a line, because most lines are only compared. */
function readLine(bytes: Buffer, start: number, end: number): Line | null {
  const place = bytes.indexOf(NAME_END, start)
  try {
    if (place < 0 || place >= end) return readShortLine(bytes.toString('latin1', start, end))
    const name = bytes.toString('latin1', start + NAME_AT, place - 1)
    return { name: name.includes('\\') ? unescape(name) : name, place }
  } catch {
    return null
  }
}

const NAME_AT = '{"torrent":"'.length
const NAME_END = Buffer.from(AFTER_NAME)

function unescape(text: string): string {
  return JSON.parse(`"${text}"`) as string
}

/** Reads the first line, or one that says that a torrent is no longer btkit's. */
function readShortLine(json: string): Line {
  const { version } = JSON.parse(json) as { version?: unknown }
  return typeof version === 'number' ? { version } : { name: parseRecord(json).name, place: null }
}

function isIntact(view: DataView, start: number, end: number): boolean {
  if (end - start <= PREFIX) return false
  return readHex(view, start) === checksum(view, start + PREFIX, end)
}

/** Reads eight digits. Returns NaN, which equals no checksum, for anything else. */
function readHex(view: DataView, start: number): number {
  let value = 0
  for (let i = start; i < start + PREFIX - 1; i++) {
    const digit = DIGITS.indexOf(String.fromCharCode(view.getUint8(i)))
    value = value * 16 + (digit < 0 ? NaN : digit)
  }
  return value
}

const DIGITS = '0123456789abcdef'

const PRIME = 0x01000193

/**
 * Detects accidental damage, not forgery. FNV-1a with 32 bits, but over four bytes at a time,
 * because each run checks all lines.
 */
function checksum(view: DataView, start: number, end: number): number {
  let hash = 0x811c9dc5
  let at = start
  for (; at + 4 <= end; at += 4) {
    hash = Math.imul(hash ^ view.getInt32(at, true), PRIME)
    hash ^= hash >>> 15
  }
  for (; at < end; at++) hash = Math.imul(hash ^ view.getUint8(at), PRIME)
  return hash >>> 0
}

function viewOf({ buffer, byteOffset, byteLength }: Buffer): DataView {
  return new DataView(buffer, byteOffset, byteLength)
}
