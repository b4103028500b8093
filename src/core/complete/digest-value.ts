import { digestOf } from '../../digest.js'

/** Bytes of a digest that tells whether one value was edited. */
const KEY_DIGEST = 6

/** All torrents of a run share most values, and a digest takes a while. */
const digestsOfValues = new Map<string, string>()
const MOST_DIGESTS = 1000

/** What tells whether the encoded value of a key was edited. */
export function digestValue(value: Uint8Array): string {
  const text = Buffer.from(value.buffer, value.byteOffset, value.length).toString('latin1')
  const known = digestsOfValues.get(text)
  if (known !== undefined) return known
  const digest = digestOf('sha256', value).toString('base64', 0, KEY_DIGEST)
  if (digestsOfValues.size >= MOST_DIGESTS) digestsOfValues.clear()
  digestsOfValues.set(text, digest)
  return digest
}
