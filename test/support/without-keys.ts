import { readBencode } from '../../src/metainfo/bencode/read.js'

/** The bytes of an encoded dictionary with the entries of some keys cut out. */
export function withoutKeys(bytes: Uint8Array, keys: readonly string[]): string {
  const { spans } = readBencode(bytes, { maxSize: bytes.length, maxDepth: 100 })
  const cuts = keys.flatMap((key) => spans.get(key) ?? [])
  cuts.sort((a, b) => b.start - a.start)
  const text = Buffer.from(bytes).toString('latin1')
  return cuts.reduce((rest, { keyStart, end }) => rest.slice(0, keyStart) + rest.slice(end), text)
}
