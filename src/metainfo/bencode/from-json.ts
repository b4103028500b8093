import { Buffer } from 'node:buffer'
import { BtkitError } from '../../base/errors.js'
import { dictKey, type BencodeDict, type BencodeValue } from './value.js'

/** The deepest nesting; readers would refuse more. */
const MAX_DEPTH = 32

/** Matches texts, braces and colons. Between texts, a colon only follows a key. */
const TOKENS = /"(?:[^"\\]|\\.)*"|[{}:]/g

/**
 * Converts a JSON text to a bencode value; texts become UTF-8.
 * @throws BtkitError `usage` for text that is not JSON, and for values without a bencode form:
 *   fractions, numbers that JSON does not keep exactly, true, false, null, and a repeated key
 */
export function bencodeFromJson(text: string): BencodeValue {
  const value = convert(parse(text), 0)
  const twice = doubledKey(text, dictKey)
  if (twice !== null) throw refusal(`the key ${JSON.stringify(twice)} is repeated`)
  return value
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw refusal(`not JSON; write a text with its quotes: ${JSON.stringify(text)}`)
  }
}

function convert(value: unknown, depth: number): BencodeValue {
  if (depth > MAX_DEPTH) throw refusal(`nested more than ${MAX_DEPTH} deep`)
  if (typeof value === 'string') return Buffer.from(value)
  if (typeof value === 'number') return requireExact(value)
  if (Array.isArray(value)) return value.map((each) => convert(each, depth + 1))
  if (typeof value === 'object' && value !== null) return convertObject(value, depth)
  throw refusal(`torrents have no ${String(value)}; 1 and 0 stand for yes and no`)
}

function convertObject(object: object, depth: number): BencodeDict {
  return new Map(
    Object.entries(object).map(([key, value]) => [dictKey(key), convert(value, depth + 1)]),
  )
}

function requireExact(value: number): number {
  if (Number.isSafeInteger(value)) return value
  throw refusal('torrents have only whole numbers, here up to 2^53')
}

function refusal(reason: string): BtkitError {
  return new BtkitError('usage', reason)
}

/**
 * Returns the first key that an object in well-formed JSON repeats, after conversion by `keyOf`;
 * null if there is none. JSON.parse would silently use the last one.
 */
function doubledKey(json: string, keyOf: (text: string) => string): string | null {
  const objects: Set<string>[] = []
  let text = ''
  for (const [token] of json.matchAll(TOKENS)) {
    if (token === '{') objects.push(new Set())
    else if (token === '}') objects.pop()
    else if (token === ':') {
      const name = JSON.parse(text) as string
      const keys = objects.at(-1)
      if (keys?.has(keyOf(name))) return name
      keys?.add(keyOf(name))
    } else text = token
  }
  return null
}
