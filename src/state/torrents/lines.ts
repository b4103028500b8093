import { AFTER_NAME, parseRecord, toAscii } from './record.js'

/** The version of the format. What a newer btkit wrote is left alone. */
export const VERSION = 1

/** Hexadecimal digits of the checksum that a line begins with, and a space. */
const PREFIX = 9

const NEWLINE = 0x0a

/** What a file of lines holds. */
export interface ScannedLines {
  /** The version that its first line tells; null when that is damaged or missing. */
  readonly version: number | null
  /** Where in the bytes the last line of each torrent goes on behind the name. */
  readonly places: Map<string, number>
  /** Lines that count no more, as later ones are of the same torrents. */
  readonly outdated: number
  /** Lines that are damaged. */
  readonly damaged: number
  /** Bytes up to the end of the last whole line; a kill may leave part of a line behind that. */
  readonly length: number
}

/** The first line of a file: its version, and for people which directory it is about. */
export function headLine(target: string): Buffer {
  return frameLine(toAscii(JSON.stringify({ btkit: 'torrents', version: VERSION, target })))
}

/** A line of JSON in ASCII with its checksum and its newline, as the file has it. */
export function frameLine(json: string): Buffer {
  return frameLines([json])
}

/** Many of them, one after the other. */
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

/** The bytes of the line of some JSON. */
export function framedLength(json: string): number {
  return PREFIX + json.length + 1
}

/** Reads all lines, each by itself: damage to one leaves the others as they are. */
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

/** The whole line, with its newline, in which a place lies. */
export function lineAt(bytes: Buffer, place: number): Buffer {
  const start = bytes.lastIndexOf(NEWLINE, place) + 1
  return bytes.subarray(start, bytes.indexOf(NEWLINE, place) + 1)
}

/** The JSON of a line that frameLine made. */
export function unframeLine(line: Buffer): string {
  return line.toString('latin1', PREFIX, line.length - 1)
}

type Line = { readonly name: string; readonly place: number | null } | { readonly version: number }

/** Reads no more of a line than its name, as most are only compared. */
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

/** The first line, or one that says that a torrent is no longer btkit's. */
function readShortLine(json: string): Line {
  const { version } = JSON.parse(json) as { version?: unknown }
  return typeof version === 'number' ? { version } : { name: parseRecord(json).name, place: null }
}

function isIntact(view: DataView, start: number, end: number): boolean {
  if (end - start <= PREFIX) return false
  return readHex(view, start) === checksum(view, start + PREFIX, end)
}

/** Eight digits; what is none makes a number that no checksum is. */
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
 * Tells bytes that were damaged by accident, not by intent: FNV-1a of 32 bits, but of four bytes at
 * a time, as all that is known is checked in each run.
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
