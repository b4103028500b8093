import { digestOf } from '../../bytes.js'

/** Bytes of the digest that shows whether a value was edited. */
const KEY_DIGEST = 6

/** Cached, because all torrents of a run share most values, and digests take time. */
const digestsOfValues = new Map<string, string>()
const MOST_DIGESTS = 1000

/** Returns the digest that shows whether the encoded value of a key was edited. */
export function digestValue(value: Uint8Array): string {
  const text = Buffer.from(value.buffer, value.byteOffset, value.length).toString('latin1')
  const known = digestsOfValues.get(text)
  if (known !== undefined) return known
  const digest = digestOf('sha256', value).toString('base64', 0, KEY_DIGEST)
  if (digestsOfValues.size >= MOST_DIGESTS) digestsOfValues.clear()
  digestsOfValues.set(text, digest)
  return digest
}
