import { Buffer, isUtf8 } from 'node:buffer'

/** Matches most texts: they contain nothing to escape. */
const PRINTABLE_ASCII = /^[ -~]*$/

const SHORT_ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/**
 * Makes text from a stranger safe to print: control characters, escape sequences, bidirectional
 * overrides, line separators, lone surrogates and everything invisible become visible escapes such
 * as `\n`, `\x1b` and `\u{202e}`.
 *
 * All other text stays byte for byte as it is, because scripts parse what is printed. That holds
 * for the backslash too, so the result is safe but can't be turned back.
 */
export function escapeText(text: string): string {
  return PRINTABLE_ASCII.test(text) ? text : escapeHostile(text)
}

/**
 * Escapes control characters, invisible characters, and unpaired surrogates. The expression is
 * local, because V8 takes a millisecond to compile it.
 */
function escapeHostile(text: string): string {
  const hostile = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu
  return text.replace(hostile, escapeCharacter)
}

/** The longest quote of foreign text in a message, in UTF-16 units. */
const LONGEST_QUOTE = 200

/** Quotes foreign text in a message: safe to print, and cut if it is long. */
export function quoteText(text: string): string {
  const isLong = text.length > LONGEST_QUOTE
  return `"${escapeText(text.slice(0, LONGEST_QUOTE))}${isLong ? '…' : ''}"`
}

function escapeCharacter(character: string): string {
  const short = SHORT_ESCAPES[character]
  if (short !== undefined) return short
  const code = character.codePointAt(0) ?? 0
  // A byte that is not UTF-8, as textOfPath has it
  if (code >= 0xdc80 && code <= 0xdcff) return `\\x${(code & 0xff).toString(16)}`
  const digits = code.toString(16)
  return code < 0xa0 ? `\\x${digits.padStart(2, '0')}` : `\\u{${digits}}`
}

/** Converts bytes to text. Bytes that are not valid UTF-8 become `\xNN`. */
export function escapeBadBytes(bytes: Buffer): string {
  return decodeBytes(bytes, (byte) => `\\x${byte.toString(16)}`)
}

/** Converts bytes to text. `ofBad` returns the text for a byte that is not valid UTF-8. */
export function decodeBytes(bytes: Buffer, ofBad: (byte: number) => string): string {
  let text = ''
  for (let at = 0; at < bytes.length;) {
    const length = [1, 2, 3, 4].find((n) => isUtf8(bytes.subarray(at, at + n))) ?? 0
    text += length > 0 ? bytes.toString('utf8', at, at + length) : ofBad(bytes.readUInt8(at))
    at += Math.max(length, 1)
  }
  return text
}

/** Formats a value as one line of JSON that is safe to print. Parsing it gives the same value. */
export function jsonLine(value: unknown): string {
  // Control characters and format characters; the latter are invisible or change the text direction
  const unprintable = /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu
  return `${JSON.stringify(value).replace(unprintable, escape)}\n`
}

function escape(text: string): string {
  return text
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('')
}

/** Cuts long text. The result does not keep the whole text in memory, as `slice` would. */
export function clipText(text: string, most: number): string {
  return text.length <= most ? text : `${Buffer.from(text.slice(0, most)).toString()}…`
}

/** A path as one word of a shell. */
export function inShell(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`
}
