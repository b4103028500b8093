import type { BencodeDict, BencodeValue } from '../bencode/value.js'
import { quoteText } from '../../text/escape.js'
import { metainfoError } from './require-field.js'

/**
 * Checks that all dictionaries of `info` have their keys in byte order. In version 2 that is also
 * the order of the files, so a client must not guess another (BEP 52).
 *
 * @throws BtkitError `metainfo` that names the first key out of place
 */
export function checkKeyOrder(info: BencodeDict): void {
  checkValue(info, ['info'])
}

/**
 * Recurses no deeper than the bencode reader lets values nest. `place` holds the keys above, one
 * array for all.
 */
function checkValue(value: BencodeValue, place: string[]): void {
  if (Array.isArray(value)) for (const item of value) checkValue(item, place)
  if (!(value instanceof Map)) return
  let last: string | null = null
  for (const [key, inner] of value) {
    if (last !== null && key < last) throw disorder({ key, last }, place)
    last = key
    place.push(key)
    checkValue(inner, place)
    place.pop()
  }
}

interface Neighbours {
  readonly key: string
  readonly last: string
}

function disorder({ key, last }: Neighbours, place: readonly string[]) {
  const where = place.map((name) => quoteText(name).slice(1, -1)).join('.')
  const rule = `${quoteText(key)} stands behind ${quoteText(last)}, but version 2 needs byte order`
  return metainfoError(where, rule)
}
