import type { BencodeValue } from '../../../src/metainfo/bencode/value.js'

/** A strict bencode decoder written for shortness, to hold the real one against. */
export function decodeSimply(text: string): BencodeValue {
  const [value, rest] = decodeValue(text)
  if (!/^[ \t\r\n]*$/.test(rest)) throw new Error('trailing bytes')
  return value
}

function decodeValue(text: string): [BencodeValue, string] {
  const integer = /^i(0|-?[1-9]\d*)e/.exec(text)
  if (integer !== null) return [decodeInteger(integer[1]!), text.slice(integer[0].length)]
  if (text.startsWith('l')) return decodeList(text.slice(1))
  if (text.startsWith('d')) return decodeDict(text.slice(1))
  const [string, rest] = decodeString(text)
  return [new Uint8Array(Buffer.from(string, 'latin1')), rest]
}

function decodeInteger(digits: string): number | bigint {
  const value = BigInt(digits)
  if (BigInt.asIntN(64, value) !== value) throw new Error('beyond 64 bits')
  return Number.isSafeInteger(Number(value)) ? Number(value) : value
}

function decodeString(text: string): [string, string] {
  const match = /^(0|[1-9]\d*):/.exec(text)
  if (match === null) throw new Error('no string')
  const start = match[0].length
  const end = start + Number(match[1])
  if (end > text.length) throw new Error('truncated')
  return [text.slice(start, end), text.slice(end)]
}

function decodeList(text: string): [BencodeValue[], string] {
  const values: BencodeValue[] = []
  let rest = text
  while (!rest.startsWith('e')) {
    const [value, after] = decodeValue(rest)
    values.push(value)
    rest = after
  }
  return [values, rest.slice(1)]
}

function decodeDict(text: string): [Map<string, BencodeValue>, string] {
  const dict = new Map<string, BencodeValue>()
  let rest = text
  while (!rest.startsWith('e')) {
    const [key, afterKey] = decodeString(rest)
    const [value, after] = decodeValue(afterKey)
    if (dict.has(key)) throw new Error('duplicate key')
    dict.set(key, value)
    rest = after
  }
  return [dict, rest.slice(1)]
}
